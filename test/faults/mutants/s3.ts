import type * as S3 from "../../../src/function/s3.ts";

type Mutant = Pick<typeof S3, "createS3Client">;

/** Bodies are taken as they come. */
export function checkNothing({ createS3Client }: typeof S3): Mutant {
  return {
    createS3Client(config) {
      const client = createS3Client(config);
      client.config.responseChecksumValidation = async () => "WHEN_REQUIRED";
      return client;
    },
  };
}
