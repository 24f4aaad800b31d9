/** Which part of a listing is asked for. */
export interface PageOptions {
  readonly prefix: string;
  /** "" groups nothing. */
  readonly delimiter: string;
  readonly maxKeys: number;
  /** List what sorts behind this key, or "" for all. */
  readonly after: string;
  /** `after` is a common prefix, whose keys have been told already. */
  readonly afterPrefix?: boolean;
}

export interface Page<Entry> {
  readonly entries: readonly Entry[];
  readonly commonPrefixes: readonly string[];
  /** Where the next page starts; undefined on the last. */
  readonly next: { readonly after: string; readonly afterPrefix: boolean } | undefined;
}

/** The keys in the order of their UTF-8 bytes, as S3 lists them. */
export function sortedKeys(objects: ReadonlyMap<string, unknown>): string[] {
  return [...objects.keys()]
    .map((key) => ({ key, bytes: Buffer.from(key) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ key }) => key);
}

/** One page of sorted `keys`; `read` tells what stands for a key, or undefined to leave it out. */
export function listPage<Entry>(
  keys: readonly string[],
  read: (key: string) => Entry | undefined,
  { prefix, delimiter, maxKeys, after, afterPrefix = false }: PageOptions,
): Page<Entry> {
  const entries: Entry[] = [];
  const commonPrefixes: string[] = [];
  let last = { after, afterPrefix };
  const afterBytes = Buffer.from(after);
  for (const key of keys) {
    if (!key.startsWith(prefix)) continue;
    if (after !== "" && Buffer.compare(Buffer.from(key), afterBytes) <= 0) continue;
    const common = commonPrefix(key, prefix, delimiter);
    if (common !== undefined && (common === commonPrefixes.at(-1) || (afterPrefix && common === after)))
      continue;
    const entry = read(key);
    if (entry === undefined) continue;
    if (entries.length + commonPrefixes.length >= maxKeys) {
      return { entries, commonPrefixes, next: maxKeys === 0 ? undefined : last };
    }
    if (common === undefined) entries.push(entry);
    else commonPrefixes.push(common);
    last = { after: common ?? key, afterPrefix: common !== undefined };
  }
  return { entries, commonPrefixes, next: undefined };
}

function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "") return undefined;
  const end = key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}
