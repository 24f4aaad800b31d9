import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { createChecksum } from "../../../src/local/s3/checksums.ts";
import { startEndpoint } from "./harness.ts";

interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends pieces over a socket, with a pause after each, and reads until the server closes. */
async function raw(port: number, pieces: readonly (string | Buffer)[]): Promise<RawAnswer[]> {
  const socket = connect(port, "127.0.0.1");
  const received: Buffer[] = [];
  socket.on("data", (chunk) => received.push(chunk));
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.on("error", () => undefined);
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await closed;
  return Buffer.concat(received)
    .toString("latin1")
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .map((text) => {
      const [head = "", ...body] = text.split("\r\n\r\n");
      return { status: Number(head.split(" ")[1]), head, body: body.join("\r\n\r\n") };
    });
}

/** One PUT of `body` with `Connection: close`. */
async function put(port: number, headers: Record<string, string>, body: Buffer | string, pieces = 1) {
  const bytes = Buffer.from(body);
  const lines = Object.entries({ "content-length": String(bytes.length), ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  const head = `PUT /uploads/k HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${lines}\r\n`;
  const size = Math.ceil(bytes.length / pieces);
  const parts = Array.from({ length: pieces }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
  const [answer] = await raw(port, [head, ...parts]);
  assert.ok(answer);
  return answer;
}

const DATA = randomBytes(70_000);
const CRC32 = base64OfUint32(crc32(DATA));

function base64OfUint32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString("base64");
}

/** `aws-chunked` framing in chunks of 16 KiB. */
function frame(data: Buffer, extension: string, trailer: string): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < data.length; at += 16_384) {
    const chunk = data.subarray(at, at + 16_384);
    chunks.push(Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, Buffer.from("\r\n"));
  }
  return Buffer.concat([...chunks, Buffer.from(`0${extension}\r\n${trailer}\r\n`)]);
}

const SIGNATURE = `;chunk-signature=${"ab".repeat(32)}`;
const LENGTH = { "x-amz-decoded-content-length": String(DATA.length), "content-encoding": "aws-chunked" };
const SIGNED = { ...LENGTH, "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" };
const SIGNED_TRAILER = {
  ...LENGTH,
  "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
  "x-amz-trailer": "x-amz-checksum-crc32",
};
const UNSIGNED_TRAILER = {
  ...LENGTH,
  "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
  "x-amz-trailer": "x-amz-checksum-crc32",
};

for (const [name, headers, body] of [
  ["signed chunks", SIGNED, frame(DATA, SIGNATURE, "")],
  [
    "signed chunks with a signed trailer",
    SIGNED_TRAILER,
    frame(DATA, SIGNATURE, `x-amz-checksum-crc32:${CRC32}\r\nx-amz-trailer-signature:${"cd".repeat(32)}\r\n`),
  ],
  ["unsigned chunks with a trailer", UNSIGNED_TRAILER, frame(DATA, "", `x-amz-checksum-crc32: ${CRC32}\r\n`)],
] as const) {
  test(`an aws-chunked body of ${name} is decoded however the network cuts it`, async (t) => {
    const { port, url } = await startEndpoint(t);
    for (const pieces of [1, 7, 97]) {
      assert.equal((await put(port, headers, body, pieces)).status, 200);
      const got = await fetch(`${url}/uploads/k`);
      assert.ok(Buffer.from(await got.arrayBuffer()).equals(DATA));
      assert.equal(got.headers.get("etag"), `"${createHash("md5").update(DATA).digest("hex")}"`);
      assert.equal(got.headers.get("content-encoding"), null);
    }
  });
}

test("a content encoding beside aws-chunked is kept", async (t) => {
  const { port, url } = await startEndpoint(t);
  const body = frame(DATA, SIGNATURE, "");
  assert.equal((await put(port, { ...SIGNED, "content-encoding": "aws-chunked,zstd" }, body)).status, 200);
  const head = await fetch(`${url}/uploads/k`, { method: "HEAD" });
  assert.equal(head.headers.get("content-encoding"), "zstd");
});

test("a body that breaks one of its promises is refused and leaves nothing behind", async (t) => {
  const { port, dataDir, events } = await startEndpoint(t);
  const md5 = createHash("md5").update("other").digest("base64");
  const sha256 = createHash("sha256").update("other").digest();
  const whole = frame(DATA, "", `x-amz-checksum-crc32:${CRC32}\r\n`);
  for (const [code, headers, body] of [
    ["BadDigest", { "content-md5": md5 }, DATA],
    ["InvalidDigest", { "content-md5": "nonsense" }, DATA],
    ["BadDigest", { "x-amz-checksum-sha256": sha256.toString("base64") }, DATA],
    ["BadDigest", { "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=" }, DATA],
    ["InvalidRequest", { "x-amz-checksum-crc32": "nonsense" }, DATA],
    ["InvalidRequest", { "x-amz-checksum-xxhash64": "AAAAAAAAAAA=" }, DATA],
    ["InvalidRequest", { "x-amz-checksum-crc32": CRC32, "x-amz-checksum-crc32c": "AAAAAA==" }, DATA],
    ["XAmzContentSHA256Mismatch", { "x-amz-content-sha256": sha256.toString("hex") }, DATA],
    ["BadDigest", UNSIGNED_TRAILER, frame(DATA, "", "x-amz-checksum-crc32:AAAAAA==\r\n")],
    ["IncompleteBody", UNSIGNED_TRAILER, frame(DATA, "", "")],
    ["IncompleteBody", UNSIGNED_TRAILER, whole.subarray(0, 30_000)],
    ["IncompleteBody", UNSIGNED_TRAILER, whole.subarray(0, whole.length - 2)],
    ["IncompleteBody", UNSIGNED_TRAILER, Buffer.concat([whole, Buffer.from("more")])],
    ["IncompleteBody", UNSIGNED_TRAILER, DATA],
    ["IncompleteBody", SIGNED, "5\r\nabcdeXX0\r\n\r\n"],
    ["IncompleteBody", SIGNED, `${"f".repeat(9000)}\r\n`],
    ["IncompleteBody", { ...SIGNED, "x-amz-decoded-content-length": "5" }, frame(DATA, SIGNATURE, "")],
    ["MissingContentLength", { "x-amz-content-sha256": SIGNED["x-amz-content-sha256"] }, whole],
    ["EntityTooLarge", { ...SIGNED, "x-amz-decoded-content-length": "5368709121" }, whole],
    ["MetadataTooLarge", { "x-amz-meta-a": "x".repeat(2050) }, DATA],
  ] as const) {
    const answer = await put(port, headers, body);
    assert.match(answer.body, new RegExp(`<Code>${code}</Code>`), `${code} ${JSON.stringify(headers)}`);
  }
  assert.deepEqual(await readdir(join(dataDir, "data")), []);
  assert.equal(events.length, 0);
});

test("an upload whose client goes away leaves nothing behind", async (t) => {
  const { port, dataDir, url } = await startEndpoint(t);
  const socket = connect(port, "127.0.0.1");
  socket.write("PUT /uploads/k HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n");
  socket.write(DATA);
  const files = () => readdir(join(dataDir, "data"));
  while ((await files()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.destroy();
  while ((await files()).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal((await fetch(`${url}/uploads/k`)).status, 404);
});

test("a body in HTTP chunks without a length is accepted, one with neither is not", async (t) => {
  const { port, url } = await startEndpoint(t);
  const head = "PUT /uploads/k HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
  const [chunked] = await raw(port, [
    `${head}transfer-encoding: chunked\r\n\r\n`,
    "3\r\nabc\r\n",
    "0\r\n\r\n",
  ]);
  assert.equal(chunked?.status, 200);
  assert.equal(await (await fetch(`${url}/uploads/k`)).text(), "abc");
  const [missing] = await raw(port, [`${head}\r\n`]);
  assert.equal(missing?.status, 411);
});

test("Expect: 100-continue is answered with 100 before the body, and with the error alone when refused", async (t) => {
  const { port } = await startEndpoint(t);
  const expectation =
    "host: localhost\r\nconnection: close\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n";
  const accepted = await raw(port, [`PUT /uploads/k HTTP/1.1\r\n${expectation}`, "abc"]);
  assert.deepEqual(
    accepted.map(({ status }) => status),
    [100, 200],
  );
  const refused = await raw(port, [`PUT /none/k HTTP/1.1\r\n${expectation}`]);
  assert.deepEqual(
    refused.map(({ status }) => status),
    [404],
  );
});

test("a connection goes on after an error that left the body unread", async (t) => {
  const { port } = await startEndpoint(t);
  const first = `PUT /none/k HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${DATA.length}\r\n\r\n`;
  const second = "GET /uploads HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
  const answers = await raw(port, [first, DATA, second]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [404, 200],
  );
});

test("what is not served says so by name, and unknown methods are not allowed", async (t) => {
  const { url } = await startEndpoint(t);
  for (const [method, path, status, text] of [
    ["PUT", "/uploads?policy", 501, "policy"],
    ["PUT", "/uploads?notification", 501, "notification"],
    ["PUT", "/uploads?acl", 501, "acl"],
    ["GET", "/uploads?inventory", 501, "inventory"],
    ["PUT", "/uploads/k?acl", 501, "acl"],
    ["GET", "/uploads/k?torrent", 501, "torrent"],
    ["POST", "/uploads", 400, "MalformedPOSTRequest"],
    ["POST", "/uploads/k", 405, "MethodNotAllowed"],
    ["PATCH", "/uploads/k", 405, "MethodNotAllowed"],
    ["PUT", "/", 405, "MethodNotAllowed"],
    ["GET", "/uploads/%ff", 400, "InvalidURI"],
    ["GET", `/uploads/${"x".repeat(1025)}`, 400, "KeyTooLongError"],
  ] as const) {
    const answer = await fetch(`${url}${path}`, { method });
    assert.equal(answer.status, status, path);
    assert.ok((await answer.text()).includes(text), path);
  }
});

test("malformed XML is refused, also with a document type", async (t) => {
  const { url } = await startEndpoint(t);
  for (const body of [
    "",
    "hello",
    "<Delete><Object>",
    "<Other/>",
    "<Delete></Delete>",
    '<!DOCTYPE d [<!ENTITY e "x">]><Delete><Object><Key>&e;</Key></Object></Delete>',
    `<Delete>${" ".repeat(2 * 1024 ** 2)}</Delete>`,
  ]) {
    const answer = await fetch(`${url}/uploads?delete`, { method: "POST", body });
    assert.equal(answer.status, 400, body.slice(0, 40));
    assert.match(await answer.text(), /<Code>MalformedXML<\/Code>/);
  }
});

test("the check values of the CRC catalogue come out", () => {
  for (const [algorithm, hex] of [
    ["CRC32", "cbf43926"],
    ["CRC32C", "e3069283"],
    ["CRC64NVME", "ae8b14860a799888"],
  ] as const) {
    const checksum = createChecksum(algorithm);
    checksum.update(Buffer.from("1234"));
    checksum.update(Buffer.from("56789"));
    assert.equal(checksum.digest().toString("hex"), hex);
  }
});

test("a CRC64NVME checksum, which the SDK has no code for, is verified, stored and returned", async (t) => {
  const { port, url } = await startEndpoint(t);
  // The check value of the CRC catalogue for "123456789".
  const value = Buffer.from("ae8b14860a799888", "hex").toString("base64");
  assert.equal((await put(port, { "x-amz-checksum-crc64nvme": value }, "123456789")).status, 200);
  const got = await fetch(`${url}/uploads/k`, { headers: { "x-amz-checksum-mode": "ENABLED" } });
  assert.equal(got.headers.get("x-amz-checksum-crc64nvme"), value);
  const part = await fetch(`${url}/uploads/k`, {
    headers: { "x-amz-checksum-mode": "ENABLED", range: "bytes=0-1" },
  });
  assert.equal(part.headers.get("x-amz-checksum-crc64nvme"), null, "it is not the checksum of the range");
});
