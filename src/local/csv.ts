/** One record of comma-separated values by RFC 4180, with its line end. */
export function csvRecord(values: readonly (string | number | undefined)[]): string {
  return `${values.map((value) => quote(String(value ?? ""))).join(",")}\r\n`;
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
