const INTEGER = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** `1,204` */
export function formatCount(count: number): string {
  return INTEGER.format(count);
}

/** `1 batch`, `2,000 batches` */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${formatCount(number)} ${number === 1 ? one : many}`;
}

/** Three significant digits: `0.0312`, `4.71`, `318`, `12.4k`, `1.37M`. */
export function formatValue(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 10_000) return formatCount(value);
  const size = Math.abs(value);
  if (size >= 10_000) return COMPACT.format(value).replace("K", "k");
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  return value === 0 ? "0" : Number(value.toPrecision(2)).toString();
}

/** `0.4 ms`, `12 ms`, `1.3 s`, `2 min` */
export function formatDuration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return `${(ms / 60_000).toFixed(0)} min`;
}

/** `97.3 %`; never rounds up to 100. */
export function formatScore(score: number): string {
  const percent = score * 100;
  return percent >= 99.95 && score < 1 ? ">99.9 %" : `${percent.toFixed(1)} %`;
}

/** `48 %`, `<1 %` */
export function formatShare(share: number): string {
  return share > 0 && share < 0.005 ? "<1 %" : `${(100 * share).toFixed(0)} %`;
}

/** `318 B`, `41 kB`, `2.4 MB` */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(0)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Encodes a key for the path of an S3 URL, its slashes kept. */
export function encodeKeyPath(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}
