/**
 * AssemblyScript, compiled by `build.ts` to SIMD WebAssembly. `../resampler.ts` says what it computes and lays out the
 * memory that is used here.
 *
 * Whoever calls rounds lengths up: vectors are loaded and stored whole, so that up to 31 bytes after a row are touched.
 */

function zipLow8(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

function zipHigh8(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

function zipLow16(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

function zipHigh16(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** Bits after a coefficient's point. */
const BITS = 22;

/** Sixteen sums → pixels: the narrowing clamps. */
function toPixels(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(
    i16x8.narrow_i32x4_s(i32x4.shr_s(a, BITS), i32x4.shr_s(b, BITS)),
    i16x8.narrow_i32x4_s(i32x4.shr_s(c, BITS), i32x4.shr_s(d, BITS)),
  );
}

/**
 * One pass of the resize. Output row `i` = the sum of rows, from its first on, each times its coefficient, rounded and
 * clamped to bytes.
 *
 * @param rows         row number `top`, and `pitch` bytes on the next one
 * @param taps         for each output: first row, and how many of them, as two i32
 * @param coefficients i32, `perOutput` for each output
 * @param bytes        of a row
 * @param out          of output number `from`, and `outPitch` bytes on the next one
 */
export function filterRows(
  rows: usize,
  pitch: i32,
  top: i32,
  taps: usize,
  coefficients: usize,
  perOutput: i32,
  from: i32,
  to: i32,
  bytes: i32,
  out: usize,
  outPitch: i32,
): void {
  // From memory that nobody writes to: V8 makes a constant anew for each use of it.
  const zero = v128.load(0);
  for (let i = from; i < to; i++) {
    const row = rows + <usize>((load<i32>(taps + ((<usize>i) << 3)) - top) * pitch);
    const start = coefficients + ((<usize>(i * perOutput)) << 2);
    const end = start + ((<usize>load<i32>(taps + ((<usize>i) << 3), 4)) << 2);
    for (let x: usize = 0; x < <usize>bytes; x += 32) {
      let s0 = i32x4.splat(1 << (BITS - 1));
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let s4 = s0;
      let s5 = s0;
      let s6 = s0;
      let s7 = s0;
      let pixel = row + x;
      for (let k = start; k < end; k += 4) {
        const coefficient = v128.load32_splat(k);
        const a = v128.load(pixel);
        const b = v128.load(pixel, 16);
        pixel += <usize>pitch;
        const a0 = zipLow8(a, zero);
        const a1 = zipHigh8(a, zero);
        s0 = i32x4.add(s0, i32x4.mul(zipLow16(a0, zero), coefficient));
        s1 = i32x4.add(s1, i32x4.mul(zipHigh16(a0, zero), coefficient));
        s2 = i32x4.add(s2, i32x4.mul(zipLow16(a1, zero), coefficient));
        s3 = i32x4.add(s3, i32x4.mul(zipHigh16(a1, zero), coefficient));
        const b0 = zipLow8(b, zero);
        const b1 = zipHigh8(b, zero);
        s4 = i32x4.add(s4, i32x4.mul(zipLow16(b0, zero), coefficient));
        s5 = i32x4.add(s5, i32x4.mul(zipHigh16(b0, zero), coefficient));
        s6 = i32x4.add(s6, i32x4.mul(zipLow16(b1, zero), coefficient));
        s7 = i32x4.add(s7, i32x4.mul(zipHigh16(b1, zero), coefficient));
      }
      v128.store(out + x, toPixels(s0, s1, s2, s3));
      v128.store(out + x, toPixels(s4, s5, s6, s7), 16);
    }
    out += <usize>outPitch;
  }
}

/** Rows of bytes, `pitch` bytes apart → columns as rows, `toPitch` bytes apart. Sixteen rows and eight columns at once. */
export function transpose(from: usize, pitch: i32, rows: i32, bytes: i32, to: usize, toPitch: i32): void {
  const p = <usize>pitch;
  const q = <usize>toPitch;
  const below = p << 3;
  for (let y: i32 = 0; y < rows; y += 16) {
    let at = from + <usize>(y * pitch);
    let out = to + <usize>y;
    for (let x: i32 = 0; x < bytes; x += 8) {
      // Each round of zips doubles how many rows stand side by side: of a row and the eighth after it, then the fourth …
      const b0 = zipRows(at, below);
      const b1 = zipRows(at + p, below);
      const b2 = zipRows(at + 2 * p, below);
      const b3 = zipRows(at + 3 * p, below);
      const b4 = zipRows(at + 4 * p, below);
      const b5 = zipRows(at + 5 * p, below);
      const b6 = zipRows(at + 6 * p, below);
      const b7 = zipRows(at + 7 * p, below);
      const c0 = zipLow8(b0, b4);
      const c1 = zipHigh8(b0, b4);
      const c2 = zipLow8(b1, b5);
      const c3 = zipHigh8(b1, b5);
      const c4 = zipLow8(b2, b6);
      const c5 = zipHigh8(b2, b6);
      const c6 = zipLow8(b3, b7);
      const c7 = zipHigh8(b3, b7);
      const d0 = zipLow8(c0, c4);
      const d1 = zipHigh8(c0, c4);
      const d2 = zipLow8(c2, c6);
      const d3 = zipHigh8(c2, c6);
      const d4 = zipLow8(c1, c5);
      const d5 = zipHigh8(c1, c5);
      const d6 = zipLow8(c3, c7);
      const d7 = zipHigh8(c3, c7);
      v128.store(out, zipLow8(d0, d2));
      v128.store(out + q, zipHigh8(d0, d2));
      v128.store(out + 2 * q, zipLow8(d1, d3));
      v128.store(out + 3 * q, zipHigh8(d1, d3));
      v128.store(out + 4 * q, zipLow8(d4, d6));
      v128.store(out + 5 * q, zipHigh8(d4, d6));
      v128.store(out + 6 * q, zipLow8(d5, d7));
      v128.store(out + 7 * q, zipHigh8(d5, d7));
      at += 8;
      out += q << 3;
    }
  }
}

function zipRows(row: usize, below: usize): v128 {
  return zipLow8(v128.load64_zero(row), v128.load64_zero(row + below));
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
