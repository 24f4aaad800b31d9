import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";

const REGION = "us-east-1";
const KEY = "local";

/** A client of a local endpoint, which takes any region and any credentials. */
export function createLocalClient(endpoint: string, more: S3ClientConfig = {}): S3Client {
  const credentials = { accessKeyId: KEY, secretAccessKey: KEY };
  return new S3Client({ endpoint, region: REGION, forcePathStyle: true, credentials, ...more });
}

/** What leads the function's own client to a local endpoint, where no runtime gives it region and credentials. */
export function localS3Variables(endpoint: string): Record<string, string> {
  return {
    S3_FORCE_PATH_STYLE: "true",
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: KEY,
    AWS_SECRET_ACCESS_KEY: KEY,
  };
}
