import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { strToU8, zipSync } from "fflate";
import { create } from "tar";
import { readMembers } from "../../src/models/archive.ts";
import { CommandError } from "../../src/models/errors.ts";
import { sha256 } from "../../src/models/folder.ts";
import type { PublishedModel } from "../../src/models/published.ts";
import { type PullOptions, pullModel } from "../../src/models/pull.ts";
import { startArchiveServer } from "./archive-server.ts";
import { Network } from "./network.ts";

const root = mkdtempSync(join(tmpdir(), "pull-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** A classifier of two classes, padded with random bytes so that its archive is worth resuming. */
function archiveBytes(): Uint8Array {
  const net = new Network(1);
  const x = net.input(4);
  net.layer({
    ...{ op: "FULLY_CONNECTED", inputs: [x, net.weights([2, 48], 0.02), net.bias(2)] },
    output: net.activation([1, 2], 0.05, 128),
  });
  const noise = Uint8Array.from({ length: 300_000 }, () => 256 * net.random());
  return zipSync({
    "tiny.tflite": net.toTflite(),
    "labels.txt": strToU8("cat\ndog\n"),
    "../escape.tflite": strToU8("not wanted"),
    "__MACOSX/._tiny.tflite": strToU8("a twin"),
    "noise.bin": [noise, { level: 0 }],
  });
}

const archive = archiveBytes();
const TINY = { path: "tiny/tiny.zip", sha256: sha256(archive) };
const PUBLISHED: PublishedModel = {
  description: "a test model",
  archive: TINY,
  modelMember: /^tiny\.tflite$/,
  labels: { archive: TINY, member: /^labels\.txt$/ },
};

let server: Awaited<ReturnType<typeof startArchiveServer>>;
let folder: string;
let options: PullOptions;
let reported: { done: number; total: number }[];

beforeEach(async () => {
  folder = mkdtempSync(join(root, "case-"));
  const part = join(folder, "downloads", "tiny.zip.part");
  server = await startArchiveServer(archive, async (bytes) => {
    while (!existsSync(part) || statSync(part).size < bytes) await sleep(5);
  });
  reported = [];
  options = {
    ...{ name: "tiny", weights: "fast", input: "float32" },
    baseUrl: server.url,
    out: join(folder, "models"),
    downloads: join(folder, "downloads"),
    startProgress: ({ total }) => ({
      update: (done) => reported.push({ done, total }),
      print() {},
      stop() {},
    }),
    network: { attempts: 3, retryDelayMs: 1 },
  };
});
afterEach(() => server.close());

async function rejectsWith(
  run: Promise<unknown>,
  code: CommandError["code"],
  message: RegExp,
): Promise<void> {
  await assert.rejects(
    run,
    (error) => error instanceof CommandError && error.code === code && message.test(error.message),
  );
}

function downloads(): string[] {
  return existsSync(options.downloads) ? readdirSync(options.downloads).sort() : [];
}

describe("pulling a published model", () => {
  test("downloads, verifies and imports it, and a second time needs no network", async () => {
    const model = await pullModel(PUBLISHED, options);
    assert.deepEqual([model.name, model.labelCount], ["tiny", 2]);
    assert.deepEqual(downloads(), ["tiny.zip"]);
    const megabytes = archive.length / 1e6;
    assert.deepEqual(reported.at(-1), { done: megabytes, total: megabytes });
    await server.close();
    const again = await pullModel(PUBLISHED, { ...options, force: true });
    assert.equal(again.sha256, model.sha256);
  });

  test("writes nothing outside the model's folder, whatever paths the archive holds", async () => {
    await pullModel(PUBLISHED, options);
    assert.deepEqual(readdirSync(folder).sort(), ["downloads", "models"]);
    assert.deepEqual(readdirSync(join(folder, "models")), ["tiny"]);
  });

  test("a connection dropped again and again is resumed where it ended", async () => {
    server.behave({ dropAfterBytes: 100_000 });
    await pullModel(PUBLISHED, options);
    const ranges = server.requests.map(({ range }) => range);
    assert.equal(ranges[0], undefined);
    assert.ok(
      ranges.length >= 3 && ranges.slice(1).every((range) => /^bytes=\d{5,}-$/.test(range ?? "")),
      `${ranges}`,
    );
    assert.ok(server.sentBytes() < 1.2 * archive.length, `${server.sentBytes()} bytes for ${archive.length}`);
  });

  test("a download broken off in an earlier run is resumed in the next", async () => {
    server.behave({ dropAfterBytes: 100_000, dropAlways: true });
    server.behaveAfter(1, { status: 503 });
    await rejectsWith(pullModel(PUBLISHED, options), "DOWNLOAD_FAILED", /HTTP 503.*put it at .*tiny\.zip/);
    assert.deepEqual(downloads(), ["tiny.zip.part", "tiny.zip.part.validator"]);
    server.behave({});
    await pullModel(PUBLISHED, options);
    assert.match(server.requests.at(-1)?.range ?? "", /^bytes=\d{5,}-$/);
    assert.deepEqual(downloads(), ["tiny.zip"]);
  });

  test("a server that ignores Range makes it start over cleanly", async () => {
    server.behave({ dropAfterBytes: 100_000, ignoreRange: true });
    server.behaveAfter(1, { ignoreRange: true });
    await pullModel(PUBLISHED, options);
    assert.match(server.requests.at(-1)?.range ?? "", /^bytes=/);
    assert.deepEqual(downloads(), ["tiny.zip"]);
  });

  test("a file that changed on the server meanwhile is started over, because If-Range no longer holds", async () => {
    const old = archive.map((byte) => byte ^ 0xff);
    server.serve(old, '"old"');
    server.behave({ dropAfterBytes: 100_000, dropAlways: true });
    server.behaveAfter(1, { status: 503 });
    await rejectsWith(pullModel(PUBLISHED, options), "DOWNLOAD_FAILED", /HTTP 503/);
    server.serve(archive, '"new"');
    server.behave({});
    await pullModel(PUBLISHED, options);
    assert.equal(server.requests.at(-1)?.ifRange, '"old"');
  });

  test("a beginning damaged on disk is thrown away and fetched again", async () => {
    server.behave({ dropAfterBytes: 100_000, dropAlways: true });
    server.behaveAfter(1, { status: 503 });
    await rejectsWith(pullModel(PUBLISHED, options), "DOWNLOAD_FAILED", /HTTP 503/);
    const part = join(options.downloads, "tiny.zip.part");
    writeFileSync(part, readFileSync(part).fill(0, 10, 20));
    server.behave({});
    await pullModel(PUBLISHED, options);
    assert.deepEqual(downloads(), ["tiny.zip"]);
  });

  test("a server without ETag or date is never resumed", async () => {
    server.serve(archive, undefined);
    server.behave({ dropAfterBytes: 100_000 });
    server.behaveAfter(1, {});
    await pullModel(PUBLISHED, options);
    assert.ok(server.requests.every(({ range }) => range === undefined));
  });

  test("a stalled connection counts as dropped", async () => {
    server.behave({ stallAfterBytes: 100_000 });
    server.behaveAfter(1, {});
    await pullModel(PUBLISHED, { ...options, network: { ...options.network, stallTimeoutMs: 500 } });
    assert.ok(server.requests.length >= 2, `${server.requests.length} requests`);
  });
});

describe("pulling fails with a reason", () => {
  test("wrong content is HASH_WRONG, and nothing of it is kept", async () => {
    server.serve(archive.slice(1), '"other"');
    await rejectsWith(pullModel(PUBLISHED, options), "HASH_WRONG", new RegExp(`SHA-256 ${TINY.sha256}, got`));
    assert.deepEqual([downloads(), existsSync(join(folder, "models"))], [[], false]);
  });

  test("404 is not tried again and names the file to put where", async () => {
    server.behave({ status: 404 });
    const where = join(options.downloads, "tiny.zip");
    await rejectsWith(
      pullModel(PUBLISHED, options),
      "DOWNLOAD_FAILED",
      new RegExp(`HTTP 404.*put it at ${where}`),
    );
    assert.equal(server.requests.length, 1);
  });

  test("no server at all names the file to put where", async () => {
    await server.close();
    await rejectsWith(pullModel(PUBLISHED, options), "DOWNLOAD_FAILED", /ECONNREFUSED.*put it at/);
  });

  test("a wrong file put there by hand is named, not overwritten", async () => {
    await pullModel(PUBLISHED, options);
    writeFileSync(join(options.downloads, "tiny.zip"), "cut short");
    await rejectsWith(
      pullModel(PUBLISHED, { ...options, force: true }),
      "HASH_WRONG",
      /delete it to download it anew/,
    );
  });

  test("a model of that name stops it before anything is downloaded", async () => {
    await pullModel(PUBLISHED, options);
    const before = server.requests.length;
    await rejectsWith(pullModel(PUBLISHED, options), "ALREADY_THERE", /--force/);
    assert.equal(server.requests.length, before);
  });
});

describe("pulling from an archive that is already here", () => {
  test("needs no network, but the right hash", async () => {
    await server.close();
    const from = join(folder, "downloaded.zip");
    writeFileSync(from, archive);
    assert.equal((await pullModel(PUBLISHED, { ...options, from })).labelCount, 2);
    writeFileSync(from, archive.slice(0, -1));
    await rejectsWith(
      pullModel(PUBLISHED, { ...options, from, force: true }),
      "HASH_WRONG",
      /to be tiny\.zip/,
    );
  });

  test("a .tgz works as well, and a link in it is not followed", async () => {
    const unpacked = mkdtempSync(join(folder, "tgz-"));
    writeFileSync(join(folder, "a.zip"), archive);
    const [tflite] = await readMembers(join(folder, "a.zip"), [/^tiny\.tflite$/]);
    writeFileSync(join(unpacked, "tiny.tflite"), tflite?.bytes ?? "");
    writeFileSync(join(unpacked, "labels.txt"), "cat\ndog\n");
    const from = join(folder, "tiny.tgz");
    await create({ gzip: true, file: from, cwd: unpacked }, ["./tiny.tflite", "./labels.txt"]);
    const tgz = { path: "tiny.tgz", sha256: sha256(readFileSync(from)) };
    const model = { ...PUBLISHED, archive: tgz, labels: { ...PUBLISHED.labels, archive: tgz } };
    assert.equal((await pullModel(model, { ...options, from })).labelCount, 2);

    rmSync(join(unpacked, "labels.txt"));
    symlinkSync("/etc/hostname", join(unpacked, "labels.txt"));
    const linked = join(folder, "linked.tgz");
    await create({ gzip: true, file: linked, cwd: unpacked }, ["./tiny.tflite", "./labels.txt"]);
    const evil = { path: "linked.tgz", sha256: sha256(readFileSync(linked)) };
    const evilModel = { ...PUBLISHED, archive: evil, labels: { ...PUBLISHED.labels, archive: evil } };
    const run = pullModel(evilModel, { ...options, from: linked, force: true });
    await rejectsWith(run, "ARCHIVE_WRONG", /one member that matches .*labels.* got 0/);
  });

  test("an archive that is none is ARCHIVE_WRONG", async () => {
    for (const name of ["broken.zip", "broken.tgz"]) {
      const from = join(folder, name);
      writeFileSync(from, "neither zip nor tar");
      const broken = { path: name, sha256: sha256(readFileSync(from)) };
      await rejectsWith(
        pullModel({ ...PUBLISHED, archive: broken }, { ...options, from }),
        "ARCHIVE_WRONG",
        /broken/,
      );
    }
  });
});

test("`model pull` prints one coded line and exits with the status of its code", async () => {
  const cli = join(import.meta.dirname, "../../src/models/cli.ts");
  const args = [
    cli,
    "pull",
    "mobilenet-v1",
    "--base-url",
    server.url,
    "--out",
    folder,
    "--downloads",
    folder,
  ];
  const failure = await promisify(execFile)(process.execPath, args).then(
    () => undefined,
    (error: { code: number; stderr: string; stdout: string }) => error,
  );
  assert.equal(failure?.code, 8);
  assert.match(failure?.stderr ?? "", /\n?HASH_WRONG: expected http:.*2f8054076cf6/);
  assert.equal(failure?.stdout, "");
  assert.equal(server.requests[0]?.path, "/tflite/mobilenet_v1_1.0_224_quant_and_labels.zip");
});
