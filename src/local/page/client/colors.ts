/** Custom properties of styles/theme.css: one colour a meaning, the same in lists, bars and charts. */
const BY_NAME: Readonly<Record<string, string>> = {
  FetchDuration: "--stage-fetch",
  DecodeDuration: "--stage-decode",
  NormalizeDuration: "--stage-normalize",
  InferDuration: "--stage-infer",
  RankDuration: "--stage-rank",
  PublishDuration: "--stage-publish",
  ImagesClassified: "--good",
  ImagesRejected: "--warn",
  ImagesFailed: "--bad",
  ImagesSuperseded: "--quiet",
  Errors: "--bad",
  Throttles: "--warn",
  rejected: "--warn",
  "failed attempts": "--bad",
};
const BY_STAT: Readonly<Record<string, string>> = {
  p50: "--series-1",
  p90: "--series-2",
  p99: "--series-3",
};
const SERIES = Array.from({ length: 8 }, (_, index) => `--series-${index + 1}`);

/** The custom property of the colour of one series of a chart, given the colours already on that chart. */
export function colorOf(name: string, stat: string, taken: readonly string[]): string {
  const candidates = [BY_NAME[name], BY_STAT[stat], ...SERIES];
  return candidates.find((color) => color !== undefined && !taken.includes(color)) ?? "--quiet";
}

/** The value of a custom property in the current theme, for a canvas. */
export function resolveColor(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}
