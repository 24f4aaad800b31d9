import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import asc from "assemblyscript/asc";

/** What the function bundles: the compiled bytes as text, so that every bundler and `node --test` read them alike. */
const COMPILED = join(import.meta.dirname, "../resample.wasm.ts");

/** Compiles `resample.ts` with the pinned AssemblyScript: the same source gives the same bytes. */
export async function compileKernel(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      ...["resample.ts", "--outFile", "resample.wasm", "-O3", "--runtime", "stub", "--noAssert"],
      ...["--enable", "simd,relaxed-simd", "--baseDir", import.meta.dirname],
    ],
    {
      writeFile: (name, contents) => {
        if (name.endsWith(".wasm") && typeof contents !== "string") wasm = contents;
      },
    },
  );
  if (error !== null || wasm === undefined) throw new Error(`AssemblyScript: ${stderr}`, { cause: error });
  return wasm;
}

if (import.meta.main) {
  const lines =
    Buffer.from(await compileKernel())
      .toString("base64")
      .match(/.{1,104}/g) ?? [];
  const text = lines.map((line) => `  "${line}"`).join(" +\n");
  await writeFile(
    COMPILED,
    `/** Compiled from assembly/resample.ts by \`node src/function/kernel/assembly/build.ts\`. */\nexport const RESAMPLE_WASM =\n${text};\n`,
  );
}
