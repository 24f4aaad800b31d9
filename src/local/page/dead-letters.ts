/** The key of the upload that a message in the queue is about, plain; `undefined` when it is about none. */
export function deadLetterKey(body: string): string | undefined {
  try {
    const { Records } = JSON.parse(body) as { Records?: { s3?: { object?: { key?: string } } }[] };
    const key = Records?.[0]?.s3?.object?.key;
    return key === undefined ? undefined : decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
