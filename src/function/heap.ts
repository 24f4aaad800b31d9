import { setFlagsFromString } from "node:v8";

/**
 * Keeps V8's young generation as large as INIT left it.
 *
 * Lambda starts Node with `--max-semi-space-size` at 5% of the memory size, 88 MB of 1769, and V8 doubles towards that
 * under load, until garbage fills a quarter of the function's memory. What an image leaves behind dies young in any
 * size: after 2,000 images 268 MiB are resident instead of 316 to 477, in the same time. Lambda's command line wins over
 * `NODE_OPTIONS`; V8 reads this one flag whenever it would grow, so that setting it late has a defined effect.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

/**
 * Lets the old generation grow to three times what lives in it before it is marked again.
 *
 * What many uploads in flight hold outlives the young generation, a quarter of a megabyte for each image, and by V8's own
 * measure all of the 23 MiB that live for good are marked again every 70 images. At most 46 MiB more, and no higher peak
 * was seen, for 0.94 of the CPU time: `src/measure/README.md`. After 10,000 images as much is resident as after 1,000.
 */
export function collectSeldom(): void {
  setFlagsFromString("--heap-growing-percent=200");
}
