import { listWindows } from "../server/tables";
import { usePoll } from "../server/usePoll";
import { LIVE_ROWS } from "./chartQuery";

/** A window's size is fixed, but it may be dropped and made anew under its name. */
const WINDOW_MS = 10_000;

/** How many rows of the window are drawn; null until its size is known. */
export function useWindowRows(name: string): number | null {
  const { value } = usePoll(listWindows, WINDOW_MS);
  const size = value?.find(({ buffer_id }) => buffer_id === name)?.window_size;
  return size === undefined ? null : Math.min(size, LIVE_ROWS);
}
