import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import sharp from "sharp";
import { Thumbnails, upright } from "../../../src/local/page/thumbnails.ts";
import type { LocalStack } from "../../../src/local/stack.ts";
import { PROJECT_DIR } from "../../../src/local/template.ts";
import { startEndpoint } from "../s3/harness.ts";

const photo = await readFile(join(PROJECT_DIR, "test/fixtures/photo-1.jpg"));

for (const [what, make, isShown] of [
  ["a photograph", async () => photo, true],
  [
    "an SVG, whose loader reads files and addresses",
    async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    false,
  ],
  ["a HEIC", () => readFile(join(PROJECT_DIR, "test/fixtures/heic/phone.heic")), true],
  ["a TIFF", () => sharp(photo).tiff().toBuffer(), false],
  [
    "more bytes than the function takes",
    async () => Buffer.concat([photo, Buffer.alloc(25 * 2 ** 20)]),
    false,
  ],
  [
    "more pixels than the function takes",
    () =>
      sharp({
        create: { width: 8000, height: 8000, channels: 3, background: "red" },
        limitInputPixels: false,
      })
        .toColourspace("b-w")
        .png({ compressionLevel: 1 })
        .toBuffer(),
    false,
  ],
  ["an empty object", async () => Buffer.alloc(0), false],
] as const) {
  test(`the page ${isShown ? "shows" : "does not show"} a thumbnail of ${what}`, async (t) => {
    const { client } = await startEndpoint(t);
    await client.send(new PutObjectCommand({ Bucket: "uploads", Key: "k", Body: await make() }));
    const thumbnails = new Thumbnails({ client } as unknown as LocalStack);
    const made = await thumbnails.make("k", "etag", 112);
    if (made === undefined) assert.equal(isShown, false);
    else assert.deepEqual([isShown, (await sharp(made).metadata()).format], [true, "webp"]);
  });
}

test("a HEIC is shown upright, large enough, whatever the thumbnail in it", async (t) => {
  const { client } = await startEndpoint(t);
  const Body = await readFile(join(PROJECT_DIR, "test/fixtures/heic/phone.heic"));
  await client.send(new PutObjectCommand({ Bucket: "uploads", Key: "k", Body }));
  const thumbnails = new Thumbnails({ client } as unknown as LocalStack);
  const { width, height } = await sharp(await thumbnails.make("k", "etag", 960)).metadata();
  assert.deepEqual([width, height], [720, 960]);
});

for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`pixels of orientation ${orientation} are turned as a JPEG with that orientation is`, async () => {
    const corners = Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90, 0, 255, 255, 255, 0, 255]);
    const raw = { width: 3, height: 2, channels: 3 } as const;
    const stored = await sharp(corners, { raw }).withMetadata({ orientation }).png().toBuffer();
    const expected = await sharp(stored).autoOrient().raw().toBuffer({ resolveWithObject: true });
    const shown = await upright(sharp(corners, { raw }), orientation)
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([shown.info.width, shown.data], [expected.info.width, expected.data]);
  });
}

test("sharp as everything here gets it opens no other format", async () => {
  const native = join(PROJECT_DIR, "src/function/native.ts");
  const script = `
    const { loadSharp } = await import(${JSON.stringify(native)});
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    console.log(await loadSharp()(svg).metadata().then(() => "opened", () => "refused"));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  assert.equal(stdout.trim(), "refused");
});
