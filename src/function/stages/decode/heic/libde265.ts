import type { CodedImage, ColourCoding } from "../headers/heic.ts";
import { unitsOf } from "../headers/hevc.ts";

/** Samples of one component, top row first. */
export interface Plane {
  readonly samples: Uint8Array | Uint16Array;
  /** Samples from one row to the next. */
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

/** A decoded picture as HEVC stores it: brightness, and two colour differences that may have fewer samples. */
export interface Planes {
  readonly bits: number;
  /** One for a gray picture, else three. */
  readonly components: readonly [Plane] | readonly [Plane, Plane, Plane];
  /** What the bitstream says of its numbers. */
  readonly coding: ColourCoding;
}

/** One instance of libde265, HEVC's decoder in libheif, in WebAssembly: a sandbox with a memory of its own. */
export interface Libde265 {
  /**
   * Decodes a picture and shows it to `use`, after which its memory is free again.
   *
   * @throws {Error} after a trap (`WebAssembly.RuntimeError`) the instance is of no more use
   */
  decode(image: CodedImage, use: (planes: Planes) => void): void;
  /**
   * Makes the memory what it was when the instance was new, in a fraction of the time that a new instance takes: nothing
   * that one image does to it reaches the next. Not after a trap.
   */
  reset(): void;
  readonly memoryBytes: number;
}

/**
 * How Emscripten named in `libheif.wasm` what is used here, in libheif-js 1.23.2: its own JavaScript, which loads all of
 * libheif, takes 25 ms. Pointers are numbers. A test compares these names with that JavaScript.
 */
export const EXPORTS = {
  memory: "Q",
  initialize: "R",
  malloc: "Na",
  free: "Z",
  de265_get_version: "Ei",
  de265_new_decoder: "Ci",
  de265_set_parameter_bool: "Di",
  de265_free_decoder: "Hi",
  de265_push_NAL: "Ii",
  de265_flush_data: "Ji",
  de265_decode: "Ki",
  de265_get_next_picture: "Li",
  de265_get_chroma_format: "Ni",
  de265_get_image_width: "Oi",
  de265_get_image_height: "Pi",
  de265_get_bits_per_pixel: "Qi",
  de265_get_image_plane: "Ri",
  de265_get_image_matrix_coefficients: "Ui",
  de265_get_image_full_range_flag: "Vi",
} as const;
export const IMPORTS = { assertFailed: "b", throwException: "k", abort: "C", copy: "I", grow: "D" } as const;

/** The part of WebAssembly's JavaScript interface that is used here; TypeScript has it only among the browser's types. */
declare const WebAssembly: {
  Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: Readonly<Record<string, ((...values: number[]) => number) & Memory>> };
  Module: { imports(module: object): { name: string }[] };
};
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): void;
}

/** `de265_param`. libheif leaves both filters out in WebAssembly, too: what they smooth is below what a model sees. */
const [DISABLE_DEBLOCKING, DISABLE_SAO] = [7, 8];
/** `de265_chroma_mono` */
const MONO = 0;
/** Of a unit of the bitstream. */
const HEADER_BYTES = 2;
const PAGE_BYTES = 65_536;

/**
 * Up to the end of the last page that holds anything but zeros. To read a page that was never written takes no memory, to
 * write zeros to it does.
 */
function usedBytes(memory: Uint8Array): number {
  const zeros = Buffer.alloc(PAGE_BYTES);
  let end = memory.length;
  while (end > 0 && zeros.equals(memory.subarray(end - PAGE_BYTES, end))) end -= PAGE_BYTES;
  return end;
}

/** @param module `libheif.wasm`, compiled */
export function openLibde265(module: object): Libde265 {
  const stop = (why: string) => () => {
    throw new Error(why);
  };
  // What nobody calls for HEVC (files, the clock, the description of libheif for JavaScript) does nothing.
  const imports: Record<string, (...values: number[]) => number> = Object.fromEntries(
    WebAssembly.Module.imports(module).map(({ name }) => [name, () => 0]),
  );
  imports[IMPORTS.assertFailed] = stop("an assertion of the HEVC decoder failed");
  imports[IMPORTS.throwException] = stop("the HEVC decoder gave up, perhaps for want of memory");
  imports[IMPORTS.abort] = stop("the HEVC decoder aborted");
  imports[IMPORTS.copy] = (to = 0, from = 0, bytes = 0) => {
    memory().copyWithin(to, from, from + bytes);
    return 0;
  };
  imports[IMPORTS.grow] = (bytes = 0) => {
    try {
      lib(EXPORTS.memory).grow(Math.ceil((bytes - memory().length) / PAGE_BYTES));
      return 1;
    } catch {
      return 0;
    }
  };
  const { exports } = new WebAssembly.Instance(module, { a: imports });
  const lib = (name: string) => exports[name] as (typeof exports)[string];
  const call = (name: keyof typeof EXPORTS, ...values: number[]) => lib(EXPORTS[name])(...values);
  let view = new Uint8Array(0);
  function memory(): Uint8Array {
    const { buffer } = lib(EXPORTS.memory);
    if (view.buffer !== buffer) view = new Uint8Array(buffer);
    return view;
  }
  const word = (at: number) => new DataView(memory().buffer).getUint32(at, true);

  call("initialize");
  const version = call("de265_get_version");
  const text = Buffer.from(memory().subarray(version, version + 8)).toString("latin1");
  if (!/^\d+\.\d+\.\d+/.test(text)) throw new Error("libheif.wasm is not that of libheif-js 1.23.2");
  /** Room for one result. */
  const result = call("malloc", 8);
  /** All that is not 0 in the memory of a new instance: some 200 kB of 16 MB. What is used ends below a large new block. */
  const above = call("malloc", PAGE_BYTES);
  call("free", above);
  const initial = memory().slice(0, above + PAGE_BYTES);

  function push(decoder: number, unit: Uint8Array): void {
    const start = call("malloc", unit.length);
    if (start === 0) throw new Error("the decoder's memory cannot hold the picture");
    memory().set(unit, start);
    call("de265_push_NAL", decoder, start, unit.length, 0, 0, 0);
    call("free", start);
  }

  function nextPicture(decoder: number): number {
    call("de265_flush_data", decoder);
    for (;;) {
      const error = call("de265_decode", decoder, result);
      if (error !== 0) throw new Error(`libde265 ends with its error ${error}`);
      const picture = call("de265_get_next_picture", decoder);
      if (picture !== 0) return picture;
      if (word(result) === 0) throw new Error("the HEVC data hold no picture");
    }
  }

  function planeOf(picture: number, component: number, bits: number): Plane {
    if (call("de265_get_bits_per_pixel", picture, component) !== bits)
      throw new Error("expected all components of the picture to have the same number of bits");
    const width = call("de265_get_image_width", picture, component);
    const height = call("de265_get_image_height", picture, component);
    const start = call("de265_get_image_plane", picture, component, result);
    if (start === 0) throw new Error("expected the decoder to give all planes of the picture");
    const stride = word(result);
    const { buffer } = lib(EXPORTS.memory);
    return bits > 8
      ? { samples: new Uint16Array(buffer, start, (stride / 2) * height), stride: stride / 2, width, height }
      : { samples: new Uint8Array(buffer, start, stride * height), stride, width, height };
  }

  return {
    decode(coded, use) {
      const decoder = call("de265_new_decoder");
      if (decoder === 0) throw new Error("the decoder's memory cannot hold the decoder");
      call("de265_set_parameter_bool", decoder, DISABLE_DEBLOCKING, 1);
      call("de265_set_parameter_bool", decoder, DISABLE_SAO, 1);
      for (const unit of unitsOf(coded)) if (unit.length > HEADER_BYTES) push(decoder, unit);
      const picture = nextPicture(decoder);
      const bits = call("de265_get_bits_per_pixel", picture, 0);
      const plane = (component: number) => planeOf(picture, component, bits);
      const components =
        call("de265_get_chroma_format", picture) === MONO
          ? ([plane(0)] as const)
          : ([plane(0), plane(1), plane(2)] as const);
      const coding = {
        matrixCoefficients: call("de265_get_image_matrix_coefficients", picture),
        isFullRange: call("de265_get_image_full_range_flag", picture) !== 0,
      };
      use({ bits, components, coding });
      call("de265_free_decoder", decoder);
    },
    reset() {
      const all = memory();
      all.set(initial);
      all.fill(0, initial.length, Math.max(initial.length, usedBytes(all)));
    },
    get memoryBytes() {
      return memory().length;
    },
  };
}
