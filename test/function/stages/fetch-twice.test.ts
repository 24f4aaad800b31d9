import assert from "node:assert/strict";
import { test } from "node:test";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { openObject } from "../../../src/function/stages/fetch.ts";
import { createLocalClient } from "../../../src/local/s3/client.ts";
import { type Exchange, type Fault, startFaultProxy } from "../../faults/proxy.ts";
import { startEndpoint } from "../../local/s3/harness.ts";

const options = { maxObjectBytes: 1000, signal: new AbortController().signal };

for (const [lie, first] of [
  ["missing", "is not there"],
  ["denied", "was overwritten"],
  ["stale", "has the bytes of an older upload"],
  ["cut", "has half of its bytes, in an answer that is whole"],
] as const satisfies readonly (readonly [Fault, string])[]) {
  test(`an upload that S3 once says ${first} is fetched again later, not rejected or left out`, async (t) => {
    const s3 = await startEndpoint(t, { buckets: ["uploads", "archive"] });
    for (const [Bucket, Body] of [
      ["archive", "older"],
      ["uploads", "newer"],
    ] as const) {
      await s3.client.send(new PutObjectCommand({ Bucket, Key: "key", Body }));
    }
    let lies = 1;
    const choose = ({ method }: Exchange) => (method === "GET" && lies-- > 0 ? lie : undefined);
    const proxy = await startFaultProxy(s3.url, choose, () => "/archive/key");
    const client = createLocalClient(proxy.url);
    t.after(async () => {
      client.destroy();
      await proxy.close();
    });
    const { eTag = "", size: sizeBytes = 0 } = s3.events.at(-1)?.s3.object ?? {};
    const ref = { bucket: "uploads", key: "key", eTag, sizeBytes };
    await assert.rejects(openObject(client, ref, options), { code: "FETCH_FAILED", retryable: true });
    const opened = await openObject(client, ref, options);
    assert.equal(opened?.source.eTag, eTag);
    opened?.body.destroy();
  });
}
