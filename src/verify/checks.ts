import { setTimeout as sleep } from "node:timers/promises";
import { DIMENSIONS } from "../function/metrics.ts";
import { type Answer, type Target, type Upload, upload, waitForResult } from "./classify.ts";
import type { Cloud } from "./cloud.ts";
import type { Deployment } from "./deployment.ts";
import type { Interruption } from "./interruption.ts";
import { readResult } from "./results.ts";

/** Something that must hold of a deployed stack, and whether it does. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** How often and how long metrics and queues, which lag behind, are asked again. */
export interface Patience {
  readonly timeoutMs: number;
  readonly pollMs: number;
  readonly interruption: Interruption;
}

/** The alias serves the newest version, all of its traffic, and that has the model of the stack's parameters. */
export async function checkVersion(cloud: Cloud, { aliasArn, modelName }: Deployment): Promise<Check> {
  const { liveVersion, otherVersions, newestVersion, environment } = await cloud.functionState(aliasArn);
  const model = environment.MODEL_DIR?.split("/").at(-1);
  const problems = [
    ...(liveVersion === newestVersion ? [] : [`${newestVersion} is the newest, but live is ${liveVersion}`]),
    ...(otherVersions.length === 0
      ? []
      : [`${otherVersions.join(", ")} gets traffic too: a deployment is not over`]),
    ...(model === modelName ? [] : [`its model is ${model}, but the stack's ModelName is ${modelName}`]),
  ];
  return check("version", problems, `live is ${liveVersion}, the newest, with ${model}`);
}

export async function checkAlarms(cloud: Cloud, { alarmNames }: Deployment): Promise<Check> {
  const alarms = await cloud.alarms(alarmNames);
  const red = alarms.filter(({ state }) => state === "ALARM");
  const missing = alarmNames.filter((name) => !alarms.some((alarm) => alarm.name === name));
  const problems = [
    ...red.map(({ name, reason }) => `${name}: ${reason}`),
    ...missing.map((name) => `${name} is in the stack and not in CloudWatch`),
    ...(alarmNames.length === 0 ? ["the stack has no alarms"] : []),
  ];
  return check("alarms", problems, `${alarms.length}, none in alarm`);
}

/** Nothing given up, and nothing of this check left behind to be tried alone. */
export async function checkQueues(cloud: Cloud, deployment: Deployment, patience: Patience): Promise<Check> {
  const { deadLetterQueueUrl, isolationQueueUrl } = deployment;
  const count = async () => ({
    dead: await cloud.countMessages(deadLetterQueueUrl),
    isolated: await cloud.countMessages(isolationQueueUrl),
  });
  const { dead, isolated } = await until(count, (counts) => counts.dead + counts.isolated === 0, patience);
  const problems = [
    ...(dead === 0 ? [] : [`${dead} dead letters (docs/operations.md)`]),
    ...(isolated === 0 ? [] : [`${isolated} uploads are tried alone`]),
  ];
  return check("queues", problems, "no dead letters, nothing isolated");
}

/** The function's own metrics have reached CloudWatch under the dimensions of the dashboard. */
export async function checkMetrics(
  cloud: Cloud,
  { serviceName, modelName }: Deployment,
  expected: number,
  since: Date,
  patience: Patience,
): Promise<Check> {
  const [service, model] = DIMENSIONS;
  const metric = { name: "ImagesClassified", dimensions: { [service]: serviceName, [model]: modelName } };
  const sum = await until(
    () => cloud.sumMetric(metric, since),
    (value) => value >= expected,
    patience,
  );
  const problems = [
    ...(expected === 0 ? ["no image was classified, so that there is nothing to look for"] : []),
    ...(sum >= expected ? [] : [`expected at least ${expected} classified images, CloudWatch has ${sum}`]),
  ];
  return check("metrics", problems, `${sum} classified images`);
}

/**
 * The images of the project, each with the label that its name begins with where the model has these labels.
 *
 * @param logGroup where to look for the reason when there is no result at all
 */
export function checkImages(answers: readonly Answer[], labelled: boolean, logGroup: string): Check {
  if (answers.every(({ document }) => document === undefined))
    return check(
      "images",
      [`none of ${answers.length} has a result in time; the function's log is ${logGroup}`],
      "",
    );
  const problems = answers.flatMap(({ name, document }) => {
    if (document === undefined) return [`${name}: no result in time`];
    if (document.status !== "classified") return [`${name}: ${document.status} as ${document.error?.code}`];
    const label = document.predictions?.[0]?.label;
    return !labelled || label === expectedLabel(name) ? [] : [`${name}: ${label}`];
  });
  return check("images", problems, `${answers.length} classified${labelled ? " as expected" : ""}`);
}

export function expectedLabel(name: string): string {
  return name.replace(/-\d+\.\w+$/, "");
}

/** A file that is no image gets a result that says so. */
export function checkBroken({ document }: Answer): Check {
  const isRejected = document?.status === "rejected";
  const got =
    document === undefined ? "no result in time" : `${document.status} ${document.error?.code ?? ""}`;
  return check("broken image", isRejected ? [] : [`expected it to be rejected, got ${got}`], got);
}

/** Of two uploads of one key, right after each other, the second has the result, and keeps it. */
export async function checkOverwritten(
  target: Target,
  first: Upload,
  second: Upload,
  settleMs: number,
): Promise<Check> {
  await upload(target, first.key, first.body);
  const eTag = await upload(target, second.key, second.body);
  const document = await waitForResult(target, second.key, eTag);
  await sleep(settleMs);
  const settled = await readResult(target, second.key);
  const problems =
    document === undefined
      ? ["no result of the second upload in time"]
      : settled?.source?.eTag === eTag
        ? []
        : ["the result of the second upload was replaced by an older one"];
  return check("overwritten image", problems, "has the result of its newest bytes");
}

async function until<T>(
  get: () => Promise<T>,
  isEnough: (value: T) => boolean,
  patience: Patience,
): Promise<T> {
  const end = performance.now() + patience.timeoutMs;
  for (;;) {
    const value = await get();
    if (isEnough(value) || patience.interruption.isOver(end)) return value;
    await sleep(patience.pollMs);
  }
}

function check(name: string, problems: readonly string[], good: string): Check {
  return { name, ok: problems.length === 0, detail: problems.length === 0 ? good : problems.join("; ") };
}
