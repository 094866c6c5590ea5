"""Appends to a window of 10,000 rows with 60 rolling features and 15 lags kept up to date."""

from __future__ import annotations

import json
import subprocess
import time

import numpy as np
import polars as pl
from report import BUILD, Report, percentile

import headrace as hr

COLUMNS = [f"column_{c}" for c in range(5)]
WINDOW_SIZE = 10_000
WINDOWS = (5, 50, 500)


def _native() -> dict[str, dict[str, float]]:
    program = BUILD / "src" / "window" / "window_benchmark"
    done = subprocess.run(
        [str(program), "--benchmark_format=json", "--benchmark_filter=AppendOneRow|LatestVector"],
        check=True,
        capture_output=True,
        text=True,
    )
    return {each["name"]: each for each in json.loads(done.stdout)["benchmarks"]}


def _python(rounds: int) -> list[float]:
    buffer = hr.Buffer("bench", window_size=WINDOW_SIZE)
    plan = hr.FeaturePlan(rolling_windows=WINDOWS, lag_periods=(1, 2, 3))
    rows = np.random.default_rng(7).normal(size=(rounds + WINDOW_SIZE, 5)).cumsum(axis=0)
    dicts = [dict(zip(COLUMNS, row.tolist(), strict=True)) for row in rows]
    buffer.append(dicts[:WINDOW_SIZE])
    buffer.latest_vector(plan)
    taken = []
    for row in dicts[WINDOW_SIZE:]:
        start = time.perf_counter_ns()
        buffer.append(row)
        buffer.latest_vector(plan)
        taken.append((time.perf_counter_ns() - start) / 1e3)
    return taken


def _polars_features() -> list[pl.Expr]:
    derived = []
    for name in COLUMNS:
        column = pl.col(name)
        for window in WINDOWS:
            for stat in ("mean", "std", "min", "max"):
                rolled = getattr(column, f"rolling_{stat}")(window, min_samples=1)
                derived.append(rolled.fill_null(0.0).alias(f"{name}_rolling_{stat}_{window}"))
        derived += [column.shift(n).fill_null(0.0).alias(f"{name}_lag_{n}") for n in (1, 2, 3)]
    return derived


def _polars(rounds: int) -> list[float]:
    """The best that a Polars user can do: compute only the rows that the newest features need."""
    frame = pl.DataFrame(np.random.default_rng(7).normal(size=(WINDOW_SIZE, 5)), schema=COLUMNS)
    derived = _polars_features()
    taken = []
    for _ in range(rounds):
        row = {name: 1.0 for name in COLUMNS}
        start = time.perf_counter_ns()
        frame = pl.concat([frame, pl.DataFrame([row])]).tail(WINDOW_SIZE)
        frame.tail(max(WINDOWS) + 1).with_columns(derived).tail(1).to_numpy()
        taken.append((time.perf_counter_ns() - start) / 1e3)
    return taken


def run(report: Report) -> None:
    native = _native()
    ours = _python(5_000 if report.quick else 100_000)
    peer = _polars(50 if report.quick else 500)
    rows = []
    for name, title in {
        "AppendOneRow/0/iterations:400000": "C++, no features",
        "AppendOneRow/5/iterations:400000": "C++, windows 5, 50, 500",
        "AppendOneRow/100/iterations:400000": "C++, windows 100, 1,000, 10,000",
    }.items():
        each = native[name]
        rows.append([title] + [f"{each[key] / 1e3:.2f}" for key in ("p50_ns", "p99_ns", "p999_ns")])
    for title, taken in {
        "Python: dict in, NumPy row out, windows 5, 50, 500": ours,
        "Polars: append, then features of the last row": peer,
    }.items():
        rows.append([title] + [f"{percentile(taken, share):.2f}" for share in (0.5, 0.99, 0.999)])
    report.figures["append"] = {
        "native": native,
        "python_p50_us": percentile(ours, 0.5),
        "polars_p50_us": percentile(peer, 0.5),
    }
    title = "Append of one row, 5 columns, 60 rolling features and 15 lags, window 10,000, µs"
    report.table(title, ["", "p50", "p99", "p99.9"], rows)
