import type { TableInfo } from "../server/tables";

/** The table that an address names, by its full or its plain name; without one the first. */
export function pickTable(tables: readonly TableInfo[], name: string | null): TableInfo | undefined {
  if (name === null) return tables[0];
  return tables.find((t) => t.full_name === name) ?? tables.find((t) => t.name === name);
}
