/** Of a model that was taught: which backbone it builds on, and its own head. Hashes in hexadecimal. */
export interface ModelParts {
  readonly backbone: { readonly name: string; readonly sha256: string };
  readonly head: { readonly sha256: string };
}

/**
 * `parts` of config.json, which `model teach` writes.
 *
 * @throws {Error} when it is of another form
 */
export function readParts({ parts }: Readonly<Record<string, unknown>>): ModelParts | undefined {
  if (parts === undefined || parts === null) return undefined;
  const { backbone, head } = parts as Readonly<Partial<Record<string, Partial<Record<string, unknown>>>>>;
  const [name, backboneHash, headHash] = [backbone?.name, backbone?.sha256, head?.sha256];
  if (typeof name === "string" && typeof backboneHash === "string" && typeof headHash === "string")
    return { backbone: { name, sha256: backboneHash }, head: { sha256: headHash } };
  throw new Error(
    `expected parts in config.json to be {backbone: {name, sha256}, head: {sha256}}, got ${JSON.stringify(parts)}`,
  );
}
