/** The vector scaled to length 1; of zeros, zeros. */
export function toUnit(values: ArrayLike<number>): Float64Array {
  let squares = 0;
  for (let index = 0; index < values.length; index++) squares += (values[index] ?? 0) ** 2;
  const length = Math.sqrt(squares);
  return Float64Array.from(values, (value) => (length > 0 ? value / length : 0));
}

export function dot(a: Float64Array | undefined, b: Float64Array | undefined): number {
  let sum = 0;
  for (let index = 0; index < (a?.length ?? 0); index++) sum += (a?.[index] ?? 0) * (b?.[index] ?? 0);
  return sum;
}

/** Adds `factor · vector` to `sum`, in place. */
export function addTo(sum: Float64Array | undefined, vector: Float64Array | undefined, factor: number): void {
  if (sum === undefined || vector === undefined) return;
  for (let index = 0; index < sum.length; index++)
    sum[index] = (sum[index] ?? 0) + factor * (vector[index] ?? 0);
}
