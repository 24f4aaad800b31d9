import { CopyObjectCommand, DeleteObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import type { Fault as S3Fault } from "../s3/fault.ts";
import type { LocalStack } from "../stack.ts";
import { RESULTS_BUCKET, UPLOADS_BUCKET } from "../stack-events.ts";
import { ActionError } from "./action-error.ts";
import type { Actions, Fault } from "./api.ts";
import { removeCorrection, storeCorrection } from "./corrections.ts";
import type { DashboardFeed } from "./dashboard-feed.ts";
import { fetchImage } from "./fetch-image.ts";
import { createLimit } from "./limit.ts";
import type { Pictures } from "./pictures.ts";
import type { RuntimeFeed } from "./runtime-feed.ts";

/** More environments than this only wait for each other on one machine. */
export const MAX_CONCURRENCY = 64;
const SLOW_MS = 2_000;
const COPIES_AT_ONCE = 8;

export interface ActionContext {
  readonly stack: LocalStack;
  readonly models: ReadonlyMap<string, string>;
  readonly pictures: Pictures;
  readonly runtime: RuntimeFeed;
  readonly dashboard: DashboardFeed;
}

/** What each button of the page does. */
export function createActions(context: ActionContext): {
  readonly [Name in keyof Actions]: (body: Actions[Name]) => Promise<void> | void;
} {
  const { stack, models, pictures, runtime, dashboard } = context;
  return {
    fault({ fault }) {
      stack.setFault(s3Fault(fault));
      runtime.fault = fault;
      runtime.changed();
    },
    kill({ id }) {
      const alive = stack.environments().filter(({ state }) => state !== "dead");
      const victim = id ?? (alive.find(({ state }) => state === "busy") ?? alive[0])?.id;
      if (victim === undefined || !stack.killEnvironment(victim)) {
        throw new ActionError("no environment is alive; the next upload starts one");
      }
    },
    redrive() {
      if (stack.redrive() === 0) throw new ActionError("the dead-letter queue is empty");
      runtime.changed();
    },
    model({ name }) {
      const dir = models.get(name);
      if (dir === undefined) throw new ActionError(`there is no model ${name} in models/`);
      stack.setModel(dir);
      dashboard.setModel(name);
      runtime.changed();
    },
    concurrency({ count }) {
      stack.setConcurrency(count);
      runtime.changed();
    },
    async rerun({ keys = pictures.keys() }) {
      const limit = createLimit(COPIES_AT_ONCE);
      pictures.expectAgain(keys);
      await Promise.all(keys.map((key) => limit(() => copyOntoItself(stack, key))));
    },
    async delete({ keys }) {
      const limit = createLimit(COPIES_AT_ONCE);
      await Promise.all(keys.map((key) => limit(() => removeUpload(stack, key))));
    },
    async correct({ key, label }) {
      const picture = pictures.get(key);
      if (picture?.label === undefined) throw new ActionError(`${key} has no label that could be put right`);
      const { eTag, label: predicted, score = 0, model: name = "" } = picture;
      if (label === null) await removeCorrection(stack.client, key);
      else
        await storeCorrection(stack.client, {
          schemaVersion: 1,
          key,
          eTag,
          label,
          predicted: { label: predicted, score, model: name },
          correctedAt: new Date().toISOString(),
        });
      pictures.correct(key, label ?? undefined);
    },
    fetch({ url }) {
      return fetchImage(stack.client, url);
    },
    clock({ speed }) {
      dashboard.setSpeed(speed);
    },
  };
}

/** Only what the function reads breaks, so that one can go on uploading meanwhile. */
function s3Fault(fault: Fault): S3Fault | undefined {
  const uploads = {
    operations: ["GetObject"] as const,
    matches: (bucket: string) => bucket === UPLOADS_BUCKET,
  };
  switch (fault) {
    case "none":
      return undefined;
    case "unavailable":
      return { ...uploads, kind: "status", status: 503, code: "ServiceUnavailable" };
    case "slow":
      return { ...uploads, kind: "delay", ms: SLOW_MS };
  }
}

async function removeUpload({ client }: LocalStack, key: string): Promise<void> {
  await client.send(new DeleteObjectCommand({ Bucket: UPLOADS_BUCKET, Key: key }));
  await client.send(new DeleteObjectCommand({ Bucket: RESULTS_BUCKET, Key: `${key}.json` }));
  await removeCorrection(client, key);
}

/** A copy onto itself is a new upload to S3: notification, queue and function follow. */
async function copyOntoItself({ client }: LocalStack, key: string): Promise<void> {
  const { ContentType } = await client.send(new HeadObjectCommand({ Bucket: UPLOADS_BUCKET, Key: key }));
  await client.send(
    new CopyObjectCommand({
      Bucket: UPLOADS_BUCKET,
      Key: key,
      CopySource: `${UPLOADS_BUCKET}/${key.split("/").map(encodeURIComponent).join("/")}`,
      // S3 refuses a copy onto itself that changes nothing.
      MetadataDirective: "REPLACE",
      ContentType,
    }),
  );
}
