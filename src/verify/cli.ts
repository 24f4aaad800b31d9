import { S3Client } from "@aws-sdk/client-s3";
import { InvalidArgumentError } from "commander";
import { newProgram, printError } from "../command-line.ts";
import { INTERRUPTED, untilEnded } from "../local/command/signals.ts";
import { type Progress, startProgress } from "../progress.ts";
import { awsCloud } from "./aws.ts";
import { Interrupted, Interruption } from "./interruption.ts";
import { renderReport } from "./print.ts";
import { verify } from "./verify.ts";

interface Options {
  readonly stack: string;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly s3EndpointUrl?: string;
  readonly timeout: number;
  readonly bench: number;
  readonly json: boolean;
}

const program = newProgram("verify")
  .description(
    "Tells whether a deployed stack works: uploads the sample images under a prefix of their own, waits for their results, " +
      "sends a broken image and one that is overwritten at once, and looks at metrics, queues, alarms and the live version.",
  )
  .requiredOption("--stack <name>", "the CloudFormation stack")
  .option("--region <name>", "its region (default: as the AWS SDK finds it)")
  .option("--timeout <s>", "longest wait for a result, for metrics and for queues", seconds, 180)
  .option("--bench <n>", "then push so many images, and print speed, latency and cost", count, 0)
  .option("--endpoint-url <url>", "another endpoint of all services, for tests", url)
  .option("--s3-endpoint-url <url>", "another endpoint of S3, for tests", url)
  .option("--json", "print the report as JSON", false)
  .addHelpText(
    "after",
    `
It needs credentials that may describe the stack, its alarms, queues and function, read metrics and logs, and put, read and
delete objects in both buckets. What it uploads, it removes again.

Exit status: 0 all checks hold, 1 one does not or the stack cannot be read, 2 wrong usage, 130 interrupted: Ctrl-C
removes what was uploaded, a second one leaves it.

Example:
  $ npm run verify -- --stack graviton-image-classifier --bench 1000`,
  )
  .action(async (options: Options) => {
    process.exitCode = await run(options);
  });

async function run(options: Options): Promise<number> {
  const { region, endpointUrl, s3EndpointUrl = endpointUrl, timeout, json } = options;
  const common = { ...(region !== undefined && { region }) };
  const cloud = awsCloud({ ...common, ...(endpointUrl !== undefined && { endpoint: endpointUrl }) });
  const s3 = new S3Client({
    ...common,
    ...(s3EndpointUrl !== undefined && { endpoint: s3EndpointUrl, forcePathStyle: true }),
  });
  const interruption = new Interruption();
  void untilEnded().then(() => {
    console.error("Ending, as soon as what is under way is done …");
    interruption.request();
  });
  let progress: Progress | undefined;
  try {
    const report = await verify(cloud, s3, {
      stack: options.stack,
      timeoutMs: timeout * 1000,
      patience: { timeoutMs: timeout * 1000, pollMs: 5000 },
      settleMs: 5000,
      bench: options.bench,
      interruption,
      onStep(step) {
        progress?.stop();
        progress = undefined;
        console.error(`${step} …`);
      },
      onImage(done, total) {
        progress ??= startProgress({ label: "results", total, unit: "images" });
        progress.update(done);
      },
    });
    console.log(json ? JSON.stringify(report) : `\n${renderReport(report)}`);
    return report.checks.every(({ ok }) => ok) && (report.bench?.withoutResult ?? 0) === 0 ? 0 : 1;
  } catch (error) {
    printError(
      endpointUrl !== undefined && error instanceof Error && error.name === "MethodNotAllowed"
        ? `${endpointUrl} is an endpoint of S3 alone; a stack is read from CloudFormation. What \`npm start\` runs is no stack: \`npm start -- photo.jpg\` tells whether it works.`
        : error,
    );
    return error instanceof Interrupted ? INTERRUPTED : 1;
  } finally {
    progress?.stop();
    s3.destroy();
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 3600) return value;
  throw new InvalidArgumentError("It should be a number of seconds up to 3600.");
}

function count(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= 100_000) return value;
  throw new InvalidArgumentError("It should be a whole number from 1 to 100000.");
}

function url(text: string): string {
  if (URL.canParse(text)) return text;
  throw new InvalidArgumentError("It should be a URL.");
}

program.exitOverride((error) => {
  process.exit(error.exitCode === 0 ? 0 : 2);
});
await program.parseAsync();
