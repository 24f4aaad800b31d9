/**
 * URL encoding as S3 writes keys in notifications and under `encoding-type=url`: a space becomes `+`, `/` stays,
 * everything but letters, digits and `.-*_` becomes %XX of its UTF-8 (the rules of Java's URLEncoder).
 */
export function encodeKey(key: string): string {
  return encodeURIComponent(key.toWellFormed())
    .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+")
    .replaceAll("%2F", "/");
}
