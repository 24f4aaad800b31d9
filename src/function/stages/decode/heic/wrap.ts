import type { CodedImage } from "../headers/heic.ts";

/**
 * A HEIC file of one HEVC picture and nothing else. The decoder gets files of ours alone: what uploads hold besides, and how
 * they are put together, is read by `headers/`, and no byte of it reaches the decoder.
 *
 * @see ISO/IEC 23008-12; the items' boxes are those of ISO/IEC 14496-12
 */
export function wrapCodedImage({ configuration, data, width, height }: CodedImage): Uint8Array {
  const meta = (offset: number) =>
    box(
      "meta",
      uint32(0),
      box("hdlr", uint32(0, 0), text("pict"), uint32(0, 0, 0), new Uint8Array(1)),
      box("pitm", uint32(0), uint16(1)),
      box("iloc", uint32(0), uint16(0x4400), uint16(1, 1, 0, 1), uint32(offset, data.length)),
      box("iinf", uint32(0), uint16(1), box("infe", uint32(0x0200_0000), uint16(1, 0), text("hvc1\0"))),
      box(
        "iprp",
        box("ipco", box("hvcC", configuration), box("ispe", uint32(0, width, height))),
        box("ipma", uint32(0, 1), uint16(1), Uint8Array.of(2, 0x81, 2)),
      ),
    );
  const ftyp = box("ftyp", text("heic"), uint32(0), text("mif1heic"));
  const offset = ftyp.length + meta(0).length + 8;
  return Buffer.concat([ftyp, meta(offset), box("mdat", data)]);
}

function box(type: string, ...content: readonly Uint8Array[]): Uint8Array {
  const bytes = content.reduce((sum, { length }) => sum + length, 8);
  return Buffer.concat([uint32(bytes), text(type), ...content]);
}

const text = (ascii: string): Uint8Array => Buffer.from(ascii, "latin1");

function uint32(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

function uint16(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, 2 * index);
  return bytes;
}
