import { planGeometry } from "../../../function/model/geometry.ts";
import type { Geometry, Size } from "../../../function/model/preprocessing.ts";

/** A part of an image, in fractions of its sides. */
export interface Fractions {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What of an image reaches the model, by the function's own arithmetic. */
export function keptFractions(size: Size, geometry: Geometry): Fractions {
  const { resize, output, left, top } = planGeometry(size, geometry);
  const span = (start: number, length: number, whole: number) => {
    const from = Math.max(0, start) / whole;
    return [from, Math.min(1, (start + length) / whole) - from] as const;
  };
  const [x, width] = span(left, output.width, resize.width);
  const [y, height] = span(top, output.height, resize.height);
  return { left: x, top: y, width, height };
}

/** What the model is given, in words. */
export function describeGeometry(size: Size, geometry: Geometry): string {
  const { resize, output } = planGeometry(size, geometry);
  const whole = `${resize.width} × ${resize.height}`;
  const kept = `${output.width} × ${output.height}`;
  return whole === kept
    ? `The whole image, as ${kept} pixels`
    : `Of ${whole} pixels the middle ${kept}; its frame is drawn above`;
}
