import type { CodedImage, ColourCoding } from "../headers/heic.ts";
import { wrapCodedImage } from "./wrap.ts";

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
  readonly coding: ColourCoding | undefined;
}

/** One instance of libheif with libde265 in WebAssembly: a sandbox with a memory of its own. */
export interface Libheif {
  /**
   * Decodes a picture and shows it to `use`, after which its memory is free again.
   *
   * @throws {Error} with libheif's message; after a trap (`WebAssembly.RuntimeError`) the instance is of no more use
   */
  decode(image: CodedImage, use: (planes: Planes) => void): void;
  /**
   * Makes the memory what it was when the instance was new, in a twentieth of the time that a new instance takes: nothing
   * that one image does to it reaches the next. Not after a trap.
   */
  reset(): void;
  readonly memoryBytes: number;
}

/** What Emscripten's glue of `libheif-js` gives out. Pointers are numbers; a returned structure is a first argument. */
interface Exports {
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  readonly _malloc: (bytes: number) => number;
  readonly _free: (pointer: number) => void;
  readonly _heif_context_alloc: () => number;
  readonly _heif_context_free: (context: number) => void;
  readonly _heif_context_read_from_memory: (
    error: number,
    context: number,
    file: number,
    bytes: number,
    options: number,
  ) => void;
  readonly _heif_context_get_primary_image_handle: (error: number, context: number, result: number) => void;
  readonly _heif_decode_image: (
    error: number,
    handle: number,
    result: number,
    colorspace: number,
    chroma: number,
    options: number,
  ) => void;
  readonly _heif_image_handle_release: (handle: number) => void;
  readonly _heif_image_release: (image: number) => void;
  readonly _heif_image_get_width: (image: number, channel: number) => number;
  readonly _heif_image_get_height: (image: number, channel: number) => number;
  readonly _heif_image_get_bits_per_pixel_range: (image: number, channel: number) => number;
  readonly _heif_image_get_plane_readonly: (image: number, channel: number, stride: number) => number;
  readonly _heif_image_get_nclx_color_profile: (error: number, image: number, result: number) => void;
  readonly _heif_nclx_color_profile_free: (profile: number) => void;
}

export type LibheifFactory = (options: {
  instantiateWasm: (imports: object, done: (instance: object, module: object) => void) => object;
  print: () => void;
  printErr: () => void;
}) => Promise<Exports>;

/** The part of WebAssembly's JavaScript interface that is used here; TypeScript has it only among the browser's types. */
declare const WebAssembly: {
  Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** `heif_colorspace_undefined` and `heif_chroma_undefined`: as the picture is stored. */
const AS_STORED = 99;
/** `heif_channel_Y`, `…_Cb` and `…_Cr`. */
const CHANNELS = [0, 1, 2] as const;
/** A `heif_error`: code, subcode, message. */
const ERROR_BYTES = 12;

const PAGE_BYTES = 65_536;

/** Up to the end of the last page that holds anything but zeros. */
function usedBytes(memory: Uint8Array<ArrayBuffer>): number {
  const zeros = Buffer.alloc(PAGE_BYTES);
  let end = memory.length;
  while (end > 0 && zeros.equals(memory.subarray(end - PAGE_BYTES, end))) end -= PAGE_BYTES;
  return end;
}

/** @param module `libheif.wasm`, compiled */
export async function openLibheif(factory: LibheifFactory, module: object): Promise<Libheif> {
  const lib = await factory({
    instantiateWasm(imports, done) {
      const instance = new WebAssembly.Instance(module, imports);
      done(instance, module);
      return instance.exports;
    },
    print: () => {},
    printErr: () => {},
  });
  /** Room for an error, and for one result behind it. */
  const error = lib._malloc(ERROR_BYTES + 4);
  const result = error + ERROR_BYTES;
  /** All that is not 0 in the memory of a new instance: some 200 kB of 16 MB. */
  const initial = lib.HEAPU8.slice(0, usedBytes(lib.HEAPU8));
  const word = (at: number) => new DataView(lib.HEAPU8.buffer).getUint32(at, true);

  function check(): void {
    if (word(error) === 0) return;
    const start = word(error + 8);
    throw new Error(Buffer.from(lib.HEAPU8.subarray(start, lib.HEAPU8.indexOf(0, start))).toString());
  }

  function planeOf(image: number, channel: number): Plane {
    const start = lib._heif_image_get_plane_readonly(image, channel, result);
    if (start === 0) throw new Error("expected the decoder to give all planes of the picture");
    const [width, height] = [
      lib._heif_image_get_width(image, channel),
      lib._heif_image_get_height(image, channel),
    ];
    const stride = word(result);
    const { buffer } = lib.HEAPU8;
    return lib._heif_image_get_bits_per_pixel_range(image, channel) > 8
      ? { samples: new Uint16Array(buffer, start, (stride / 2) * height), stride: stride / 2, width, height }
      : { samples: new Uint8Array(buffer, start, stride * height), stride, width, height };
  }

  function codingOf(image: number): ColourCoding | undefined {
    lib._heif_image_get_nclx_color_profile(error, image, result);
    if (word(error) !== 0) return undefined;
    const profile = word(result);
    const coding = { matrixCoefficients: word(profile + 12), isFullRange: lib.HEAPU8[profile + 16] !== 0 };
    lib._heif_nclx_color_profile_free(profile);
    return coding;
  }

  function decodeIn(context: number, use: (planes: Planes) => void): void {
    lib._heif_context_get_primary_image_handle(error, context, result);
    check();
    const handle = word(result);
    lib._heif_decode_image(error, handle, result, AS_STORED, AS_STORED, 0);
    lib._heif_image_handle_release(handle);
    check();
    const image = word(result);
    const coding = codingOf(image);
    const isGray = lib._heif_image_get_width(image, CHANNELS[1]) <= 0;
    const [y, cb, cr] = CHANNELS;
    const bits = lib._heif_image_get_bits_per_pixel_range(image, y);
    const components = isGray
      ? ([planeOf(image, y)] as const)
      : ([planeOf(image, y), planeOf(image, cb), planeOf(image, cr)] as const);
    use({ bits, components, coding });
    lib._heif_image_release(image);
  }

  return {
    decode(coded, use) {
      const file = wrapCodedImage(coded);
      const start = lib._malloc(file.length);
      if (start === 0) throw new Error("the decoder's memory cannot hold the picture");
      lib.HEAPU8.set(file, start);
      const context = lib._heif_context_alloc();
      try {
        lib._heif_context_read_from_memory(error, context, start, file.length, 0);
        check();
        decodeIn(context, use);
      } finally {
        lib._heif_context_free(context);
        lib._free(start);
      }
    },
    reset() {
      lib.HEAPU8.set(initial);
      lib.HEAPU8.fill(0, initial.length);
    },
    get memoryBytes() {
      return lib.HEAPU8.length;
    },
  };
}
