import { join, resolve } from "node:path";
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { S3Client } from "@aws-sdk/client-s3";
import { RESULTS_AS, type ResultsAs } from "../function/config.ts";
import { type Claim, claimDataDir, DataDirInUse, lastResultsAs } from "../local/data-dir.ts";
import { startS3 } from "../local/s3/server.ts";
import { RESULTS_BUCKET, UPLOADS_BUCKET } from "../local/stack-events.ts";
import type { Place } from "./read.ts";

export interface WhereOptions {
  readonly stack?: string;
  readonly region?: string;
  readonly as?: ResultsAs;
  readonly uploadsBucket?: string;
  readonly resultsBucket?: string;
  readonly annotation: string;
  readonly endpointUrl?: string;
  readonly data: string;
}

export interface OpenPlace {
  readonly s3: S3Client;
  readonly place: Place;
  close(): Promise<void>;
}

/**
 * On AWS with a stack or a bucket, at an endpoint where one is given; else in the data folder of `npm start`, by its
 * endpoint while it runs.
 */
export async function openPlace(options: WhereOptions): Promise<OpenPlace> {
  const { stack, endpointUrl, region } = options;
  if (stack !== undefined) return connect(options, await readStack(stack, options));
  if (endpointUrl !== undefined) return connect(options, {});
  if (options.uploadsBucket !== undefined || options.resultsBucket !== undefined) return connect(options, {});
  const dataDir = resolve(options.data);
  const as = lastResultsAs(dataDir);
  const found = as === undefined ? {} : { as };
  let claim: Claim;
  try {
    claim = claimDataDir(dataDir);
  } catch (error) {
    if (!(error instanceof DataDirInUse) || error.s3Url === undefined) throw error;
    return connect({ ...options, endpointUrl: error.s3Url }, found);
  }
  const server = await startS3({
    dataDir: join(dataDir, "s3"),
    buckets: [UPLOADS_BUCKET, RESULTS_BUCKET],
    ...(region !== undefined && { region }),
  });
  const opened = connect({ ...options, endpointUrl: server.url }, found);
  return {
    ...opened,
    async close() {
      await opened.close();
      await server.close();
      claim.release();
    },
  };
}

function connect(options: WhereOptions, found: Partial<Place>): OpenPlace {
  const { region, endpointUrl } = options;
  const local = endpointUrl !== undefined && {
    endpoint: endpointUrl,
    forcePathStyle: true,
    region: region ?? "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  };
  const s3 = new S3Client({ ...(region !== undefined && { region }), ...local });
  const place: Place = {
    as: options.as ?? found.as ?? "object",
    uploadsBucket: options.uploadsBucket ?? found.uploadsBucket ?? UPLOADS_BUCKET,
    resultsBucket: options.resultsBucket ?? found.resultsBucket ?? RESULTS_BUCKET,
    annotationName: options.annotation,
  };
  return { s3, place, close: async () => s3.destroy() };
}

/** @throws when the stack has no such outputs */
async function readStack(name: string, { region }: WhereOptions): Promise<Partial<Place>> {
  const client = new CloudFormationClient(region === undefined ? {} : { region });
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    const [found] = Stacks;
    const output = (key: string) => {
      const value = found?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
      if (value === undefined) throw new Error(`expected stack ${name} to have the output ${key}`);
      return value;
    };
    const given = found?.Parameters?.find(({ ParameterKey }) => ParameterKey === "ResultsAs")?.ParameterValue;
    const as = RESULTS_AS.find((way) => way === given) ?? "object";
    return { as, uploadsBucket: output("UploadsBucketName"), resultsBucket: output("ResultsBucketName") };
  } finally {
    client.destroy();
  }
}
