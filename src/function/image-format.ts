/** In the order in which people are told of them. */
export const imageFormats = ["jpeg", "png", "webp", "gif", "avif", "heic", "tiff"] as const;
export type ImageFormat = (typeof imageFormats)[number];

/** What is accepted unless more is asked for: not TIFF, whose decoder has had memory faults that a file reaches. */
export const defaultFormats: readonly ImageFormat[] = imageFormats.filter((format) => format !== "tiff");
