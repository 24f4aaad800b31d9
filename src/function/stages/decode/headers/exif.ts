import { textOf, viewOf } from "./header.ts";

const ORIENTATION_TAG = 0x0112;
const SHORT = 3;

/**
 * EXIF's orientation: 1 to 8, and 1 where it is absent or unreadable, as viewers do.
 *
 * @param tiff a TIFF header and its first directory, with or without the `Exif\0\0` in front
 * @see CIPA DC-008, 4.6.5.1.6
 */
export function readOrientation(tiff: Uint8Array): number {
  const bytes = textOf(tiff, 0, 6) === "Exif\0\0" ? tiff.subarray(6) : tiff;
  const view = viewOf(bytes);
  const order = textOf(bytes, 0, 2);
  if (bytes.length < 8 || (order !== "II" && order !== "MM")) return 1;
  const isLittle = order === "II";
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > bytes.length) return 1;
  const count = view.getUint16(directory, isLittle);
  for (
    let entry = directory + 2;
    entry < directory + 2 + 12 * count && entry + 12 <= bytes.length;
    entry += 12
  ) {
    if (view.getUint16(entry, isLittle) !== ORIENTATION_TAG) continue;
    const value = view.getUint16(entry + 2, isLittle) === SHORT ? view.getUint16(entry + 8, isLittle) : 1;
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
