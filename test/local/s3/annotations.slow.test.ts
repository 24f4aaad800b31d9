import assert from "node:assert/strict";
import { test } from "node:test";
import { PutObjectAnnotationCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { startEndpoint } from "./harness.ts";

test("an object takes 1,000 annotations and no more; those that it has can be replaced", async (t) => {
  const { client } = await startEndpoint(t);
  const object = { Bucket: "uploads", Key: "a.jpg" };
  await client.send(new PutObjectCommand({ ...object, Body: "bytes" }));
  const annotate = (AnnotationName: string, AnnotationPayload: string) =>
    client.send(new PutObjectAnnotationCommand({ ...object, AnnotationName, AnnotationPayload }));
  const names = Array.from({ length: 1000 }, (_, n) => `n${n}`);
  while (names.length > 0) await Promise.all(names.splice(0, 25).map((name) => annotate(name, "x")));
  await assert.rejects(annotate("one-more", "x"), { name: "AnnotationLimitExceeded" });
  await annotate("n0", "replaced");
});
