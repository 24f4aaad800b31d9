import { ByteBuffer } from "flatbuffers";
import { CommandError } from "../errors.ts";

/**
 * One FlatBuffers table, read field by field. Every offset is checked against the file's length, because
 * `ByteBuffer` itself reads past the end of a truncated file without complaint.
 */
export class Table {
  readonly #buffer: ByteBuffer;
  readonly #position: number;

  constructor(buffer: ByteBuffer, position: number) {
    this.#buffer = buffer;
    this.#position = this.#within(position, 4);
    const vtable = position - buffer.readInt32(position);
    this.#within(vtable, 4);
    this.#within(vtable, buffer.readUint16(vtable));
  }

  /** The root table of a file. */
  static root(bytes: Uint8Array): Table {
    // A plain view: `slice()` of a Node Buffer would share the file's memory where a copy is meant.
    const buffer = new ByteBuffer(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return new Table(buffer, buffer.readInt32(0));
  }

  byte(field: number, fallback: number): number {
    const at = this.#at(field, 1);
    return at === undefined ? fallback : this.#buffer.readInt8(at);
  }

  int(field: number, fallback: number): number {
    const at = this.#at(field, 4);
    return at === undefined ? fallback : this.#buffer.readInt32(at);
  }

  float(field: number, fallback: number): number {
    const at = this.#at(field, 4);
    return at === undefined ? fallback : this.#buffer.readFloat32(at);
  }

  string(field: number): string {
    const at = this.#at(field, 4);
    if (at === undefined) return "";
    const start = this.#within(at + this.#buffer.readInt32(at), 4);
    const length = this.#buffer.readInt32(start);
    this.#within(start + 4, length);
    return new TextDecoder().decode(this.#buffer.bytes().subarray(start + 4, start + 4 + length));
  }

  table(field: number): Table | undefined {
    const at = this.#at(field, 4);
    return at === undefined ? undefined : new Table(this.#buffer, at + this.#buffer.readInt32(at));
  }

  tables(field: number): Table[] {
    return this.#elements(field, 4, (at) => new Table(this.#buffer, at + this.#buffer.readInt32(at)));
  }

  ints(field: number): number[] {
    return this.#elements(field, 4, (at) => this.#buffer.readInt32(at));
  }

  longs(field: number): number[] {
    return this.#elements(field, 8, (at) => Number(this.#buffer.readInt64(at)));
  }

  floats(field: number): number[] {
    return this.#elements(field, 4, (at) => this.#buffer.readFloat32(at));
  }

  /** A vector of bytes as a view into the file, not a copy. */
  bytes(field: number): Uint8Array {
    const { start, length } = this.#vector(field, 1);
    return this.#buffer.bytes().subarray(start, start + length);
  }

  #elements<T>(field: number, size: number, read: (at: number) => T): T[] {
    const { start, length } = this.#vector(field, size);
    return Array.from({ length }, (_, index) => read(start + index * size));
  }

  #vector(field: number, size: number): { start: number; length: number } {
    const at = this.#at(field, 4);
    if (at === undefined) return { start: 0, length: 0 };
    const head = this.#within(at + this.#buffer.readInt32(at), 4);
    const length = this.#buffer.readInt32(head);
    this.#within(head + 4, length * size);
    return { start: head + 4, length };
  }

  #at(field: number, size: number): number | undefined {
    const offset = this.#buffer.__offset(this.#position, 4 + 2 * field);
    return offset === 0 ? undefined : this.#within(this.#position + offset, size);
  }

  #within(position: number, size: number): number {
    if (!(position >= 0 && size >= 0 && position + size <= this.#buffer.capacity())) {
      throw new CommandError(
        "FILE_UNREADABLE",
        `expected ${size} bytes at offset ${position}, the file has ${this.#buffer.capacity()}: it is damaged or was cut short`,
      );
    }
    return position;
  }
}
