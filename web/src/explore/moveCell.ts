export interface Cell {
  row: number;
  column: number;
}

export interface CellBounds {
  rows: number;
  columns: number;
  /** Rows of a screen. */
  page: number;
}

interface Key {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
}

/** Where a key leads from a cell; null for keys that lead nowhere. */
export function moveCell({ row, column }: Cell, { key, ctrlKey, metaKey }: Key, bounds: CellBounds): Cell | null {
  const all = ctrlKey || metaKey;
  const last = bounds.rows - 1;
  const end = bounds.columns - 1;
  const to = (r: number, c: number): Cell => ({
    row: Math.max(0, Math.min(r, last)),
    column: Math.max(0, Math.min(c, end)),
  });
  switch (key) {
    case "ArrowDown":
      return to(all ? last : row + 1, column);
    case "ArrowUp":
      return to(all ? 0 : row - 1, column);
    case "ArrowRight":
      return to(row, all ? end : column + 1);
    case "ArrowLeft":
      return to(row, all ? 0 : column - 1);
    case "PageDown":
      return to(row + bounds.page, column);
    case "PageUp":
      return to(row - bounds.page, column);
    case "Home":
      return to(all ? 0 : row, 0);
    case "End":
      return to(all ? last : row, end);
    default:
      return null;
  }
}
