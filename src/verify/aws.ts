import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
} from "@aws-sdk/client-cloudformation";
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricStatisticsCommand,
} from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient, paginateFilterLogEvents } from "@aws-sdk/client-cloudwatch-logs";
import {
  GetAliasCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  paginateListVersionsByFunction,
} from "@aws-sdk/client-lambda";
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import { NAMESPACE } from "../function/metrics.ts";
import type { Cloud } from "./cloud.ts";

/** `DescribeAlarms` takes so many names at once. */
const ALARMS_PER_CALL = 100;

/** The real services, with the credentials that the AWS SDK finds. */
export function awsCloud(options: { readonly region?: string; readonly endpoint?: string }): Cloud {
  const cloudFormation = new CloudFormationClient(options);
  const cloudWatch = new CloudWatchClient(options);
  const logs = new CloudWatchLogsClient(options);
  const lambda = new LambdaClient(options);
  const sqs = new SQSClient(options);
  return {
    async describeStack(name) {
      const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
      const [stack] = Stacks;
      const alarmNames: string[] = [];
      for await (const page of paginateListStackResources({ client: cloudFormation }, { StackName: name })) {
        for (const { ResourceType, PhysicalResourceId } of page.StackResourceSummaries ?? []) {
          if (ResourceType === "AWS::CloudWatch::Alarm" && PhysicalResourceId !== undefined)
            alarmNames.push(PhysicalResourceId);
        }
      }
      return {
        outputs: record(stack?.Outputs, ({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
        parameters: record(stack?.Parameters, ({ ParameterKey, ParameterValue }) => [
          ParameterKey,
          ParameterValue,
        ]),
        alarmNames,
      };
    },
    async alarms(names) {
      const found = [];
      for (let at = 0; at < names.length; at += ALARMS_PER_CALL) {
        const AlarmNames = names.slice(at, at + ALARMS_PER_CALL);
        const { MetricAlarms = [] } = await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames }));
        found.push(...MetricAlarms);
      }
      return found.map(({ AlarmName = "", StateValue = "", StateReason = "" }) => ({
        name: AlarmName,
        state: StateValue,
        reason: StateReason,
      }));
    },
    async countMessages(queueUrl) {
      const names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
      const { Attributes = {} } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...names] }),
      );
      return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
    },
    async queueUrl(queueArn) {
      const [, , , , account, name] = queueArn.split(":");
      const { QueueUrl = "" } = await sqs.send(
        new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account }),
      );
      return QueueUrl;
    },
    async functionState(aliasArn) {
      const [FunctionName, Name] = aliasArn.split(":").slice(6);
      const alias = await lambda.send(new GetAliasCommand({ FunctionName, Name }));
      const versions: number[] = [];
      for await (const page of paginateListVersionsByFunction({ client: lambda }, { FunctionName })) {
        for (const { Version } of page.Versions ?? [])
          if (Version !== "$LATEST") versions.push(Number(Version));
      }
      const liveVersion = alias.FunctionVersion ?? "";
      const live = await lambda.send(
        new GetFunctionConfigurationCommand({ FunctionName, Qualifier: liveVersion }),
      );
      return {
        liveVersion,
        otherVersions: Object.keys(alias.RoutingConfig?.AdditionalVersionWeights ?? {}),
        newestVersion: String(Math.max(0, ...versions)),
        memoryMb: live.MemorySize ?? 0,
        environment: live.Environment?.Variables ?? {},
      };
    },
    async sumMetric({ name, dimensions }, since) {
      const { Datapoints = [] } = await cloudWatch.send(
        new GetMetricStatisticsCommand({
          Namespace: NAMESPACE,
          MetricName: name,
          Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
          StartTime: new Date(Math.floor(since.getTime() / 60_000) * 60_000),
          EndTime: new Date(Date.now() + 60_000),
          Period: 60,
          Statistics: ["Sum"],
        }),
      );
      return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
    },
    async billedDurations(logGroup, since) {
      const durations: number[] = [];
      const request = {
        logGroupName: logGroup,
        startTime: since.getTime(),
        filterPattern: '{ $.type = "platform.report" }',
      };
      for await (const page of paginateFilterLogEvents({ client: logs }, request)) {
        for (const { message = "" } of page.events ?? []) durations.push(billedDuration(message));
      }
      return durations;
    },
  };
}

/** Of a line that Lambda writes after an invocation, in its JSON format. */
function billedDuration(message: string): number {
  const { record } = JSON.parse(message) as { record: { metrics: { billedDurationMs: number } } };
  return record.metrics.billedDurationMs;
}

function record<T>(
  items: readonly T[] | undefined,
  entry: (item: T) => readonly [string | undefined, string | undefined],
): Record<string, string> {
  return Object.fromEntries(
    (items ?? []).map(entry).flatMap(([name, value]) => (name === undefined ? [] : [[name, value ?? ""]])),
  );
}
