"""Appends and features over HTTP on one keep-alive connection, beside a bare socket."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import polars as pl
from append import COLUMNS, WINDOW_SIZE, _polars_features
from report import BUILD, Report, median_seconds
from server import serve

import headrace as hr

# name: title, goal in microseconds (None: as a multiple of the bare socket)
ROWS = {
    "append_1": ("append 1 row", None),
    "append_100": ("append 100 rows", 150),
    "append_1000": ("append 1,000 rows", 1_000),
    "features_kept": ("60 rolling features, 15 lags, 10,000 rows as Arrow, kept up to date", 5_000),
    "features_from_scratch": ("the same from scratch", 10_000),
}


def run(report: Report) -> None:
    values = np.random.default_rng(3).normal(size=(WINDOW_SIZE, 5)).cumsum(axis=0)
    frame = pl.DataFrame(values, schema=COLUMNS)
    with serve() as server:
        client = hr.Client(server.url)
        client.buffer("latency", create=True, window_size=1000)
        features = client.buffer("features", create=True, window_size=WINDOW_SIZE)
        features.append(frame)
        measured = subprocess.run(
            [str(BUILD / "bench" / "http_latency"), str(server.port)],
            check=True,
            capture_output=True,
            text=True,
        )
    figures = json.loads(measured.stdout)
    derived = _polars_features()
    figures["polars_features_us"] = 1e6 * median_seconds(lambda: frame.with_columns(derived), 10)
    bare = figures["bare_socket"]["p50_us"]
    rows = [
        [
            "bare socket, 300 bytes there, 200 back",
            f"{bare:.1f}",
            f"{figures['bare_socket']['p99_us']:.1f}",
            "",
        ]
    ]
    for name, (title, goal) in ROWS.items():
        each = figures[name]
        aim = f"≤ {goal:,}" if goal else f"≤ 2.5 × bare socket = {2.5 * bare:.0f}"
        rows.append([title, f"{each['p50_us']:,.1f}", f"{each['p99_us']:,.1f}", aim])
    rows.append(
        [
            "Polars computing the same features, no HTTP",
            f"{figures['polars_features_us']:,.1f}",
            "",
            "",
        ]
    )
    report.figures["http"] = figures
    report.table("HTTP on one keep-alive connection, µs", ["", "p50", "p99", "goal (p50)"], rows)
