/**
 * AssemblyScript, compiled by `build.ts` to SIMD WebAssembly. `../resampler.ts` says what it computes and lays out the
 * memory that is used here.
 *
 * Numbers: a pixel is a byte less 128, shifted left by eight (Q8, signed 16 bit); a coefficient has 13 bits after the
 * point; their rounded 16-bit product (`q15mulr`: one instruction on Arm and on x86) has six, and so have the sums.
 */

/** Six bits after the point → a pixel: half a level to round, and the 128 back. */
const ROUND: i16 = 32 + (128 << 6);
/** 0 and 255, less 128, with six bits after the point. */
const LOWEST: i16 = -128 << 6;
const HIGHEST: i16 = 127 << 6;

function zipLow16(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

function zipHigh16(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

function zipLow8(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

function zipHigh8(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/** Clamps to a pixel's range, as Pillow does between its two passes, and brings the sum to a pixel's eight bits. */
function toPixel16(sum: v128): v128 {
  return i16x8.shl(i16x8.min_s(i16x8.splat(HIGHEST), i16x8.max_s(i16x8.splat(LOWEST), sum)), 2);
}

/** Rounds to whole levels; the narrowing clamps. Eight bytes in the lower half. */
function toPixel8(sum: v128): v128 {
  const levels = i16x8.shr_s(i16x8.add_sat_s(sum, i16x8.splat(ROUND)), 6);
  return i8x16.narrow_i16x8_u(levels, levels);
}

/** Eight rows of 16-bit values, `step` bytes apart → at `to`, for each column its eight values. */
function transpose16(from: usize, step: usize, to: usize): void {
  const a0 = v128.load(from);
  const a1 = v128.load(from + step);
  const a2 = v128.load(from + 2 * step);
  const a3 = v128.load(from + 3 * step);
  const a4 = v128.load(from + 4 * step);
  const a5 = v128.load(from + 5 * step);
  const a6 = v128.load(from + 6 * step);
  const a7 = v128.load(from + 7 * step);
  const b0 = zipLow16(a0, a4);
  const b1 = zipHigh16(a0, a4);
  const b2 = zipLow16(a1, a5);
  const b3 = zipHigh16(a1, a5);
  const b4 = zipLow16(a2, a6);
  const b5 = zipHigh16(a2, a6);
  const b6 = zipLow16(a3, a7);
  const b7 = zipHigh16(a3, a7);
  const c0 = zipLow16(b0, b4);
  const c1 = zipHigh16(b0, b4);
  const c2 = zipLow16(b1, b5);
  const c3 = zipHigh16(b1, b5);
  const c4 = zipLow16(b2, b6);
  const c5 = zipHigh16(b2, b6);
  const c6 = zipLow16(b3, b7);
  const c7 = zipHigh16(b3, b7);
  v128.store(to, zipLow16(c0, c4));
  v128.store(to, zipHigh16(c0, c4), 16);
  v128.store(to, zipLow16(c1, c5), 32);
  v128.store(to, zipHigh16(c1, c5), 48);
  v128.store(to, zipLow16(c2, c6), 64);
  v128.store(to, zipHigh16(c2, c6), 80);
  v128.store(to, zipLow16(c3, c7), 96);
  v128.store(to, zipHigh16(c3, c7), 112);
}

/** Eight times eight bytes in a row → columns, the first to `to`, each next one `pitch` bytes on. */
function transpose8(from: usize, to: usize, pitch: usize): void {
  const a0 = v128.load(from);
  const a1 = v128.load(from, 16);
  const a2 = v128.load(from, 32);
  const a3 = v128.load(from, 48);
  const b0 = zipLow8(a0, a2);
  const b1 = zipHigh8(a0, a2);
  const b2 = zipLow8(a1, a3);
  const b3 = zipHigh8(a1, a3);
  const c0 = zipLow8(b0, b2);
  const c1 = zipHigh8(b0, b2);
  const c2 = zipLow8(b1, b3);
  const c3 = zipHigh8(b1, b3);
  const d0 = zipLow8(c0, c2);
  const d1 = zipHigh8(c0, c2);
  const d2 = zipLow8(c1, c3);
  const d3 = zipHigh8(c1, c3);
  v128.store64_lane(to, d0, 0);
  v128.store64_lane(to + pitch, d0, 1);
  v128.store64_lane(to + 2 * pitch, d1, 0);
  v128.store64_lane(to + 3 * pitch, d1, 1);
  v128.store64_lane(to + 4 * pitch, d2, 0);
  v128.store64_lane(to + 5 * pitch, d2, 1);
  v128.store64_lane(to + 6 * pitch, d3, 0);
  v128.store64_lane(to + 7 * pitch, d3, 1);
}

/** One output row of the vertical pass: `width` bytes of `count` source rows → 16-bit values at `to`. */
function resampleRow(row: usize, stride: usize, k0: usize, count: i32, width: i32, to: usize): void {
  const zero = i8x16.splat(0);
  const sign = i8x16.splat(-128);
  const end = k0 + ((<usize>count) << 1);
  for (let x: i32 = 0; x < width; x += 32) {
    let sum0 = zero;
    let sum1 = zero;
    let sum2 = zero;
    let sum3 = zero;
    let pixel = row + <usize>x;
    for (let k = k0; k < end; k += 2) {
      const coefficient = v128.load16_splat(k);
      const a = v128.xor(v128.load(pixel), sign);
      const b = v128.xor(v128.load(pixel, 16), sign);
      sum0 = i16x8.add(sum0, i16x8.relaxed_q15mulr_s(zipLow8(zero, a), coefficient));
      sum1 = i16x8.add(sum1, i16x8.relaxed_q15mulr_s(zipHigh8(zero, a), coefficient));
      sum2 = i16x8.add(sum2, i16x8.relaxed_q15mulr_s(zipLow8(zero, b), coefficient));
      sum3 = i16x8.add(sum3, i16x8.relaxed_q15mulr_s(zipHigh8(zero, b), coefficient));
      pixel += stride;
    }
    const out = to + ((<usize>x) << 1);
    v128.store(out, toPixel16(sum0));
    v128.store(out, toPixel16(sum1), 16);
    v128.store(out, toPixel16(sum2), 32);
    v128.store(out, toPixel16(sum3), 48);
  }
}

/**
 * Source rows → eight output rows (or columns, where the image is `turned`) of pixels in planes.
 *
 * @param strip       source rows from number `stripTop` on, `stride` bytes each
 * @param ys, xs      for each output: first source row or column, and how many, as two i32
 * @param yk, xk      coefficients, i16, `yTaps` or `xTaps` for each output
 * @param from, to    outputs of the vertical pass, at most eight
 * @param across      outputs of the horizontal pass
 * @param firstColumn, columns  of the source, that the horizontal pass reads
 * @param rows, turnedRows      room for eight rows of `rowBytes`, as rows and as columns
 * @param cells       room for 192 bytes
 */
export function resampleBlock(
  strip: usize,
  stride: i32,
  stripTop: i32,
  ys: usize,
  yk: usize,
  yTaps: i32,
  from: i32,
  to: i32,
  xs: usize,
  xk: usize,
  xTaps: i32,
  across: i32,
  firstColumn: i32,
  columns: i32,
  channels: i32,
  rows: usize,
  rowBytes: i32,
  turnedRows: usize,
  cells: usize,
  planes: usize,
  pitch: i32,
  planeBytes: i32,
  turned: i32,
): void {
  const width = columns * channels;
  for (let y = from; y < to; y++) {
    const start = load<i32>(ys + ((<usize>y) << 3));
    const count = load<i32>(ys + ((<usize>y) << 3), 4);
    const row = strip + <usize>((start - stripTop) * stride + firstColumn * channels);
    resampleRow(
      row,
      stride,
      yk + ((<usize>(y * yTaps)) << 1),
      count,
      width,
      rows + <usize>((y - from) * rowBytes),
    );
  }
  for (let x: i32 = 0; x < width; x += 8) {
    transpose16(rows + ((<usize>x) << 1), rowBytes, turnedRows + ((<usize>x) << 4));
  }
  const column = (<usize>channels) << 4;
  for (let x: i32 = 0; x < across; x += 8) {
    const group = min(8, across - x);
    for (let j: i32 = 0; j < group; j++) {
      const start = load<i32>(xs + ((<usize>(x + j)) << 3));
      const count = load<i32>(xs + ((<usize>(x + j)) << 3), 4);
      const end = xk + ((<usize>((x + j) * xTaps + count)) << 1);
      let pixel = turnedRows + <usize>(start - firstColumn) * column;
      let sum0 = i16x8.splat(0);
      let sum1 = sum0;
      let sum2 = sum0;
      let k = xk + ((<usize>((x + j) * xTaps)) << 1);
      if (channels === 3) {
        for (; k < end; k += 2) {
          const coefficient = v128.load16_splat(k);
          sum0 = i16x8.add(sum0, i16x8.relaxed_q15mulr_s(v128.load(pixel), coefficient));
          sum1 = i16x8.add(sum1, i16x8.relaxed_q15mulr_s(v128.load(pixel, 16), coefficient));
          sum2 = i16x8.add(sum2, i16x8.relaxed_q15mulr_s(v128.load(pixel, 32), coefficient));
          pixel += 48;
        }
      } else {
        for (; k < end; k += 2) {
          sum0 = i16x8.add(sum0, i16x8.relaxed_q15mulr_s(v128.load(pixel), v128.load16_splat(k)));
          pixel += 16;
        }
      }
      const cell = turned ? planes + <usize>((x + j) * pitch + from) : cells + ((<usize>j) << 3);
      const plane: usize = turned ? <usize>planeBytes : 64;
      v128.store64_lane(cell, toPixel8(sum0), 0);
      if (channels === 3) {
        v128.store64_lane(cell + plane, toPixel8(sum1), 0);
        v128.store64_lane(cell + 2 * plane, toPixel8(sum2), 0);
      }
    }
    if (!turned) {
      for (let c: i32 = 0; c < channels; c++) {
        transpose8(cells + ((<usize>c) << 6), planes + <usize>(c * planeBytes + from * pitch + x), pitch);
      }
    }
  }
}

/** Sixteen pixels → sixteen float32, value = pixel · scale + offset, with a scale and an offset for each lane of four. */
function store16(pixels: v128, to: usize, s0: v128, s1: v128, s2: v128, o0: v128, o1: v128, o2: v128): void {
  const low = i16x8.extend_low_i8x16_u(pixels);
  const high = i16x8.extend_high_i8x16_u(pixels);
  v128.store(to, f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(low)), s0), o0));
  v128.store(to, f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(low)), s1), o1), 16);
  v128.store(to, f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(high)), s2), o2), 32);
  v128.store(to, f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(high)), s0), o0), 48);
}

/**
 * Planes of pixels → the model's values, planes or interleaved. Rows are written in order, up to 15 pixels beyond their
 * end: the next one overwrites them, and after the last there is room.
 *
 * @param factors    three f32 scales, then three offsets; not read when the values are bytes
 * @param planeBytes 0 for a gray image, whose plane is read three times
 */
export function writeValues(
  planes: usize,
  pitch: i32,
  planeBytes: i32,
  width: i32,
  height: i32,
  interleaved: i32,
  bytes: i32,
  factors: usize,
  values: usize,
): void {
  const size: usize = bytes ? 1 : 4;
  const s0 = load<f32>(factors);
  const s1 = load<f32>(factors, 4);
  const s2 = load<f32>(factors, 8);
  const o0 = load<f32>(factors, 12);
  const o1 = load<f32>(factors, 16);
  const o2 = load<f32>(factors, 20);
  if (!interleaved) {
    let to = values;
    for (let c: i32 = 0; c < 3; c++) {
      const s = f32x4.splat(c === 0 ? s0 : c === 1 ? s1 : s2);
      const o = f32x4.splat(c === 0 ? o0 : c === 1 ? o1 : o2);
      for (let y: i32 = 0; y < height; y++) {
        const row = planes + <usize>(c * planeBytes + y * pitch);
        for (let x: i32 = 0; x < width; x += 16) {
          const pixels = v128.load(row + <usize>x);
          if (bytes) v128.store(to + <usize>x, pixels);
          else store16(pixels, to + ((<usize>x) << 2), s, s, s, o, o, o);
        }
        to += <usize>width * size;
      }
    }
    return;
  }
  // R G B R, G B R G, B R G B: the scales of four values at each of the three places where four can begin.
  const sa = f32x4(s0, s1, s2, s0);
  const sb = f32x4(s1, s2, s0, s1);
  const sc = f32x4(s2, s0, s1, s2);
  const oa = f32x4(o0, o1, o2, o0);
  const ob = f32x4(o1, o2, o0, o1);
  const oc = f32x4(o2, o0, o1, o2);
  let to = values;
  for (let y: i32 = 0; y < height; y++) {
    const row = planes + <usize>(y * pitch);
    for (let x: i32 = 0; x < width; x += 16) {
      const r = v128.load(row + <usize>x);
      const g = v128.load(row + <usize>(planeBytes + x));
      const b = v128.load(row + <usize>(2 * planeBytes + x));
      const first = i8x16.shuffle(
        i8x16.shuffle(r, g, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5),
        b,
        0,
        1,
        16,
        3,
        4,
        17,
        6,
        7,
        18,
        9,
        10,
        19,
        12,
        13,
        20,
        15,
      );
      const second = i8x16.shuffle(
        i8x16.shuffle(r, g, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26),
        b,
        0,
        21,
        2,
        3,
        22,
        5,
        6,
        23,
        8,
        9,
        24,
        11,
        12,
        25,
        14,
        15,
      );
      const third = i8x16.shuffle(
        i8x16.shuffle(r, g, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0),
        b,
        26,
        1,
        2,
        27,
        4,
        5,
        28,
        7,
        8,
        29,
        10,
        11,
        30,
        13,
        14,
        31,
      );
      const at = to + <usize>(x * 3) * size;
      if (bytes) {
        v128.store(at, first);
        v128.store(at, second, 16);
        v128.store(at, third, 32);
      } else {
        store16(first, at, sa, sb, sc, oa, ob, oc);
        store16(second, at + 64, sb, sc, sa, ob, oc, oa);
        store16(third, at + 128, sc, sa, sb, oc, oa, ob);
      }
    }
    to += <usize>(width * 3) * size;
  }
}
