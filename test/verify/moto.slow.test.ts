// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation fills these in
import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CloudFormationClient, CreateStackCommand } from "@aws-sdk/client-cloudformation";
import {
  CloudWatchClient,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateAliasCommand, LambdaClient, PublishVersionCommand } from "@aws-sdk/client-lambda";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { NAMESPACE } from "../../src/function/metrics.ts";
import type { LocalStack } from "../../src/local/stack.ts";
import { RESULTS_BUCKET, UPLOADS_BUCKET } from "../../src/local/stack-events.ts";
import { PROJECT_DIR } from "../../src/local/template.ts";
import { awsCloud } from "../../src/verify/aws.ts";
import type { Report } from "../../src/verify/verify.ts";
import { MODEL, OUTPUTS, startLocalStack } from "./stack.ts";

const skip =
  spawnSync("moto_server", ["--help"]).status === 0
    ? false
    : "moto_server, which stands for AWS here, is not installed";
const STACK = "classifier";

/** What `template.yaml` makes, as far as moto makes it: queues, alarms, a function with version and alias. */
const TEMPLATE = {
  Parameters: {
    ServiceName: { Type: "String", Default: "graviton-image-classifier" },
    ModelName: { Type: "String", Default: MODEL },
  },
  Resources: {
    DeadLetters: { Type: "AWS::SQS::Queue", Properties: { QueueName: "dead" } },
    Isolation: { Type: "AWS::SQS::Queue", Properties: { QueueName: "isolation" } },
    Logs: { Type: "AWS::Logs::LogGroup", Properties: { LogGroupName: "classifier-logs" } },
    Role: {
      Type: "AWS::IAM::Role",
      Properties: { AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [] } },
    },
    Function: {
      Type: "AWS::Lambda::Function",
      Properties: {
        FunctionName: "classifier",
        Handler: "handler.handler",
        Runtime: "nodejs20.x",
        MemorySize: 1769,
        Role: { "Fn::GetAtt": ["Role", "Arn"] },
        Environment: { Variables: { MODEL_DIR: `/opt/model/${MODEL}` } },
        Code: { ZipFile: "exports.handler = async () => {};" },
      },
    },
  },
  Outputs: {
    UploadsBucketName: { Value: OUTPUTS.UploadsBucketName },
    ResultsBucketName: { Value: OUTPUTS.ResultsBucketName },
    FunctionAlias: { Value: { "Fn::Sub": "${Function.Arn}:live" } },
    LogGroupName: { Value: { Ref: "Logs" } },
    IsolationQueueUrl: { Value: { Ref: "Isolation" } },
    DeadLetterQueueArn: { Value: { "Fn::GetAtt": ["DeadLetters", "Arn"] } },
  },
};

async function startMoto(t: TestContext): Promise<string> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  const moto = spawn("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  t.after(async () => {
    const ended = once(moto, "exit");
    moto.kill();
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (
      await fetch(`${url}/moto-api/`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return url;
    await sleep(100);
  }
}

/** What CloudWatch makes of the function's output: metrics from EMF lines, log events from the rest. */
function forwardOutput(stack: LocalStack, options: object): void {
  const cloudWatch = new CloudWatchClient(options);
  const logs = new CloudWatchLogsClient(options);
  const where = { logGroupName: "classifier-logs", logStreamName: "all" };
  const stream = logs.send(new CreateLogStreamCommand(where));
  stack.events.on("emf", ({ document }) => {
    const Dimensions = ["service", "model"].map((Name) => ({ Name, Value: String(document[Name]) }));
    const values = [document.ImagesClassified ?? 0].flat() as number[];
    const Value = values.reduce((sum, value) => sum + value, 0);
    void cloudWatch.send(
      new PutMetricDataCommand({
        Namespace: NAMESPACE,
        MetricData: [{ MetricName: "ImagesClassified", Dimensions, Value, Timestamp: new Date() }],
      }),
    );
  });
  stack.events.on("invocation", ({ billedDurationMs }) => {
    const message = JSON.stringify({ type: "platform.report", record: { metrics: { billedDurationMs } } });
    void stream.then(() =>
      logs.send(new PutLogEventsCommand({ ...where, logEvents: [{ timestamp: Date.now(), message }] })),
    );
  });
}

test("the command finds a stack at AWS's own interfaces, and sees what works and what does not", {
  skip,
  timeout: 300_000,
}, async (t) => {
  const [endpoint, stack] = [await startMoto(t), await startLocalStack(t)];
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const options = { endpoint, region: "eu-central-1", credentials };
  await new CloudFormationClient(options).send(
    new CreateStackCommand({ StackName: STACK, TemplateBody: JSON.stringify(TEMPLATE) }),
  );
  // Which moto does not make from a template.
  const lambda = new LambdaClient(options);
  const FunctionName = "classifier";
  const { Version: FunctionVersion } = await lambda.send(new PublishVersionCommand({ FunctionName }));
  await lambda.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion }));
  forwardOutput(stack, options);
  const cli = join(PROJECT_DIR, "src/verify/cli.ts");
  const args = [cli, "--stack", STACK, "--endpoint-url", endpoint, "--s3-endpoint-url", stack.s3Url];
  const env = {
    PATH: process.env.PATH,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  };
  const verify = (...more: string[]) =>
    new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, [...args, ...more], { env }, (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  const { status, stdout, stderr } = await verify("--json", "--bench", "20", "--timeout", "60");
  const { checks, bench } = JSON.parse(stdout) as Report;
  // moto makes no alarms from a template: this one check has to fail, and with it the command.
  assert.deepEqual(
    checks.filter(({ ok }) => !ok).map(({ name, detail }) => [name, detail]),
    [["alarms", "the stack has no alarms"]],
    stderr,
  );
  assert.equal(status, 1);
  assert.ok(bench !== undefined && bench.invocations > 0 && bench.billedMs > 0 && bench.withoutResult === 0);

  const cloudWatch = new CloudWatchClient(options);
  for (const [AlarmName, StateValue] of [
    ["quiet", "OK"],
    ["red", "ALARM"],
  ] as const) {
    await cloudWatch.send(
      new PutMetricAlarmCommand({
        AlarmName,
        Namespace: "AWS/SQS",
        MetricName: "ApproximateNumberOfMessagesVisible",
        ComparisonOperator: "GreaterThanThreshold",
        EvaluationPeriods: 1,
        Period: 60,
        Statistic: "Maximum",
        Threshold: 0,
      }),
    );
    await cloudWatch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: "1 > 0" }));
  }
  const alarms = await awsCloud(options).alarms(["quiet", "red", "missing"]);
  assert.deepEqual(alarms.map(({ name, state }) => [name, state]).sort(), [
    ["quiet", "OK"],
    ["red", "ALARM"],
  ]);

  const interrupted = spawn(process.execPath, [...args, "--bench", "5000"], { env });
  interrupted.stderr.on("data", (text) => /pushing/.test(String(text)) && interrupted.kill("SIGINT"));
  assert.deepEqual(await once(interrupted, "close"), [130, null]);
  for (const Bucket of [UPLOADS_BUCKET, RESULTS_BUCKET])
    assert.equal((await stack.client.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0);

  const none = await verify("--stack", "absent");
  assert.equal(none.status, 1);
  assert.match(none.stderr, /absent/);
});
