import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const RESERVED_AT_ONCE = 4096n;
const DIGITS = 18;

/**
 * Event sequencers: hex strings of one length, strictly increasing within a server and across restarts, also
 * after a kill and when the clock was set back. `file` keeps an upper bound of what was given out; a restart goes
 * on from there. A new folder starts at the time of day, so that results kept elsewhere do not look newer.
 */
export function createSequencer(file: string): () => string {
  let last = existsSync(file)
    ? BigInt(`0x${readFileSync(file, "utf8").trim()}`)
    : BigInt(Date.now()) * 1_000_000n;
  let reserved = last;
  return () => {
    last += 1n;
    if (last > reserved) {
      reserved = last + RESERVED_AT_ONCE;
      writeFileSync(`${file}.new`, reserved.toString(16));
      renameSync(`${file}.new`, file);
    }
    return last.toString(16).toUpperCase().padStart(DIGITS, "0");
  };
}
