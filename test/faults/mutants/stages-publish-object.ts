import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { ClassifierError } from "../../../src/function/errors.ts";
import type { Result } from "../../../src/function/result.ts";
import type * as Publish from "../../../src/function/stages/publish/object.ts";

type Mutant = Pick<typeof Publish, "publishResult">;

/** The result that stands already is somebody else's. */
export function failOnOwnResult({ publishResult }: typeof Publish): Mutant {
  return {
    async publishResult(...args) {
      const published = await publishResult(...args);
      if (published === "unchanged") throw new ClassifierError("PUBLISH_FAILED", "a result is there");
      return published;
    },
  };
}

/** The last to write wins, also over a newer upload's result. */
export function replaceNewerResults({ publishResult }: typeof Publish): Mutant {
  return {
    async publishResult(s3, bucket, result, signal) {
      const published = await publishResult(s3, bucket, result, signal);
      if (published === "superseded") await put(s3, bucket, result);
      return "published";
    },
  };
}

/** A rejection replaces what the same event brought before. */
export function rejectAfterwards({ publishResult }: typeof Publish): Mutant {
  return {
    async publishResult(s3, bucket, result, signal) {
      const published = await publishResult(s3, bucket, result, signal);
      if (published === "kept") await put(s3, bucket, result);
      return published;
    },
  };
}

/** Nobody looks what stands there. */
export function publishWithoutConditions(_: typeof Publish): Mutant {
  return {
    async publishResult(s3, bucket, result) {
      await put(s3, bucket, result);
      return "published";
    },
  };
}

/** One's own result is written once more. */
export function publishAgain({ publishResult }: typeof Publish): Mutant {
  return {
    async publishResult(s3, bucket, result, signal) {
      const published = await publishResult(s3, bucket, result, signal);
      if (published === "unchanged") await put(s3, bucket, result);
      return published;
    },
  };
}

/** The answer is given while the result is on its way. */
export function answerBeforePublishing({ publishResult }: typeof Publish): Mutant {
  return {
    async publishResult(...args) {
      publishResult(...args).catch(() => {});
      return "published";
    },
  };
}

/** What S3 refuses counts as written. */
export function believeEveryWrite({ publishResult }: typeof Publish): Mutant {
  return {
    async publishResult(...args) {
      return publishResult(...args).catch(() => "published" as const);
    },
  };
}

async function put(s3: S3Client, Bucket: string, result: Result): Promise<void> {
  const Body = `${JSON.stringify(result, undefined, 2)}\n`;
  await s3.send(new PutObjectCommand({ Bucket, Key: `${result.source.key}.json`, Body }));
}
