"""Ticks to bars on one thread beside Polars, DuckDB and pandas; and the last 100 bars at t, as a
backtest asks for them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import duckdb
import numpy as np
import polars as pl
from report import Report, interleaved_seconds

import headrace as hr

MINUTE = 60 * 10**9
FRAMES = ("5m", "15m", "30m", "1h", "2h", "4h", "1d")


def _ticks(rows: int) -> pl.DataFrame:
    rng = np.random.default_rng(20261121)
    ts = 1_704_067_200_000_000_000 + rng.integers(0, 1_200_000_000, rows).cumsum()
    return pl.DataFrame(
        {
            "ts": pl.Series(ts).cast(pl.Datetime("ns", "UTC")),
            "price": 4000 + rng.integers(-1, 2, rows).cumsum() / 64,
            "volume": rng.integers(1, 100, rows).astype(float),
        }
    )


def _store(ticks: pl.DataFrame, frames: tuple[str, ...] = ()) -> hr.BarStore:
    # All bars stay in memory, as those of the others do.
    store = hr.BarStore(history_bars=10_000_000)
    store.append("ES", ticks)
    for frame in frames:
        store.last("ES", frame, 1)
    return store


def _polars(ticks: pl.DataFrame, every: str = "1m") -> pl.DataFrame:
    return ticks.group_by_dynamic("ts", every=every, closed="left", label="left").agg(
        pl.col("price").first().alias("open"),
        pl.col("price").max().alias("high"),
        pl.col("price").min().alias("low"),
        pl.col("price").last().alias("close"),
        pl.col("volume").sum(),
    )


_DUCK = """select time_bucket(interval '1 minute', ts) as ts, first(price) as open,
max(price) as high, min(price) as low, last(price) as close, sum(volume) as volume
from ticks group by 1 order by 1"""


def _contenders(ticks: pl.DataFrame) -> dict[str, Callable[[], object]]:
    # It buckets microseconds only.
    table = ticks.with_columns(pl.col("ts").cast(pl.Datetime("us"))).to_arrow()
    indexed = ticks.to_pandas().set_index("ts")
    connection = duckdb.connect(config={"threads": 1})
    connection.register("ticks", table)

    def pandas() -> object:
        groups = indexed.resample("1min")
        return groups["price"].ohlc().assign(volume=groups["volume"].sum())

    return {
        "headrace": lambda: _store(ticks),
        "headrace, and 7 frames": lambda: _store(ticks, FRAMES),
        "polars": lambda: _polars(ticks),
        "duckdb": lambda: connection.sql(_DUCK).to_arrow_table(),
        "pandas": pandas,
    }


def _check(report: Report, ticks: pl.DataFrame) -> None:
    store = _store(ticks)
    end = int(ticks["ts"].cast(pl.Int64)[-1]) + 86_400 * 10**9
    for every in ("1m", *FRAMES):
        expected = _polars(ticks, every)
        found = store.range("ES", every, 0, end, end).to_polars()
        report.check(f"bars of {every}", found.select(expected.columns).equals(expected))


def _median_microseconds(once: Callable[[int], object], times: list[int]) -> float:
    taken = []
    for at in times:
        begin = time.perf_counter_ns()
        once(at)
        taken.append(time.perf_counter_ns() - begin)
    return float(np.median(taken)) / 1000


def _reads(report: Report, ticks: pl.DataFrame, quick: bool) -> None:
    store = _store(ticks, ("5m",))
    begin = int(ticks["ts"].cast(pl.Int64)[0]) + 1_000 * MINUTE
    times = [begin + i * MINUTE for i in range(1_000 if quick else 5_000)]
    minutes = _polars(ticks)
    frame = minutes.to_pandas().set_index("ts")

    def polars(at: int) -> object:
        ended = minutes.filter(pl.col("ts").cast(pl.Int64) <= at - MINUTE).tail(500)
        return ended.group_by_dynamic("ts", every="5m").agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )

    stamps = frame.index.as_unit("ns").asi8
    rules = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}

    def pandas(at: int) -> object:
        last = int(np.searchsorted(stamps, at - MINUTE, side="right"))
        return frame.iloc[max(0, last - 500) : last].resample("5min").agg(rules)

    taken = {
        "headrace": _median_microseconds(lambda at: store.last("ES", "5m", 100, at=at), times),
        "polars": _median_microseconds(polars, times[:200]),
        "pandas": _median_microseconds(pandas, times[:200]),
    }
    report.figures["bars_last_100_us"] = taken
    cells = [f"{value:,.1f}" for value in taken.values()]
    report.table(
        "The last 100 5-minute bars at t, from Python, median µs",
        ["", "Headrace", "Polars", "pandas"],
        [["t a minute further each time", *cells]],
    )


def run(report: Report) -> None:
    rows = 5_000_000 if report.quick else 50_000_000
    ticks = _ticks(rows)
    _check(report, ticks.head(5_000_000))
    seconds = interleaved_seconds(_contenders(ticks), 3 if report.quick else 5)
    rates = {name: rows / taken / 1e6 for name, taken in seconds.items()}
    report.figures["bars"] = rates
    ours = rates["headrace"]
    cells = [f"{rates[name]:,.0f}" for name in ("headrace", "headrace, and 7 frames")]
    peers = ("polars", "duckdb", "pandas")
    cells += [f"{rates[peer]:,.0f} ({ours / rates[peer]:.1f} ×)" for peer in peers]
    report.table(
        f"{rows:,} sorted ticks to 1-minute bars, one thread, M ticks/s",
        ["", "Headrace", "and 7 coarser frames", "Polars", "DuckDB", "pandas"],
        [["open, high, low, close, volume", *cells]],
    )
    _reads(report, ticks.head(5_000_000), report.quick)
