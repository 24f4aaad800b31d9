import { ClassifierError } from "../errors.ts";
import type { ImageRef } from "../image-ref.ts";

const MAX_SHOWN_LENGTH = 200;

export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path of field names, `undefined` where the path ends early. */
export function valueAt(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), value);
}

/** @throws {ClassifierError} `INVALID_EVENT` that names the path */
export function textAt(value: unknown, ...path: string[]): string {
  const text = valueAt(value, ...path);
  if (typeof text === "string" && text !== "") return text;
  throw new ClassifierError("INVALID_EVENT", `expected text at ${path.join(".")}, got ${shown(text)}`);
}

/** A value in a message about it. Senders can nest one deeper than it could be written out. */
export function shown(value: unknown): string {
  try {
    return String(JSON.stringify(value)).slice(0, MAX_SHOWN_LENGTH);
  } catch {
    return "what is nested too deeply to be shown";
  }
}

/**
 * Keys in S3 notifications and S3 Batch Operations are written as in a form: percent-encoded, a space as `+`.
 *
 * @throws {ClassifierError} `INVALID_EVENT`
 */
export function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch (cause) {
    throw new ClassifierError(
      "INVALID_EVENT",
      `expected a URL-encoded key, got ${JSON.stringify(key)}`,
      cause,
    );
  }
}

/** The fields of an {@link ImageRef} that an event may lack, or have as `null`. */
export function optionalFields(
  fields: { readonly [name in OptionalField]?: unknown },
): Pick<ImageRef, OptionalField> {
  const { versionId, eTag, sequencer, sizeBytes } = fields;
  return {
    ...(isText(versionId) && { versionId }),
    ...(isText(eTag) && { eTag }),
    ...(isText(sequencer) && { sequencer }),
    ...(typeof sizeBytes === "number" && { sizeBytes }),
  };
}

type OptionalField = "versionId" | "eTag" | "sequencer" | "sizeBytes";

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
