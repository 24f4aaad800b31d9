import { turbojpegLibrary } from "../../native.ts";

/** One decompressor of TurboJPEG 3, for one image at a time. Methods return `false` where the library has any objection. */
export interface Decompressor {
  readHeader(file: Uint8Array): boolean;
  get(parameter: number): number;
  set(parameter: number, value: number): boolean;
  /** @param denominator 1, 2, 4 or 8: the image is decoded at one over this */
  setScale(denominator: number): boolean;
  /** Of the scaled image, this is all that is written. `x` is a multiple of the scaled {@link MCU_WIDTHS}. */
  setRegion(x: number, y: number, width: number, height: number): boolean;
  /** Writes rows of `pitch` bytes to `pixels`, in a thread of libuv's pool. Neither array may be changed meanwhile. */
  decode(file: Uint8Array, pixels: Uint8Array, pitch: number, format: number): Promise<boolean>;
  close(): void;
}

/** TurboJPEG's `TJINIT_DECOMPRESS`. */
const DECOMPRESS = 1;

/** The library's name of each number that is used, of `turbojpeg.h` 3.0. */
export const TJPARAM = {
  STOPONWARNING: 0,
  SUBSAMP: 4,
  JPEGWIDTH: 5,
  JPEGHEIGHT: 6,
  PRECISION: 7,
  SCANLIMIT: 13,
  MAXMEMORY: 23,
} as const;
/** Columns that are coded together, by `TJPARAM.SUBSAMP`: 4:4:4, 4:2:2, 4:2:0, gray, 4:4:0, 4:1:1, 4:4:1. */
export const MCU_WIDTHS = [8, 16, 16, 8, 8, 32, 8] as const;
export const TJPF = { RGB: 0, GRAY: 6 } as const;

type Handle = object;
type Call<Result> = (...values: unknown[]) => Result;
interface TurboJpeg {
  readonly init: Call<Handle | null>;
  readonly destroy: Call<void>;
  readonly set: Call<number>;
  readonly get: Call<number>;
  readonly readHeader: Call<number>;
  readonly setScalingFactor: Call<number>;
  readonly setCroppingRegion: Call<number>;
  readonly decompress: Call<number> & { async: Call<void> };
}

const turbojpeg = bind();

/** `undefined` on a system for which `@julusian/jpeg-turbo` has no library of its own: sharp decodes there. */
function bind(): TurboJpeg | undefined {
  const found = turbojpegLibrary();
  if (found === undefined) return undefined;
  const { koffi, file } = found;
  const library = koffi.load(file);
  const fraction = koffi.struct({ num: "int", denom: "int" });
  const region = koffi.struct({ x: "int", y: "int", w: "int", h: "int" });
  const bytes = "const uint8_t *";
  return {
    init: library.func("tj3Init", "void *", ["int"]),
    destroy: library.func("tj3Destroy", "void", ["void *"]),
    set: library.func("tj3Set", "int", ["void *", "int", "int"]),
    get: library.func("tj3Get", "int", ["void *", "int"]),
    readHeader: library.func("tj3DecompressHeader", "int", ["void *", bytes, "size_t"]),
    setScalingFactor: library.func("tj3SetScalingFactor", "int", ["void *", fraction]),
    setCroppingRegion: library.func("tj3SetCroppingRegion", "int", ["void *", region]),
    decompress: library.func("tj3Decompress8", "int", ["void *", bytes, "size_t", "uint8_t *", "int", "int"]),
  };
}

/** @returns `undefined` where there is no library, or no memory for another decompressor */
export function openDecompressor(): Decompressor | undefined {
  const handle = turbojpeg?.init(DECOMPRESS);
  if (turbojpeg === undefined || handle === null || handle === undefined) return undefined;
  const { get, set, readHeader, setScalingFactor, setCroppingRegion, decompress, destroy } = turbojpeg;
  return {
    readHeader: (file) => readHeader(handle, file, file.length) === 0,
    get: (parameter) => get(handle, parameter),
    set: (parameter, value) => set(handle, parameter, value) === 0,
    setScale: (denom) => setScalingFactor(handle, { num: 1, denom }) === 0,
    setRegion: (x, y, w, h) => setCroppingRegion(handle, { x, y, w, h }) === 0,
    decode: (file, pixels, pitch, format) =>
      new Promise((resolve, reject) => {
        decompress.async(
          ...[handle, file, file.length, pixels, pitch, format],
          (error: Error | null, result: number) => {
            if (error === null) resolve(result === 0);
            else reject(error);
          },
        );
      }),
    close: () => destroy(handle),
  };
}
