"""What a full window with features costs, seen from outside the process."""

from __future__ import annotations

import numpy as np
import polars as pl
from append import COLUMNS
from report import Report
from server import serve

import headrace as hr

WINDOW_SIZE = 100_000
DERIVED = 5 * (3 * 4 + 3)


def run(report: Report) -> None:
    plan = {"rolling_windows": [5, 50, 500], "lag_periods": [1, 2, 3]}
    values = np.random.default_rng(3).normal(size=(1_000, 5))
    batch = pl.DataFrame(values, schema=COLUMNS)
    with serve() as server:
        client = hr.Client(server.url)
        buffer = client.buffer("memory", create=True, window_size=WINDOW_SIZE)
        buffer.append(batch)
        buffer.latest(**plan)
        before = server.status_kib("VmRSS")
        for _ in range(4 * WINDOW_SIZE // 1_000):
            buffer.append(batch)
        buffer.latest(**plan)
        after = server.status_kib("VmRSS")
        counted = buffer.stats().memory_bytes
    raw = WINDOW_SIZE * 8 * (len(COLUMNS) + DERIVED)
    grown = (after - before) * 1024
    report.figures["memory"] = {
        "raw_bytes": raw,
        "rss_growth_bytes": grown,
        "memory_bytes": counted,
    }
    report.check(f"memory: RSS grew by {grown}, raw bytes are {raw}", grown <= 1.5 * raw)
    rows = [
        ["raw bytes of columns and features", f"{raw / 1e6:.1f}", ""],
        [
            "resident memory, grown while filling and moving on for three windows",
            f"{grown / 1e6:.1f}",
            f"{grown / raw:.2f}",
        ],
        ["`memory_bytes` of the buffer", f"{counted / 1e6:.1f}", f"{counted / raw:.2f}"],
    ]
    title = f"Memory: window {WINDOW_SIZE:,}, 5 columns, 60 rolling features, 15 lags"
    report.table(title, ["", "MB", "× raw"], rows)
