import { XMLBuilder, XMLParser } from "fast-xml-parser";
import { s3Error } from "./errors.ts";

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";
// `Object`, `Part` and `Tag` repeat: one of them must parse to the same shape as many.
const REPEATED = new Set(["Object", "Part", "Tag"]);

const builder = new XMLBuilder({ ignoreAttributes: false, suppressEmptyNode: false });
const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true, // also decodes numeric references such as &#13;, which keys may need
  isArray: (name) => REPEATED.has(name),
});

/** An element's children by name; an array repeats the element, undefined leaves it out. */
export interface XmlElement {
  readonly [name: string]: XmlValue | readonly XmlValue[] | undefined;
}
type XmlValue = string | number | boolean | XmlElement;

/** A response document with the declaration and, except for errors, S3's namespace. */
export function xmlDocument(root: string, content: XmlElement, namespace = root !== "Error"): string {
  const body = namespace ? { "@_xmlns": NAMESPACE, ...content } : content;
  const text = builder.build({ "?xml": { "@_version": "1.0", "@_encoding": "UTF-8" }, [root]: body });
  // A raw carriage return would be read back as a newline, and other control characters are no XML at all:
  // S3 sends them as references, which its clients accept.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
  return text.replace(/[\u0000-\u0008\u000b-\u001f]/g, (c) => `&#x${c.charCodeAt(0).toString(16)};`);
}

/** Parsed request XML below its root element, which must be called `root`; MalformedXML otherwise. */
export function parseXml(text: string, root: string): Record<string, unknown> {
  // S3's requests have no document type; refusing it rules out entity tricks altogether.
  if (text.includes("<!DOCTYPE")) throw s3Error("MalformedXML");
  let parsed: unknown;
  try {
    parsed = parser.parse(text, true);
  } catch (error) {
    throw s3Error("MalformedXML", { message: `Expected a <${root}> document: ${(error as Error).message}` });
  }
  const element = childOf(parsed, root);
  if (element === undefined) throw s3Error("MalformedXML", { message: `Expected a <${root}> document.` });
  return isRecord(element) ? element : {};
}

/** The text of the child `name`, or undefined when there is none. */
export function textOf(element: unknown, name: string): string | undefined {
  const child = childOf(element, name);
  return typeof child === "string" ? child : undefined;
}

/** All children `name` (one of Object, Part, Tag). */
export function childrenOf(element: unknown, name: string): unknown[] {
  const child = childOf(element, name);
  return Array.isArray(child) ? child : [];
}

/** The child `name` as it was parsed. */
export function childOf(element: unknown, name: string): unknown {
  return isRecord(element) && Object.hasOwn(element, name) ? element[name] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
