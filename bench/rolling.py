"""Rolling statistics of one column, one thread, beside Polars, bottleneck and numbagg."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from fractions import Fraction

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import bottleneck
import numbagg
import numpy as np
import polars as pl
from report import Report, interleaved_seconds

import headrace as hr

WINDOWS = (5, 100, 10_000)
STATS = ("mean", "std", "min", "max")


def _contenders(values: np.ndarray, stat: str, window: int) -> dict[str, Callable[[], object]]:
    series = pl.Series(values)
    out = np.zeros_like(values)
    options = {"window_size": window, "min_samples": 1}
    runs: dict[str, Callable[[], object]] = {
        "headrace": lambda: hr.rolling(values, stat, window),
        "headrace into": lambda: hr.rolling(values, stat, window, out=out),
        "polars": lambda: getattr(series, f"rolling_{stat}")(**options),
    }
    move = getattr(bottleneck, f"move_{stat}")
    extra = {"ddof": 1} if stat == "std" else {}
    runs["bottleneck"] = lambda: move(values, window, min_count=1, **extra)
    if stat in ("mean", "std"):
        numbagg_move = getattr(numbagg, f"move_{stat}")
        runs["numbagg"] = lambda: numbagg_move(values, window=window, min_count=1)
    return runs


def _exact(values: np.ndarray, row: int, window: int, stat: str) -> float:
    part = [Fraction(float(v)) for v in values[max(0, row - window + 1) : row + 1]]
    if stat == "min":
        return float(min(part))
    if stat == "max":
        return float(max(part))
    mean = sum(part) / len(part)
    if stat == "mean":
        return float(mean)
    if len(part) < 2:
        return math.nan
    return math.sqrt(sum((v - mean) ** 2 for v in part) / (len(part) - 1))


def _check(report: Report, values: np.ndarray, stat: str, window: int) -> None:
    ours = hr.rolling(values, stat, window)
    rows = np.linspace(window, len(values) - 1, 5 if window > 1000 else 25).astype(int)
    for row in rows:
        exact = _exact(values, int(row), window, stat)
        near = abs(ours[row] - exact) <= 1e-12 * max(abs(exact), 1e-300)
        report.check(f"rolling {stat} w={window} row {row}: {ours[row]!r}, exact {exact!r}", near)


def _into(rates: dict[str, dict[str, float]], stat: str, window: int) -> float:
    return rates[f"{stat}_{window}"]["headrace into"]


def run(report: Report) -> None:
    rows = 1_000_000 if report.quick else 10_000_000
    values = np.random.default_rng(20261121).normal(size=rows).cumsum()
    table = []
    rates: dict[str, dict[str, float]] = {}
    for stat in STATS:
        for window in WINDOWS:
            seconds = interleaved_seconds(
                _contenders(values, stat, window), 3 if report.quick else 5
            )
            _check(report, values, stat, window)
            rate = {name: rows / taken / 1e6 for name, taken in seconds.items()}
            rates[f"{stat}_{window}"] = rate
            ours = rate["headrace"]
            table.append(
                [f"{stat}, w = {window:,}", f"{rate['headrace into']:,.0f}", f"{ours:,.0f}"]
                + [
                    f"{rate[peer]:,.0f} ({ours / rate[peer]:.1f} ×)" if peer in rate else ""
                    for peer in ("polars", "bottleneck", "numbagg")
                ]
            )
    report.figures["rolling"] = rates
    title = f"Rolling statistics, {rows:,} doubles, one thread, M values/s"
    header = ["", "Headrace, `out=` given", "Headrace", "Polars", "bottleneck", "numbagg"]
    report.table(title, header, table)
    flat = [
        [
            stat,
            f"{_into(rates, stat, 100) / _into(rates, stat, 10_000):.2f}",
        ]
        for stat in STATS
    ]
    report.table("Time at w = 10,000 over time at w = 100", ["", "ratio"], flat)
    _hard_cases(report)


def _hard_cases(report: Report) -> None:
    inf = math.inf
    cases = {
        "[1, 1e-7, 0 × 8], w = 5": (np.array([1.0, 1e-7] + [0.0] * 8), 5),
        "2820376000.0 × 3 after larger moves, w = 3": (
            np.array([1e10, -3e10, 2e10, 2820376000.0, 2820376000.0, 2820376000.0]),
            3,
        ),
        "1e8 ± 1, 1,000 rows, w = 20": (1e8 + np.random.default_rng(1).normal(size=1000), 20),
        "after 1e17, w = 3": (np.array([1e17, 1.0, 2.0, 4.0, 8.0, 16.0]), 3),
        "after inf, w = 3": (np.array([inf, 1.0, 2.0, 4.0, 8.0, 16.0]), 3),
    }
    table = []
    for title, (values, window) in cases.items():
        row = len(values) - 1
        exact = _exact(values, row, window, "std")
        cells = [title]
        for name, once in _contenders(values, "std", window).items():
            if name == "headrace into":
                continue
            got = float(np.asarray(once())[row])
            wrong = abs(got - exact) > 1e-12 * exact if exact else got != 0
            if name == "headrace":
                report.check(f"{title}: {got!r}, exact {exact!r}", not wrong)
            error = (
                "exact"
                if got == exact
                else f"{abs(got - exact) / exact:.0e}"
                if exact
                else f"{got:.3g}"
            )
            cells.append(f"**{error}**" if wrong else error)
        table.append(cells)
    header = ["std of the last row: relative error", "Headrace", "Polars", "bottleneck", "numbagg"]
    report.table("Hard cases (bold: off by more than 1e-12)", header, table)
