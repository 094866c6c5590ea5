"""Points for a chart beside tsdownsample, and of files beside the plain scan of two columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import datasets
import numpy as np
import tsdownsample
from report import Report, interleaved_seconds

import headrace as hr

POINTS = 2_000
PEERS = {
    "minmaxlttb": tsdownsample.MinMaxLTTBDownsampler,
    "minmax": tsdownsample.MinMaxDownsampler,
    "m4": tsdownsample.M4Downsampler,
    "lttb": tsdownsample.LTTBDownsampler,
}
# Bins that begin a row earlier may have other extremes, and what is chosen after them too.
SHARED = {"minmaxlttb": 0.9, "minmax": 0.99, "m4": 0.99, "lttb": 0.99}


def run(report: Report) -> None:
    _arrays(report)
    _files(report)


def _arrays(report: Report) -> None:
    rows = 5_000_000 if report.quick else 50_000_000
    values = np.random.default_rng(20261121).normal(size=rows).cumsum()
    table = []
    rates: dict[str, dict[str, float]] = {}
    for method, peer in PEERS.items():

        def theirs(peer: Any = peer) -> Any:
            return peer().downsample(values, n_out=POINTS, parallel=False)

        def ours(method: str = method) -> Any:
            return hr.downsample(values, POINTS, method)

        seconds = interleaved_seconds({"headrace": ours, "tsdownsample": theirs}, 7)
        chosen = ours()
        shared = len(np.intersect1d(chosen, theirs())) / len(chosen)
        report.check(f"downsample {method}: {shared:.3f} shared", shared >= SHARED[method])
        rates[method] = {who: rows / taken / 1e9 for who, taken in seconds.items()}
        ratio = seconds["tsdownsample"] / seconds["headrace"]
        rate = rates[method]
        table.append(
            [
                method,
                f"{rate['headrace']:.2f}",
                f"{rate['tsdownsample']:.2f}",
                f"{ratio:.2f}",
                f"{shared:.1%}",
            ]
        )
    report.figures["downsample"] = rates
    title = f"Downsampling {rows:,} doubles in memory to {POINTS:,} points, one thread"
    header = ["", "Headrace G/s", "tsdownsample G/s", "tsdownsample ÷ Headrace", "same points"]
    report.table(title, header, table)


def _files(report: Report) -> None:
    rows = datasets.tick_rows(report)
    scan = hr.scan(datasets.ticks(rows))
    columns = scan.select("ts", "value")
    runs: dict[str, Callable[[], object]] = {"the two columns": lambda: _pass_over(columns)}
    for method in ("minmaxlttb", "minmax", "m4"):
        chart = scan.downsample(x="ts", y="value", points=POINTS, method=method)
        runs[method] = chart.collect
        counted = chart.count()
        report.check(f"downsample of files: {counted} rows", POINTS // 4 < counted <= POINTS)
    seconds = interleaved_seconds(runs, 5)
    report.figures["downsample_files"] = seconds
    plain = seconds["the two columns"]
    table = [[name, f"{1e3 * t:,.0f}", f"{t / plain:.2f}"] for name, t in seconds.items()]
    title = f"Downsampling {rows:,} rows of Parquet to {POINTS:,} points"
    report.table(title, ["", "ms", "÷ the plain scan"], table)


def _pass_over(scan: hr.Scan) -> int:
    return sum(batch.num_rows for batch in scan)
