"""A window's last rows as a line that moves, with its rolling mean."""

import datetime
import tkinter as tk
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headrace_tk import style

Doubles = npt.NDArray[np.float64]

LEFT, RIGHT, TOP, BOTTOM = 62, 18, 14, 30
MARKS = 5


class Ring:
    """The last `capacity` rows of three columns, side by side."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.columns: Doubles = np.empty((3, 0))

    def push(self, batch: pa.RecordBatch, begins: bool) -> None:
        new = np.stack([doubles_of(column) for column in batch.columns])
        before = self.columns[:, :0] if begins else self.columns
        self.columns = np.concatenate([before, new], axis=1)[:, -self.capacity :]


class ChartView(tk.Canvas):
    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, background=style.CARD, highlightthickness=0, height=260)
        self.is_time = False
        self.ring = Ring(1)
        self.bind("<Configure>", lambda _: self.draw())

    def open(self, capacity: int, is_time: bool) -> None:
        self.ring = Ring(capacity)
        self.is_time = is_time
        self.draw()

    def draw(self) -> None:
        self.delete("all")
        width, height = self.winfo_width() - LEFT - RIGHT, self.winfo_height() - TOP - BOTTOM
        xs, ys, means = self.ring.columns
        known = np.isfinite(ys) & np.isfinite(xs)
        if known.sum() < 2 or width < 40 or height < 40:
            middle = (self.winfo_width() // 2, self.winfo_height() // 2)
            self.create_text(*middle, text="No rows yet", fill=style.QUIET, font="HeadraceSmall")
            return
        low, high = float(ys[known].min()), float(ys[known].max())
        pad = (high - low or abs(high) or 1.0) * 0.06
        low, high = low - pad, high + pad
        begin, end = float(xs[known].min()), float(xs[known].max())
        self._draw_axes(begin, end, low, high, width, height)
        places = LEFT + (xs - begin) / (end - begin or 1.0) * width
        for values, colour, thick in ((ys, style.ACCENT, 1), (means, style.SECOND, 2)):
            heights = TOP + (high - values) / (high - low) * height
            for line in pieces(places, heights, width):
                self.create_line(line, fill=colour, width=thick, joinstyle="round", tags="line")

    def _draw_axes(
        self, begin: float, end: float, low: float, high: float, width: int, height: int
    ) -> None:
        for i in range(MARKS):
            share = i / (MARKS - 1)
            y = TOP + share * height
            self.create_line(LEFT, y, LEFT + width, y, fill=style.GRID)
            value = f"{high - share * (high - low):.4g}"
            self.create_text(
                LEFT - 10, y, text=value, anchor="e", fill=style.QUIET, font="HeadraceSmall"
            )
            x = LEFT + share * width
            anchor = ("nw", "n", "n", "n", "ne")[i]
            text = self._place_text(begin + share * (end - begin), end - begin)
            self.create_text(
                x,
                TOP + height + 9,
                text=text,
                anchor=anchor,
                fill=style.QUIET,
                font="HeadraceSmall",
            )

    def _place_text(self, x: float, span: float) -> str:
        if not self.is_time:
            return f"{x:,.6g}"
        at = datetime.datetime.fromtimestamp(x, datetime.UTC)
        return at.strftime("%H:%M:%S" if span < 7200 else "%m-%d %H:%M")


def doubles_of(column: pa.Array) -> Doubles:
    """Numbers, or seconds since 1970; null is NaN."""
    if pa.types.is_timestamp(column.type):
        per_second = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[column.type.unit]
        whole = column.cast(pa.int64()).to_numpy(zero_copy_only=False)
        return np.asarray(whole, np.float64) / per_second
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))


def pieces(places: Doubles, heights: Doubles, width: int) -> Sequence[list[float]]:
    """A line as Tk draws it, broken where a value is missing; of many rows each pixel keeps its
    least and its greatest, so that no peak is lost and no point drawn twice."""
    lines: list[list[float]] = []
    gaps = np.flatnonzero(~np.isfinite(heights))
    for part in np.split(np.arange(len(heights)), gaps):
        part = part[np.isfinite(heights[part])]
        if len(part) > 4 * width:
            part = extremes(part, heights[part], width)
        if len(part) > 1:
            lines.append(np.stack([places[part], heights[part]], axis=1).ravel().tolist())
    return lines


def extremes(part: npt.NDArray[np.int64], heights: Doubles, bins: int) -> npt.NDArray[np.int64]:
    rows = len(part) // bins * bins
    shaped = heights[:rows].reshape(bins, -1)
    begins = np.arange(bins) * shaped.shape[1]
    kept = np.concatenate([begins + shaped.argmin(1), begins + shaped.argmax(1), [len(part) - 1]])
    return part[np.unique(kept)]
