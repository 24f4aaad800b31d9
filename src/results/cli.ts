import { type Command, InvalidArgumentError, Option } from "commander";
import { newProgram, printError } from "../command-line.ts";
import { RESULTS_AS } from "../function/config.ts";
import type { Result } from "../function/result.ts";
import { countDays, type Filter, isWanted } from "./filter.ts";
import { type OpenPlace, openPlace, type WhereOptions } from "./open.ts";
import { csv, dayCsv, dayTable, jsonLines, resultTable } from "./print.ts";
import { type Period, type Place, readResultOf, readResults } from "./read.ts";

type ListOptions = WhereOptions & Filter & Period & { readonly csv?: boolean; readonly jsonl?: boolean };

const program = newProgram("results")
  .description(
    "Reads results again: from `npm start`'s data, or from a bucket on AWS, whatever the way (ResultsAs).",
  )
  .option("--stack <name>", "a deployed stack: its buckets and its way")
  .option("--region <name>", "its region (default: as the AWS SDK finds it)")
  .addOption(
    new Option(
      "--as <way>",
      "where results are (default: as the stack, or the last `npm start`, put them)",
    ).choices(RESULTS_AS),
  )
  .option("--uploads-bucket <name>", "bucket of the uploads, for annotations")
  .option("--results-bucket <name>", "bucket of the results, for objects and lines")
  .option("--annotation <name>", "name of the annotation", "classification")
  .option("--endpoint-url <url>", "another S3 endpoint")
  .option("--data <dir>", "data folder of `npm start`, where nothing else is given", ".data")
  .addHelpText(
    "after",
    `
Exit status: 0 done, 1 no result of that key or nothing could be read, 2 wrong usage.

Examples:
  $ npm run results -- show holiday/photo.jpg
  $ npm run results -- list --label document --min-score 0.9 --since 2026-11-01 --csv
  $ npm run results -- days --stack graviton-image-classifier`,
  );

program
  .command("show <key>")
  .description("the newest result of one key, as JSON")
  .action((key: string) =>
    withPlace(async ({ s3, place }) => {
      const result = await readResultOf(s3, place, key);
      if (result === undefined) throw new Error(`no result of ${key} in ${describePlace(place)}`);
      write(`${JSON.stringify(result, undefined, 2)}\n`);
    }),
  );

filtered(program.command("list").description("the newest result of each key, oldest first")).action(
  (own: ListOptions) =>
    withPlace(async (opened) => {
      const results = await collect(opened, own);
      if (results.length === 0) console.error(`no results in ${describePlace(opened.place)}`);
      write(own.csv ? csv(results) : own.jsonl ? jsonLines(results) : resultTable(results));
    }),
);

filtered(program.command("days").description("how many images each label and code had on each day")).action(
  (own: ListOptions) =>
    withPlace(async (opened) => {
      const counts = countDays(await collect(opened, own));
      write(own.csv ? dayCsv(counts) : own.jsonl ? jsonLines(counts) : dayTable(counts));
    }),
);

function filtered(command: Command): Command {
  return command
    .option("--label <label>", "best label")
    .option("--min-score <score>", "least score of the best label", score)
    .option("--max-score <score>", "greatest score of the best label", score)
    .addOption(new Option("--status <status>", "how it ended").choices(["classified", "rejected"]))
    .option("--prefix <text>", "begin of the key")
    .option("--since <time>", "classified at that time or later: 2026-11-26, 2026-11-26T09:00Z", time)
    .option("--until <time>", "classified before that time", time)
    .addOption(new Option("--csv", "comma-separated values").conflicts("jsonl"))
    .option("--jsonl", "one JSON object per line");
}

async function collect({ s3, place }: OpenPlace, options: ListOptions): Promise<Result[]> {
  const results: Result[] = [];
  for await (const result of readResults(s3, place, options)) {
    if (isWanted(result, options)) results.push(result);
    if (results.length % 1000 === 999 && process.stderr.isTTY)
      process.stderr.write(`\r${results.length} read`);
  }
  if (results.length >= 999 && process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  return results.sort((a, b) => (a.classifiedAt < b.classifiedAt ? -1 : 1));
}

/** `results (object)` */
function describePlace({ as, uploadsBucket, resultsBucket }: Place): string {
  return `${as === "annotation" ? uploadsBucket : resultsBucket} (${as})`;
}

async function withPlace(work: (opened: OpenPlace) => Promise<void>): Promise<void> {
  const opened = await openPlace(program.opts<WhereOptions>());
  try {
    await work(opened);
  } finally {
    await opened.close();
  }
}

function write(text: string): void {
  process.stdout.write(text);
}

function score(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError("It should be a number from 0 to 1.");
}

function time(text: string): string {
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new InvalidArgumentError("It should be a date or a time, such as 2026-11-26 or 2026-11-26T09:00Z.");
}

await program.parseAsync().catch(printError);
