/**
 * Resize, crop, EXIF orientation and normalization in SIMD WebAssembly: pixels as a decoder leaves them → the model's
 * input. The arithmetic is Pillow's `resize` (antialiased), then `x · scale + offset`.
 *
 *     const resampler = createResampler();
 *     const plan = planGeometry(uprightSize, model.preprocessing);
 *     resampler.resampleInto(image, plan, model.preprocessing.kernel, model.normalization, buffers.pixelValues);
 *
 * As in Pillow, and to the last bit: the upright image is filtered across and then down, with whole levels between the two,
 * because a checkerboard's gray of 127.5 is decided by that bit. Both passes add up rows, because rows are what vectors hold: for the pass across the
 * image is laid on its side, which an image that is stored on its side is already.
 *
 * It is synchronous, and one resampler serves all images. Nothing is allocated for an image of a size that was seen
 * before; its memory grows to what the largest strip needed, some 3 MB, or eight output rows of an extreme image.
 */
import type { GeometryPlan } from "../model/geometry.ts";
import type { Kernel } from "../model/preprocessing.ts";
import type { Normalization, PixelValues } from "../stages/normalize.ts";
import { type Axis, type AxisTable, axisRange, axisTable } from "./filters.ts";
import { RESAMPLE_WASM } from "./resample.wasm.ts";
import { planStrips } from "./strips.ts";

/** Pixels in the order in which they are stored in the file. */
export interface StoredImage {
  /** Gray, or interleaved R, G, B; 8 bits each. */
  readonly pixels: Uint8Array;
  /** Where `pixels` begin and how far they go, when they are but those that {@link neededRegion} names. Default: all. */
  readonly region?: Region;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Bytes from one row to the next. Default: those of a row of the region. */
  readonly stride?: number;
  /** EXIF's 1 to 8. Default 1. */
  readonly orientation?: number;
  /** How much of `width` and `height` the image fills, where a scaled decode rounded up: 4.5 of 5 pixels. Default: all. */
  readonly extent?: { readonly width: number; readonly height: number };
}

/** Columns from `left` to, but without, `right`, and such rows. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The part of a stored image that a plan makes its output of. */
export function neededRegion(
  image: Pick<StoredImage, "width" | "height" | "orientation" | "extent">,
  plan: GeometryPlan,
  filter: Kernel,
): Region {
  const { across, down } = axesOf(image, plan, image.orientation ?? 1);
  const [columns, rows] = [axisRange(across, filter), axisRange(down, filter)];
  return { left: columns.first, top: rows.first, right: columns.end, bottom: rows.end };
}

export interface Resampler {
  /**
   * @param plan   for the upright image, see `planGeometry`
   * @param target `3 * plan.output.height * plan.output.width` elements, or a third of them for `gray`, whose image must
   *   be gray, overwritten; a Uint8Array receives the pixels as they are
   * @throws {RangeError} when `pixels` or `target` has another size than the rest says, or a pixel that is needed is missing
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
  readonly filterRows: (...values: number[]) => void;
  readonly transpose: (...values: number[]) => void;
  readonly writeValues: (...values: number[]) => void;
}

const PAGE_BYTES = 65_536;
/** Source rows that are laid on their side at once: two vectors of them. */
const CHUNK = 32;
/** What vectors may touch beyond an end. */
const SLACK = 64;
/** Sizes whose coefficients are kept; some 10 kB each. */
const KEPT_TABLES = 128;

const align = (bytes: number, to = 32) => Math.ceil(bytes / to) * to;

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
      const isGray = normalization.order === "gray";
      const { pixels, width, height, channels, orientation = 1 } = image;
      const { region = { left: 0, top: 0, right: width, bottom: height } } = image;
      const { stride = (region.right - region.left) * channels } = image;
      const { output } = plan;
      const length = (isGray ? 1 : 3) * output.width * output.height;
      assertSizes(image, region, stride, length, target);
      if (isGray && channels !== 1) throw new RangeError("expected a gray image, got one of three channels");
      const isTurned = orientation >= 5;
      const axes = axesOf(image, plan, orientation);
      const across = tables(isTurned ? axes.down : axes.across, filter);
      const down = tables(isTurned ? axes.across : axes.down, filter);
      assertCovered(region, isTurned ? [down, across] : [across, down]);
      const reach = across.end - across.first;
      // Rows after the pass across, and after the pass down: a plane for each channel.
      const plane = align(output.width, 16);
      const pitch = channels * plane;
      const strips = planStrips(down, isTurned ? 2 * pitch + reach * channels : pitch);
      const longest = Math.max(...strips.map(({ top, bottom }) => bottom - top));

      // Of the stored image so much is worked on at once, and lies on its side in rows of `sideBytes`.
      const [sourceRows, sourceColumns] = isTurned ? [reach, longest] : [CHUNK, reach];
      const columnBytes = align(sourceColumns * channels);
      const sourcePitch = 2 * columnBytes < stride ? columnBytes : stride;
      const [sideRows, sideBytes] = isTurned ? [plane, columnBytes] : [columnBytes, CHUNK];

      // The kernel takes its zeros from what lies before.
      let end = SLACK;
      const place = (bytes: number) => {
        const at = end;
        end = align(end + bytes + SLACK);
        return at;
      };
      const [acrossTaps, acrossBy] = [place(across.taps.byteLength), place(across.coefficients.byteLength)];
      const [downTaps, downBy] = [place(down.taps.byteLength), place(down.coefficients.byteLength)];
      const factors = place(6 * 4);
      const source = place(sourceRows * sourcePitch + stride);
      const side = place((sideRows + channels) * sideBytes);
      const filtered = place(isTurned ? 0 : pitch * CHUNK);
      const between = place((longest + CHUNK + 1) * pitch);
      const planes = place(output.height * pitch);
      // The kernel writes three planes of gray as well.
      const values = place(3 * output.width * output.height * (target instanceof Uint8Array ? 1 : 4));
      const memory = reserve(end);
      const { buffer } = memory;

      new Int32Array(buffer, acrossTaps).set(across.taps);
      new Int32Array(buffer, acrossBy).set(across.coefficients);
      new Int32Array(buffer, downTaps).set(down.taps);
      new Int32Array(buffer, downBy).set(down.coefficients);
      new Float32Array(buffer, factors).set([...normalization.scale, ...normalization.offset]);

      /** Copies a part of the stored image. @returns where its first pixel lies now */
      const copy = (row: number, rows: number, column: number, columns: number): number => {
        const offset = (column - region.left) * channels;
        row -= region.top;
        if (sourcePitch === stride) {
          memory.set(pixels.subarray(row * stride, (row + rows) * stride), source);
          return source + offset;
        }
        for (let i = 0; i < rows; i++) {
          const from = (row + i) * stride + offset;
          memory.set(pixels.subarray(from, from + columns * channels), source + i * sourcePitch);
        }
        return source;
      };
      const filterAcross = (rows: number, step: number, top: number, bytes: number, out: number) =>
        kernel.filterRows(
          ...[rows, step, top, acrossTaps, acrossBy, across.perOutput],
          ...[0, across.outputs, bytes, out, bytes],
        );

      for (const { from, to, top, bottom } of strips) {
        if (isTurned) {
          const at = copy(across.first, reach, top, bottom - top);
          filterAcross(at, sourcePitch, across.first, columnBytes, side);
          kernel.transpose(side, columnBytes, plane, columnBytes, between, plane);
        } else {
          for (let row = top; row < bottom; row += CHUNK) {
            const at = copy(row, Math.min(CHUNK, bottom - row), across.first, reach);
            kernel.transpose(at, sourcePitch, CHUNK, columnBytes, side, CHUNK);
            for (let channel = 0; channel < channels; channel++) {
              const out = filtered + channel * plane * CHUNK;
              filterAcross(side + channel * CHUNK, channels * CHUNK, across.first, CHUNK, out);
            }
            kernel.transpose(filtered, CHUNK, pitch, CHUNK, between + (row - top) * pitch, pitch);
          }
        }
        kernel.filterRows(
          ...[between, pitch, top, downTaps, downBy, down.perOutput],
          ...[from, to, pitch, planes + from * pitch, pitch],
        );
      }

      blackenPadding(memory.subarray(planes), plan, plane, channels);
      const isBytes = target instanceof Uint8Array;
      const isInterleaved = normalization.layout === "NHWC" && !isGray;
      // The planes of an image in color are read from the last to the first for BGR.
      const [first, step] = normalization.order === "BGR" ? [planes + 2 * plane, -plane] : [planes, plane];
      kernel.writeValues(
        ...(channels === 1 ? [planes, pitch, 0] : [first, pitch, step]),
        ...[output.width, output.height, Number(isInterleaved), Number(isBytes), factors, values],
      );
      if (isBytes) target.set(memory.subarray(values, values + target.length));
      else target.set(new Float32Array(buffer, values, target.length));
    },
    get memoryBytes() {
      return kernel.memory.buffer.byteLength;
    },
  };
}

function assertSizes(
  { pixels, channels }: StoredImage,
  { left, top, right, bottom }: Region,
  stride: number,
  length: number,
  target: PixelValues,
): void {
  const bytes = stride * (bottom - top - 1) + (right - left) * channels;
  if (pixels.length < bytes) throw new RangeError(`expected ${bytes} bytes of pixels, got ${pixels.length}`);
  if (target.length !== length) {
    throw new RangeError(`expected ${length} pixel values, got ${target.length}`);
  }
}

function assertCovered(region: Region, [columns, rows]: readonly [AxisTable, AxisTable]): void {
  const { left, top, right, bottom } = region;
  if (columns.first >= left && columns.end <= right && rows.first >= top && rows.end <= bottom) return;
  throw new RangeError(
    `expected columns ${columns.first} to ${columns.end} and rows ${rows.first} to ${rows.end} of the image, got ` +
      `${left} to ${right} and ${top} to ${bottom}`,
  );
}

/** A crop beyond the resized image is black there. */
function blackenPadding(
  rows: Uint8Array,
  { resize, top, left, output }: GeometryPlan,
  plane: number,
  channels: number,
): void {
  if (top >= 0 && left >= 0) return;
  const [right, bottom] = [resize.width - left, resize.height - top];
  for (let row = 0; row < channels * output.height; row++) {
    const [at, y] = [row * plane, Math.floor(row / channels)];
    if (y < -top || y >= bottom) rows.fill(0, at, at + output.width);
    else if (left < 0) {
      rows.fill(0, at, at - left);
      rows.fill(0, at + right, at + output.width);
    }
  }
}

/** EXIF orientations in which the upright image's left, or top, lies at the far end of the stored axis. */
const FLIPS_X = new Set([2, 3, 6, 7]);
const FLIPS_Y = new Set([3, 4, 7, 8]);

/** The stored image's axes, each with the part of the upright plan that it carries. */
function axesOf(
  image: Pick<StoredImage, "width" | "height" | "extent">,
  plan: GeometryPlan,
  orientation: number,
): { across: Axis; down: Axis } {
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
