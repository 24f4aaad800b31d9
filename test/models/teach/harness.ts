import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { type Classifier, createClassifier } from "../../../src/function/classifier.ts";
import { loadModel } from "../../../src/function/model/load.ts";
import { PROJECT_DIR } from "../../../src/local/template.ts";
import { DEFAULT_MODEL, MODELS_DIR } from "../../../src/models/folder.ts";
import { DEPLOYED_SETTINGS } from "../../../src/models/settings.ts";
import type { Report } from "../../../src/models/teach/report.ts";
import { drawFolder, type Kind } from "./pictures.ts";

export const CLI = join(PROJECT_DIR, "src/models/cli.ts");
export const KINDS: readonly Kind[] = ["bars", "dots", "rings", "stripes"];
export const TAUGHT = 12;

export const root = mkdtempSync(join(tmpdir(), "teach-"));
export const models = join(root, "models");
export const images = join(root, "images");
export const unseen = join(root, "unseen");
after(() => rmSync(root, { recursive: true, force: true }));

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function teach(name: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const all = [CLI, "teach", name, "--models", models, ...args];
    execFile(process.execPath, all, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

export async function report(name: string, ...args: string[]): Promise<Report> {
  const { status, stdout, stderr } = await teach(name, "--json", ...args);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Report;
}

export function open(name: string): Promise<Classifier> {
  return loadModel(join(models, name)).then((model) => createClassifier(model, DEPLOYED_SETTINGS));
}

before(async () => {
  cpSync(join(MODELS_DIR, DEFAULT_MODEL), join(models, DEFAULT_MODEL), { recursive: true });
  await drawFolder(images, KINDS, TAUGHT);
  await drawFolder(unseen, KINDS, 8, 100);
});
