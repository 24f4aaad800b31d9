/**
 * One record of comma-separated values by RFC 4180, with its line end. File names and keys come from outside: a text that a
 * spreadsheet would take for a formula is set in quotes after an apostrophe.
 */
export function csvRecord(values: readonly (string | number | undefined)[]): string {
  return `${values.map((value) => (typeof value === "string" ? quote(value) : String(value ?? ""))).join(",")}\r\n`;
}

function quote(value: string): string {
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
