import { HeaderError, textOf, viewOf } from "./header.ts";

/** A box of an ISO base media file: its type, where it begins, and where its content lies in the file. */
export interface Box {
  readonly type: string;
  readonly offset: number;
  readonly start: number;
  readonly end: number;
}

const MAX_BOXES = 20_000;

/**
 * The boxes between two offsets.
 *
 * @throws {HeaderError} when they are too many, or one is shorter than its own header
 * @see ISO/IEC 14496-12, 4.2
 */
export function boxesOf(bytes: Uint8Array, start: number, end: number): Box[] {
  const view = viewOf(bytes);
  const boxes: Box[] = [];
  for (let offset = start; offset + 8 <= end; ) {
    const type = textOf(bytes, offset + 4, offset + 8);
    let size = view.getUint32(offset);
    let header = 8;
    if (size === 1 && offset + 16 <= end) {
      size = Number(view.getBigUint64(offset + 8));
      header = 16;
    } else if (size === 0) size = end - offset;
    if (size < header)
      throw new HeaderError(`expected the box ${type} to hold its own header, got ${size} bytes`);
    boxes.push({ type, offset, start: offset + header, end: Math.min(offset + size, end) });
    if (boxes.length > MAX_BOXES) throw new HeaderError(`expected at most ${MAX_BOXES} boxes in a row`);
    offset += size;
  }
  return boxes;
}

/** Reads big-endian numbers one after the other, within a box. */
export class Reader {
  offset: number;
  readonly #view: DataView;
  readonly #end: number;

  constructor(bytes: Uint8Array, { start, end }: Pick<Box, "start" | "end">) {
    this.#view = viewOf(bytes);
    this.offset = start;
    this.#end = end;
  }

  /** @param size 0, 1, 2, 4 or 8 bytes; of 0 the value is 0 */
  uint(size: number): number {
    const { offset } = this;
    if (offset + size > this.#end) throw new HeaderError("a box ends inside a number");
    this.offset += size;
    switch (size) {
      case 0:
        return 0;
      case 1:
        return this.#view.getUint8(offset);
      case 2:
        return this.#view.getUint16(offset);
      case 4:
        return this.#view.getUint32(offset);
      case 8:
        return Number(this.#view.getBigUint64(offset));
      default:
        throw new HeaderError(`expected a number of 0, 1, 2, 4 or 8 bytes, got ${size}`);
    }
  }

  /** The version of a full box; its flags are read too. */
  versionAndFlags(): { version: number; flags: number } {
    const value = this.uint(4);
    return { version: value >>> 24, flags: value & 0xff_ffff };
  }
}
