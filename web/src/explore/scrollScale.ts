/*
 * Browsers limit how high an element can be (16 to 33 million pixels), and 100 million rows are
 * 3 billion. So the scroll bar's element is cut to MAX_SCROLL_PX, and two positions are told apart:
 *
 *   top     where the rows are, in pixels of all rows:      0 … rows * rowPx - viewPx
 *   scroll  where the browser's scroll bar is:              0 … min(…, MAX_SCROLL_PX - viewPx)
 *
 * The bar stands for the top in proportion. The wheel, keys and small strokes of a finger move the
 * top pixel by pixel; then the bar is put where it belongs.
 */
export const MAX_SCROLL_PX = 8_000_000;

export interface Extent {
  rows: number;
  rowPx: number;
  /** What of the rows is seen at a time. */
  viewPx: number;
}

export function contentPx({ rows, rowPx }: Extent): number {
  return Math.min(rows * rowPx, MAX_SCROLL_PX);
}

export function isScaled({ rows, rowPx }: Extent): boolean {
  return rows * rowPx > MAX_SCROLL_PX;
}

export function maxTop({ rows, rowPx, viewPx }: Extent): number {
  return Math.max(0, rows * rowPx - viewPx);
}

export function clampTop(extent: Extent, top: number): number {
  return Math.min(Math.max(0, top), maxTop(extent));
}

function maxScroll(extent: Extent): number {
  return Math.max(0, contentPx(extent) - extent.viewPx);
}

export function scrollOfTop(extent: Extent, top: number): number {
  const end = maxTop(extent);
  return end === 0 ? 0 : (clampTop(extent, top) / end) * maxScroll(extent);
}

export function topOfScroll(extent: Extent, scroll: number): number {
  const end = maxScroll(extent);
  return end === 0 ? 0 : clampTop(extent, (scroll / end) * maxTop(extent));
}

/** The top after the browser has moved the bar from `before` to `scroll`. */
export function topAfterScroll(extent: Extent, top: number, before: number, scroll: number): number {
  const step = scroll - before;
  const atEnd = scroll <= 0 || scroll >= maxScroll(extent) - 0.5;
  if (!isScaled(extent) || atEnd || Math.abs(step) > extent.viewPx) {
    return topOfScroll(extent, scroll);
  }
  return clampTop(extent, top + step);
}

export interface RowRange {
  first: number;
  /** Behind the last. */
  end: number;
}

export function visibleRows({ rows, rowPx, viewPx }: Extent, top: number): RowRange {
  const first = Math.min(Math.floor(top / rowPx), Math.max(0, rows - 1));
  return { first, end: Math.min(rows, Math.ceil((top + viewPx) / rowPx)) };
}

/** The top at which `row` is seen whole, moved as little as possible. */
export function topToShow(extent: Extent, top: number, row: number): number {
  const { rowPx, viewPx } = extent;
  const begin = row * rowPx;
  if (begin < top) return clampTop(extent, begin);
  if (begin + rowPx > top + viewPx) return clampTop(extent, begin + rowPx - viewPx);
  return top;
}
