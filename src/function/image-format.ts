/** In the order in which people are told of them. */
export const imageFormats = ["jpeg", "png", "webp", "gif", "avif", "heic"] as const;
export type ImageFormat = (typeof imageFormats)[number];
