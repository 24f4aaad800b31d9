import { type ChildProcessByStdio, spawn } from "node:child_process";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { PROJECT_DIR } from "../template.ts";
import type { LogFormat } from "./report.ts";

const RUNTIME_CLIENT = resolve(PROJECT_DIR, "node_modules/aws-lambda-ric/index.mjs");
const RAPID_CLIENT = resolve(import.meta.dirname, "rapid-client.cjs");

/** The function as it is configured; the same for all of its environments. */
export interface FunctionSettings {
  readonly functionName: string;
  /** Folder of the bundle. */
  readonly taskRoot: string;
  /** `file.export`, as in the template. */
  readonly handler: string;
  /** The function's own variables. They win over Lambda's where Lambda lets them (`NODE_PATH`, `TZ`, …). */
  readonly environment: Readonly<Record<string, string>>;
  /** MB; 128 to 10,240 on Lambda. */
  readonly memoryMb: number;
  /** What the function is told of it, if not the truth: by its own account it would refuse too little. */
  readonly announcedMemoryMb?: number;
  readonly timeoutSeconds: number;
  readonly logFormat: LogFormat;
  /** Lambda: 10 seconds. */
  readonly initTimeoutMs: number;
}

export const REGION = "eu-central-1";
export const ACCOUNT_ID = "000000000000";

export function functionArn(name: string): string {
  return `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${name}`;
}

export type FunctionProcess = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Starts the function's process: the Node that runs this one, with the heap flags of AWS's Node.js images (90% of the
 * memory for the old generation, 5% for a semi-space), the official runtime interface client, and Lambda's
 * environment variables and no others. It leads a process group of its own, so that Ctrl-C reaches only the parent,
 * which then ends the group.
 *
 * @param address `host:port` of the environment's Runtime API
 * @param logStream name of the environment's log stream
 */
export function spawnFunction(
  settings: FunctionSettings,
  address: string,
  logStream: string,
): FunctionProcess {
  const flags = [...heapFlags(settings.memoryMb), "--require", RAPID_CLIENT];
  return spawn(process.execPath, [...flags, RUNTIME_CLIENT], {
    cwd: settings.taskRoot,
    detached: true,
    env: lambdaVariables(settings, address, logStream),
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Node's flags in AWS's images. */
export function heapFlags(memoryMb: number): string[] {
  return [
    "--expose-gc",
    `--max-semi-space-size=${Math.max(1, Math.floor(memoryMb * 0.05))}`,
    `--max-old-space-size=${Math.floor(memoryMb * 0.9)}`,
  ];
}

/** The variables that Lambda defines ("Defined runtime environment variables" of its guide), and the function's. */
export function lambdaVariables(
  settings: FunctionSettings,
  address: string,
  logStream: string,
): Record<string, string> {
  return {
    // Locally the native packages of the layer are those of the project itself.
    NODE_PATH: resolve(PROJECT_DIR, "node_modules"),
    TZ: ":UTC",
    LANG: "en_US.UTF-8",
    PATH: "/usr/local/bin:/usr/bin:/bin",
    ...settings.environment,
    _HANDLER: settings.handler,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_LAMBDA_FUNCTION_NAME: settings.functionName,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.announcedMemoryMb ?? settings.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${settings.functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    AWS_LAMBDA_RUNTIME_API: address,
    ...(settings.logFormat === "JSON" && { AWS_LAMBDA_LOG_FORMAT: "JSON", AWS_LAMBDA_LOG_LEVEL: "INFO" }),
    // Any will do: the local S3 endpoint does not check signatures.
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    LAMBDA_TASK_ROOT: settings.taskRoot,
    LAMBDA_RUNTIME_DIR: "/var/runtime",
  };
}
