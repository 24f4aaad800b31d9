import { fork } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { heapFlags } from "../../src/local/lambda/process.ts";
import { localS3Variables } from "../../src/local/s3/client.ts";
import { startS3 } from "../../src/local/s3/server.ts";
import { readFunctionTemplate, readTemplate } from "../../src/local/template.ts";
import { createClient } from "../local/s3/harness.ts";
import { fixture, PROJECT_DIR } from "./harness.ts";
import type { MemorySample } from "./memory-worker.ts";

interface MemoryOptions {
  readonly execArgv?: readonly string[];
  readonly onSample?: (sample: MemorySample) => void;
}

/**
 * Runs the function in a process of its own, with the flags that Lambda gives Node and the template's variables, against an
 * S3 endpoint in this one, and measures what it holds.
 *
 * @param fixtures uploads, one after the other and again from the start
 * @param counts   after how many pictures, multiples of ten
 * @param execArgv with `--expose-gc`, garbage is collected before each look
 */
export async function measureMemory(
  fixtures: readonly string[],
  counts: readonly number[],
  { execArgv = [], onSample = () => {} }: MemoryOptions = {},
): Promise<MemorySample[]> {
  const template = readFunctionTemplate(await readTemplate());
  const dataDir = await mkdtemp(join(tmpdir(), "memory-"));
  const s3 = await startS3({ dataDir, buckets: ["uploads", "results"] });
  const client = createClient(s3.url);
  try {
    for (const Key of fixtures) {
      await client.send(new PutObjectCommand({ Bucket: "uploads", Key, Body: await fixture(Key) }));
    }
    const samples: MemorySample[] = [];
    const worker = fork(
      join(import.meta.dirname, "memory-worker.ts"),
      [JSON.stringify(fixtures), JSON.stringify(counts)],
      {
        execArgv: [...heapFlags(template.memoryMb), ...execArgv],
        stdio: ["ignore", "ignore", "inherit", "ipc"],
        env: {
          ...process.env,
          ...template.environment,
          ...localS3Variables(s3.url),
        },
      },
    );
    worker.on("message", (sample: MemorySample) => {
      samples.push(sample);
      onSample(sample);
    });
    const status = await new Promise((resolve) => worker.on("close", resolve));
    if (status !== 0) throw new Error(`expected the function's process to end with 0, got ${status}`);
    return samples;
  } finally {
    client.destroy();
    await s3.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const files = await readdir(join(PROJECT_DIR, "test/fixtures"));
  const pictures = files.filter((file) => /\.(jpg|png|webp)$/.test(file));
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1).padStart(8);
  console.log(`${new Date().toISOString()}  ${cpus()[0]?.model}  Node ${process.versions.node}`);
  console.log("pictures      mean  resident      heap  external  (MiB)");
  const onSample = ({ pictures: count, meanRss, rss, heapUsed, external }: MemorySample) =>
    console.log(
      `${String(count).padStart(8)}  ${mib(meanRss)}  ${mib(rss)}  ${mib(heapUsed)}  ${mib(external)}`,
    );
  const samples = await measureMemory(pictures, [500, 1000, 2000, 5000, 10_000], { onSample });
  const [warm, last] = [samples[1]?.meanRss ?? Number.NaN, samples.at(-1)?.meanRss ?? Number.NaN];
  const growth = (last / warm - 1) * 100;
  console.log(
    `After 10,000 pictures ${growth.toFixed(1)}% of what was resident after 1,000 has been added, on average of 500 pictures.`,
  );
  if (!(growth <= 5)) process.exitCode = 1;
}
