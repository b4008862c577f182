/** Rows as a file for a spreadsheet (RFC 4180). Values stay as the server wrote them. */

type Cell = string | number | boolean | null | undefined;

export function csv(rows: readonly object[]): string {
  const heads = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const line = (cells: readonly Cell[]) => cells.map(cell).join(",");
  return [line(heads), ...rows.map((row) => line(heads.map((head) => (row as Record<string, Cell>)[head])))].join("\r\n") + "\r\n";
}

/** Quotes where it must; a text that a spreadsheet would take for a formula gets an apostrophe. */
function cell(value: Cell): string {
  if (value == null) return "";
  const text = String(value);
  const guarded = /^[=@\t\r]/.test(text) || /^[+-](?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

export function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
