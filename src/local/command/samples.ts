import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { HeadObjectCommand, NotFound, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { UPLOADS_BUCKET } from "../stack-events.ts";
import { PROJECT_DIR } from "../template.ts";

const SAMPLES_DIR = join(PROJECT_DIR, "test/fixtures");
const SAMPLE_EXTENSIONS = new Set([".jpg", ".png", ".webp", ".gif", ".avif"]);

/** Pictures of our own making, by file name. */
export function listSamples(): string[] {
  if (!existsSync(SAMPLES_DIR)) return [];
  return readdirSync(SAMPLES_DIR)
    .filter((name) => SAMPLE_EXTENSIONS.has(extname(name)))
    .sort();
}

/** Uploads a sample under a key, unless an object stands there already. @returns whether it did */
export async function uploadSample(
  client: S3Client,
  name: string,
  key: string,
  bucket = UPLOADS_BUCKET,
): Promise<boolean> {
  const target = { Bucket: bucket, Key: key };
  try {
    await client.send(new HeadObjectCommand(target));
    return false;
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
  }
  await client.send(new PutObjectCommand({ ...target, Body: readFileSync(join(SAMPLES_DIR, name)) }));
  return true;
}
