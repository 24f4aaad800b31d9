import { createRequire } from "node:module";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type Ort from "onnxruntime-node";
import type Sharp from "sharp";

/**
 * The floor of a cold start: what any function must do that classifies a picture of S3 with these libraries and this
 * model. Both natives, one session, one S3 client, one picture; no configuration, no checks, no metrics, no middleware.
 * Built into one minified file, as the function is.
 */
const require = createRequire(import.meta.url);
const sharp = require("sharp") as typeof Sharp;
const ort = require("onnxruntime-node") as typeof Ort;

const session = await ort.InferenceSession.create(`${process.env.MODEL_DIR}/model.onnx`, {
  intraOpNumThreads: 1,
  logSeverityLevel: 3,
});
const [input] = session.inputMetadata;
const SIDE = (input?.isTensor && Number(input.shape[3])) || 0;
const s3 = new S3Client({ forcePathStyle: true });
const feeds = {
  [session.inputNames[0] as string]: new ort.Tensor("float32", new Float32Array(3 * SIDE * SIDE), [
    1,
    3,
    SIDE,
    SIDE,
  ]),
};

/** `{bucket, key}` → `<key>.json` in the results bucket. */
export async function handler({ bucket, key }: { bucket: string; key: string }): Promise<void> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const bytes = await Body?.transformToByteArray();
  await sharp(bytes).resize(SIDE, SIDE, { fit: "fill" }).raw().toBuffer();
  const outputs = await session.run(feeds);
  const logits = Array.from(outputs[session.outputNames[0] as string]?.data as Float32Array);
  await s3.send(
    new PutObjectCommand({
      Bucket: process.env.RESULTS_BUCKET,
      Key: `${key}.json`,
      Body: JSON.stringify(logits),
    }),
  );
}
