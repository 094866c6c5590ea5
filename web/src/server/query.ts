/** What a read of a table asks for; absent is not asked for. */
export interface ReadQuery {
  columns?: readonly string[];
  filter?: string;
  order_by?: string;
  limit?: number;
  offset?: number;
  cursor?: string;
  agg?: string;
  downsample?: string;
  x?: string;
  y?: readonly string[];
  by?: string;
  points?: number;
  from?: string;
  to?: string;
  format?: string;
}

/** `"a, b"` where a name in a list has a comma or a quote, as CSV has it. */
export function listItem(name: string): string {
  return /[",]|^\s|\s$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

const KEYWORDS = /^(and|between|escape|false|in|is|like|not|null|or|true)$/i;

/** A column in a filter, an order or an aggregate. */
export function columnWord(name: string): string {
  const plain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !KEYWORDS.test(name);
  return plain ? name : `"${name.replaceAll('"', '""')}"`;
}

export function readUrl(table: string, query: ReadQuery): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === "") continue;
    parts.set(name, Array.isArray(value) ? value.map(listItem).join(",") : String(value));
  }
  if (!parts.has("format")) parts.set("format", "arrows");
  return `/v1/tables/${encodeURIComponent(table)}?${parts}`;
}
