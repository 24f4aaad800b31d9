/** Pixels as they leave the decoder: 8-bit sRGB, interleaved R, G, B, top row first, without padding. */
export interface RawImage {
  /** `height * width * 3` bytes. */
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: 3;
}
