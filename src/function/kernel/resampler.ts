/**
 * Resize, crop, EXIF orientation and normalization in one pass, in SIMD WebAssembly: pixels as a decoder leaves them →
 * the model's input. The arithmetic is Pillow's `resize` (antialiased) to whole levels, then `x · scale + offset`.
 *
 *     const resampler = createResampler();
 *     const plan = planGeometry(uprightSize, model.preprocessing);
 *     resampler.resampleInto(image, plan, model.preprocessing.kernel, model.normalization, buffers.pixelValues);
 *
 * Rows first, then columns, eight output rows at a time, in 16-bit lanes; Pillow goes the other way round and rounds in
 * between, so that some pixels differ by one level: 0.15 levels on average, at most.
 *
 * It is synchronous, and one resampler serves all images. Nothing is allocated for an image of a size that was seen
 * before; its memory grows to what the largest strip needed, about 1 MB, or eight output rows of a large image.
 */
import type { GeometryPlan } from "../model/geometry.ts";
import type { Kernel } from "../model/preprocessing.ts";
import type { Normalization, PixelValues } from "../stages/normalize.ts";
import { type Axis, type AxisTable, axisTable } from "./filters.ts";
import { RESAMPLE_WASM } from "./resample.wasm.ts";

/** Pixels in the order in which they are stored in the file. */
export interface StoredImage {
  /** Gray, or interleaved R, G, B; 8 bits each. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Bytes from one row to the next. Default: `width * channels`. */
  readonly stride?: number;
  /** EXIF's 1 to 8. Default 1. */
  readonly orientation?: number;
  /** How much of `width` and `height` the image fills, where a scaled decode rounded up: 4.5 of 5 pixels. Default: all. */
  readonly extent?: { readonly width: number; readonly height: number };
}

export interface Resampler {
  /**
   * @param plan   for the upright image, see `planGeometry`
   * @param target `3 * plan.output.height * plan.output.width` elements, overwritten; a Uint8Array receives the pixels as they are
   * @throws {RangeError} when `pixels` or `target` has another size than the rest says
   */
  resampleInto(
    image: StoredImage,
    plan: GeometryPlan,
    filter: Kernel,
    normalization: Normalization,
    target: PixelValues,
  ): void;
  /** Bytes of the kernel's memory: it grows, and never shrinks. */
  readonly memoryBytes: number;
}

/** The part of WebAssembly's JavaScript interface that is used here; TypeScript has it only among the browser's types. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
};

interface WasmKernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly resampleBlock: (...values: number[]) => void;
  readonly writeValues: (...values: number[]) => void;
}

const PAGE_BYTES = 65_536;
/** Source rows that are copied at once: as many as stay in the second-level cache. */
const STRIP_BYTES = 1 << 20;
/** Outputs of the vertical pass that the kernel computes together. */
const BLOCK = 8;
/** What vector loads and stores may touch beyond an end. */
const SLACK = 256;
/** Sizes whose coefficients are kept; some 10 kB each. */
const KEPT_TABLES = 32;

const align = (bytes: number) => (bytes + 15) & ~15;

export function createResampler(): Resampler {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(RESAMPLE_WASM, "base64")));
  const kernel = instance.exports as WasmKernel;
  const tables = createTables();

  /** Memory of at least `bytes`: views of it are made anew for each image, because growing detaches them. */
  function reserve(bytes: number): Uint8Array {
    const missing = bytes - kernel.memory.buffer.byteLength;
    if (missing > 0) kernel.memory.grow(Math.ceil(missing / PAGE_BYTES));
    return new Uint8Array(kernel.memory.buffer);
  }

  return {
    resampleInto(image, plan, filter, normalization, target) {
      const { pixels, width, channels, stride = width * channels, orientation = 1 } = image;
      assertSizes(image, stride, plan, target);
      const turned = orientation >= 5;
      const { across, down } = axesOf(image, plan, orientation);
      const columns = tables(across, filter);
      const rows = tables(down, filter);
      const strips = planStrips(rows, stride);

      const pitch = align(plan.output.width) + 16;
      const planeBytes = pitch * ((plan.output.height + 7) & ~7);
      const rowBytes = align((columns.end - columns.first) * channels + 32) * 2;
      let end = 1024;
      const place = (bytes: number) => {
        const at = end;
        end = align(end + bytes);
        return at;
      };
      const factors = place(24);
      const cells = place(192);
      const ys = place(rows.taps.byteLength);
      const yk = place(rows.coefficients.byteLength);
      const xs = place(columns.taps.byteLength);
      const xk = place(columns.coefficients.byteLength);
      const rowsAt = place(8 * rowBytes);
      const turnedRows = place(8 * rowBytes);
      const planes = place(channels * planeBytes + SLACK);
      const values = place(target.length * (target instanceof Uint8Array ? 1 : 4) + SLACK);
      const strip = place(strips.bytes + SLACK);
      const memory = reserve(end);

      new Int32Array(memory.buffer, ys).set(rows.taps);
      new Int16Array(memory.buffer, yk).set(rows.coefficients);
      new Int32Array(memory.buffer, xs).set(columns.taps);
      new Int16Array(memory.buffer, xk).set(columns.coefficients);
      new Float32Array(memory.buffer, factors).set([...normalization.scale, ...normalization.offset]);
      for (const { from, to, top, bottom } of strips.strips) {
        memory.set(pixels.subarray(top * stride, Math.min(bottom * stride, pixels.length)), strip);
        for (let row = from; row < to; row += BLOCK) {
          kernel.resampleBlock(
            ...[strip, stride, top, ys, yk, rows.pitch, row, Math.min(row + BLOCK, to)],
            ...[xs, xk, columns.pitch, columns.outputs, columns.first, columns.end - columns.first, channels],
            ...[rowsAt, rowBytes, turnedRows, cells, planes, pitch, planeBytes, Number(turned)],
          );
        }
      }
      blackenPadding(memory.subarray(planes), plan, { pitch, planeBytes, count: channels });
      const isBytes = target instanceof Uint8Array;
      kernel.writeValues(
        ...[planes, pitch, channels === 1 ? 0 : planeBytes, plan.output.width, plan.output.height],
        ...[Number(normalization.layout === "NHWC"), Number(isBytes), factors, values],
      );
      if (isBytes) target.set(memory.subarray(values, values + target.length));
      else target.set(new Float32Array(memory.buffer, values, target.length));
    },
    get memoryBytes() {
      return kernel.memory.buffer.byteLength;
    },
  };
}

function assertSizes(
  { pixels, width, height, channels }: StoredImage,
  stride: number,
  plan: GeometryPlan,
  target: PixelValues,
): void {
  const bytes = stride * (height - 1) + width * channels;
  if (pixels.length < bytes) throw new RangeError(`expected ${bytes} bytes of pixels, got ${pixels.length}`);
  const length = 3 * plan.output.width * plan.output.height;
  if (target.length !== length) {
    throw new RangeError(`expected ${length} pixel values, got ${target.length}`);
  }
}

/** A crop beyond the resized image is black there. */
function blackenPadding(
  planes: Uint8Array,
  { resize, top, left, output }: GeometryPlan,
  { pitch, planeBytes, count }: { pitch: number; planeBytes: number; count: number },
): void {
  if (top >= 0 && left >= 0) return;
  for (let row = 0; row < count * output.height; row++) {
    const y = row % output.height;
    const at = Math.floor(row / output.height) * planeBytes + y * pitch;
    if (y < -top || y >= resize.height - top) planes.fill(0, at, at + output.width);
    else if (left < 0) {
      planes.fill(0, at, at - left);
      planes.fill(0, at + resize.width - left, at + output.width);
    }
  }
}

/** EXIF orientations in which the upright image's left, or top, lies at the far end of the stored axis. */
const FLIPS_X = new Set([2, 3, 6, 7]);
const FLIPS_Y = new Set([3, 4, 7, 8]);

/** The stored image's axes, each with the part of the upright plan that it carries. */
function axesOf(image: StoredImage, plan: GeometryPlan, orientation: number): { across: Axis; down: Axis } {
  const { width, height, extent = image } = image;
  const x = {
    resized: plan.resize.width,
    offset: plan.left,
    outputs: plan.output.width,
    flipped: FLIPS_X.has(orientation),
  };
  const y = {
    resized: plan.resize.height,
    offset: plan.top,
    outputs: plan.output.height,
    flipped: FLIPS_Y.has(orientation),
  };
  const [forWidth, forHeight] = orientation >= 5 ? [y, x] : [x, y];
  return {
    across: { size: width, extent: extent.width, ...forWidth },
    down: { size: height, extent: extent.height, ...forHeight },
  };
}

interface Strip {
  /** Outputs of the vertical pass. */
  readonly from: number;
  readonly to: number;
  /** Source rows that they need. */
  readonly top: number;
  readonly bottom: number;
}

/** Cuts the outputs into strips whose source rows fit into {@link STRIP_BYTES}, or of one block where not even that fits. */
function planStrips({ taps, outputs }: AxisTable, stride: number): { strips: Strip[]; bytes: number } {
  const strips: Strip[] = [];
  let bytes = 0;
  let open: Strip | undefined;
  for (let from = 0; from < outputs; from += BLOCK) {
    const to = Math.min(from + BLOCK, outputs);
    let top = Number.POSITIVE_INFINITY;
    let bottom = 0;
    for (let i = from; i < to; i++) {
      top = Math.min(top, taps[2 * i] as number);
      bottom = Math.max(bottom, (taps[2 * i] as number) + (taps[2 * i + 1] as number));
    }
    const joined: Strip | undefined = open && {
      from: open.from,
      to,
      top: Math.min(open.top, top),
      bottom: Math.max(open.bottom, bottom),
    };
    if (joined !== undefined && (joined.bottom - joined.top) * stride <= STRIP_BYTES) {
      strips[strips.length - 1] = joined;
      open = joined;
    } else {
      open = { from, to, top, bottom };
      strips.push(open);
    }
    bytes = Math.max(bytes, (open.bottom - open.top) * stride);
  }
  return { strips, bytes };
}

/** Tables that were computed before, the least recently used of them dropped. */
function createTables(): (axis: Axis, filter: Kernel) => AxisTable {
  const kept = new Map<string, AxisTable>();
  return (axis, filter) => {
    const { size, extent, resized, offset, outputs, flipped } = axis;
    const key = `${filter} ${size} ${extent} ${resized} ${offset} ${outputs} ${flipped}`;
    const table = kept.get(key) ?? axisTable(axis, filter);
    kept.delete(key);
    kept.set(key, table);
    if (kept.size > KEPT_TABLES) kept.delete(kept.keys().next().value as string);
    return table;
  };
}
