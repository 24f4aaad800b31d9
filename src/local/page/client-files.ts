import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const CLIENT_DIR = join(import.meta.dirname, "client");

export interface ClientFile {
  readonly contentType: string;
  readonly body: string;
}

/** Bundles the page's script and style; everything that the browser loads, by path. */
export async function buildClient(): Promise<ReadonlyMap<string, ClientFile>> {
  const { outputFiles } = await build({
    entryPoints: { app: join(CLIENT_DIR, "main.ts") },
    outdir: CLIENT_DIR,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    tsconfig: join(CLIENT_DIR, "tsconfig.json"),
  });
  const [html, icon] = await Promise.all(
    ["index.html", "icon.svg"].map((name) => readFile(join(CLIENT_DIR, name), "utf8")),
  );
  const bundled = (extension: string): string =>
    outputFiles.find(({ path }) => path.endsWith(extension))?.text ?? "";
  return new Map([
    ["/", { contentType: "text/html; charset=utf-8", body: html ?? "" }],
    ["/icon.svg", { contentType: "image/svg+xml", body: icon ?? "" }],
    ["/app.js", { contentType: "text/javascript; charset=utf-8", body: bundled(".js") }],
    ["/app.css", { contentType: "text/css; charset=utf-8", body: bundled(".css") }],
  ]);
}
