import prices from "./prices.json" with { type: "json" };

/** Every price, its source and the date it was looked up: `prices.json`. */
export const PRICES = prices;

export type Prices = typeof prices;

export type Architecture = "arm64" | "x86";
