import { Readable } from "node:stream";
import { GetObjectCommand, HeadObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { ClassifierError } from "../../../src/function/errors.ts";
import type * as Fetch from "../../../src/function/stages/fetch.ts";

/** Only the first piece of a body is kept; the rest stays as it was. */
export function keepFirstChunk({ readObject }: typeof Fetch): Pick<typeof Fetch, "readObject"> {
  return {
    async readObject(object, take, options) {
      const chunks: Buffer[] = [];
      for await (const chunk of object.body as AsyncIterable<Buffer>) chunks.push(chunk);
      const [first = Buffer.alloc(0), ...others] = chunks;
      const body = Readable.from([first, ...others.map(({ length }) => Buffer.alloc(length))]);
      return readObject({ ...object, body }, take, options);
    },
  };
}

/** S3's first word that an object is gone or another one is taken for granted. */
export function believeTheFirstAnswer({ openObject }: typeof Fetch): Pick<typeof Fetch, "openObject"> {
  return { openObject: (s3, ...args) => openObject(believingTheFirst(s3), ...args) };
}

/** A client that is told again what it was told before when it asks a second time. */
export function believingTheFirst(s3: S3Client): S3Client {
  let said: unknown;
  return standIn(s3, async (command, send) => {
    if (command instanceof HeadObjectCommand) throw said;
    try {
      return await send();
    } catch (error) {
      said = error;
      throw error;
    }
  });
}

/** Whatever arrives is what the event is about. */
export function believeEveryETag({ openObject }: typeof Fetch): Pick<typeof Fetch, "openObject"> {
  return {
    openObject(s3, ref, options) {
      const credulous = standIn(s3, async (command, send) => {
        const answer = await send();
        if (!(command instanceof GetObjectCommand) || ref.eTag === undefined) return answer;
        return { ...(answer as object), ETag: `"${ref.eTag}"` };
      });
      return openObject(credulous, ref, options);
    },
  };
}

/** As long as S3 says it is. */
export function believeEverySize({ openObject }: typeof Fetch): Pick<typeof Fetch, "openObject"> {
  return { openObject: (s3, { sizeBytes: _, ...ref }, options) => openObject(s3, ref, options) };
}

/** An object that is not there may come yet. */
export function waitForWhatIsGone({ openObject }: typeof Fetch): Pick<typeof Fetch, "openObject"> {
  return {
    async openObject(...args) {
      try {
        return await openObject(...args);
      } catch (error) {
        if (!(error instanceof ClassifierError) || error.code !== "OBJECT_NOT_FOUND") throw error;
        throw new ClassifierError("FETCH_FAILED", error.message, error);
      }
    },
  };
}

function standIn(
  s3: S3Client,
  answer: (command: unknown, send: () => Promise<unknown>) => Promise<unknown>,
): S3Client {
  const send = (command: Parameters<S3Client["send"]>[0], options: object) =>
    answer(command, () => s3.send(command, options));
  return { send } as unknown as S3Client;
}
