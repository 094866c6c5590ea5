"""Bars against pandas and Polars, which know nothing of Headrace's clocks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import headrace as hr

MINUTE = 60 * 10**9
OHLC = ["open", "high", "low", "close"]


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> Iterator[int]:
    value = random.SystemRandom().randrange(2**32)
    print(f"seed {value}")
    yield value


def some_ticks(seed: int, start: str, rows: int = 20_000, longest_s: int = 60) -> pl.DataFrame:
    """Ticks with gaps; sums of what they hold are exact in a double."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(0, longest_s * 10**9, rows)
    steps[rng.integers(0, rows, 30)] += rng.integers(0, 20 * 3600, 30) * 10**9
    ts = np.datetime64(start, "ns").astype("int64") + steps.cumsum()
    return pl.DataFrame(
        {
            "ts": pl.Series(ts).cast(pl.Datetime("ns", "UTC")),
            "price": 4000 + rng.integers(-6400, 6400, rows) / 64,
            "volume": rng.integers(0, 6400, rows) / 64,
        }
    )


def nanoseconds(frame: hr.Frame, column: str = "ts") -> list[int]:
    values: list[int] = frame.to_arrow()[column].cast(pa.int64()).to_pylist()
    return values


def all_bars(store: hr.BarStore, timeframe: str, at: int) -> hr.Frame:
    return store.range("ES", timeframe, 0, at + 1, at)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize(
    ("timeframe", "rule"),
    [("1m", "1min"), ("5m", "5min"), ("15 minutes", "15min"), ("30m", "30min"), ("1d", "1D")],
)
def test_equals_pandas(seed: int, zone: str, timeframe: str, rule: str) -> None:
    ticks = some_ticks(seed, "2024-03-08")  # with the change of clocks in New York
    store = hr.BarStore(zone=zone)
    assert store.append("ES", ticks).appended == ticks.height
    at = int(ticks["ts"].cast(pl.Int64)[-1]) + 2 * 86_400 * 10**9

    table = ticks.to_pandas().set_index("ts").tz_convert(zone)
    # Days go by the zone's midnights whatever the origin.
    anchor = {} if rule == "1D" else {"origin": "epoch"}
    groups = table.resample(rule, closed="left", label="left", **anchor)
    expected = groups["price"].ohlc()
    expected["volume"] = groups["volume"].sum()
    expected["count"] = groups["price"].count()
    expected["vwap"] = (table["price"] * table["volume"]).resample(rule, **anchor).sum()
    expected["vwap"] /= expected["volume"]
    expected = expected[expected["count"] > 0]

    found = all_bars(store, timeframe, at)
    assert nanoseconds(found) == expected.index.as_unit("ns").astype("int64").tolist()
    for column in [*OHLC, "volume", "count"]:
        assert found[column].tolist() == expected[column].tolist(), column
    np.testing.assert_allclose(found["vwap"], expected["vwap"], rtol=1e-12)


@pytest.mark.parametrize("every", ["1m", "5m", "15m", "30m", "1h", "2h", "4h", "1d", "1w", "1mo"])
def test_equals_polars(seed: int, every: str) -> None:
    ticks = some_ticks(seed, "2024-01-01", longest_s=600)
    store = hr.BarStore()
    store.append("ES", ticks)
    at = int(ticks["ts"].cast(pl.Int64)[-1]) + 62 * 86_400 * 10**9
    expected = ticks.group_by_dynamic("ts", every=every, closed="left", label="left").agg(
        pl.col("price").first().alias("open"),
        pl.col("price").max().alias("high"),
        pl.col("price").min().alias("low"),
        pl.col("price").last().alias("close"),
        pl.col("volume").sum(),
        pl.len().cast(pl.Int64).alias("count"),
    )
    found = all_bars(store, every, at).to_polars()
    assert found.select(expected.columns).equals(expected)


def test_no_answer_depends_on_what_came_after(seed: int) -> None:
    rng = random.Random(seed)
    ticks = some_ticks(seed, "2024-11-01", rows=5_000)
    whole = hr.BarStore(zone="America/New_York", history_bars=200, trim_bars=50)
    whole.append("ES", ticks)
    for _ in range(8):
        at = int(ticks["ts"].cast(pl.Int64)[rng.randrange(1, ticks.height)]) + rng.choice(
            [0, 1, -1]
        )
        past = hr.BarStore(zone="America/New_York")
        past.append("ES", ticks.filter(pl.col("ts").cast(pl.Int64) <= at))
        for timeframe in ["1m", "5m", "1h", "4h", "day"]:
            seen = whole.last("ES", timeframe, 50, at=at).to_polars()
            known = past.last("ES", timeframe, 50, at=at).to_polars()
            assert seen.equals(known), (timeframe, at)


def test_sessions_and_half_days() -> None:
    calendar = hr.SessionCalendar(
        "stocks",
        time(9, 30),
        time(16),
        holidays=[date(2024, 11, 28)],
        half_days={date(2024, 11, 29): (time(9, 30), time(13))},
    )
    zone = ZoneInfo("America/New_York")
    store = hr.BarStore(zone="America/New_York", sessions=[calendar])
    begin = datetime(2024, 11, 27, 9, 0, tzinfo=zone)
    ts = np.datetime64(begin.astimezone(UTC).replace(tzinfo=None), "ns").astype("int64")
    ticks = pa.table(
        {
            "ts": ts + np.arange(3 * 24 * 60) * MINUTE,
            "price": np.arange(3 * 24 * 60, dtype=float),
            "volume": np.ones(3 * 24 * 60),
        }
    )
    counts = store.append("ES", ticks, session="stocks")
    assert counts.appended == 390 + 210
    assert counts.out_of_session == 3 * 24 * 60 - 600
    half = datetime(2024, 11, 29, 13, 0, tzinfo=zone)
    days = store.last("ES", "1d", 5, at=half, session="stocks")
    assert days["count"].tolist() == [390, 210]
    assert store.last("ES", "1d", 5, at=datetime(2024, 11, 29, 12, 59, tzinfo=zone),
                      session="stocks").num_rows == 1  # fmt: skip


def test_bars_and_reading() -> None:
    store = hr.BarStore()
    minutes = pl.DataFrame(
        {
            "ts": [i * MINUTE for i in (0, 1, 2, 5)],
            "open": [1.0, 2, 3, 4],
            "high": [2.0, 3, 4, 5],
            "low": [0.5, 1, 2, 3],
            "close": [2.0, 3, 4, 4.5],
            "volume": [10, 20, 30, 40],
        }
    )
    assert store.append("ES", minutes, timeframe="1m").appended == 4
    again = store.append("ES", minutes, timeframe="1m")
    assert (again.appended, again.duplicates) == (0, 4)
    five = store.last("ES", "5m", 10)
    assert five.to_polars()["volume"].to_list() == [60.0]
    assert five.to_arrow()["vwap"].null_count == 1
    assert store.last("ES", "5m", 1, label="right").row(0)["ts"].minute == 5
    forming = store.last("ES", "5m", 10, forming=True)
    assert forming["forming"].tolist() == [False, True]
    filled = store.range("ES", "1m", 0, 6 * MINUTE, gaps="previous").to_polars()
    assert filled["close"].to_list() == [2, 3, 4, 4, 4, 4.5]
    assert filled["volume"].to_list() == [10, 20, 30, 0, 0, 40]
    assert store.range("ES", "1m", 0, 6 * MINUTE, gaps="null")["close"].size == 6
    assert store.last_price("ES", 3 * MINUTE) == 4
    assert store.last_price("ES", 0) is None
    asof = store.asof(["ES"], "1m", [0, MINUTE, 4 * MINUTE]).to_polars()
    assert asof["close"].to_list() == [None, 2, 4]


def test_bars_as_they_close(seed: int) -> None:
    ticks = some_ticks(seed, "2024-01-01", rows=3_000)
    store = hr.BarStore()
    store.append("ES", ticks)
    end = int(ticks["ts"].cast(pl.Int64)[-1]) + 86_400 * 10**9
    bars = list(store.closed("ES", ["1m", "1h", "1d"], 0, end))
    assert [(b.end, b.end - b.start) for b in bars] == sorted(
        (b.end, b.end - b.start) for b in bars
    )
    assert sum(b.count for b in bars if b.timeframe == "1m") == ticks.height
    assert sum(b.count for b in bars if b.timeframe == "1d") == ticks.height
    middle = bars[len(bars) // 2].end
    assert list(store.closed("ES", ["1m", "1h", "1d"], middle, end)) == [
        b for b in bars if b.end > middle
    ]


def test_memory_and_statistics(seed: int) -> None:
    ticks = some_ticks(seed, "2024-01-01", rows=40_000, longest_s=90)
    store = hr.BarStore(history_bars=300, future_bars=100, trim_bars=100, memory_limit="300 kB")
    store.append("ES", ticks)
    kept = store.last("ES", "1m", 50)
    before = kept.to_polars().clone()
    for at in range(0, 30_000, 500):
        store.last("ES", "5m", 20, at=int(ticks["ts"].cast(pl.Int64)[at]))
    stats = store.stats()
    assert stats["misses"] > 0
    assert stats["series"][0]["spilled_rows"] > 1_000
    assert stats["bytes"] < 600_000
    assert kept.to_polars().equals(before)


def test_errors() -> None:
    store = hr.BarStore()
    tick = pa.table({"ts": [0], "price": [1.0], "volume": [1.0]})
    store.append("ES", tick)
    with pytest.raises(hr.UnknownName):
        store.last("NQ", "5m", 1)
    with pytest.raises(hr.InvalidArgument):
        store.last("ES", "5 parsecs", 1)
    with pytest.raises(hr.InvalidArgument):
        store.last("ES", "30s", 1)
    with pytest.raises(hr.InvalidArgument):
        store.last("ES", "5m", 1, gaps="zero")  # type: ignore[arg-type]
    with pytest.raises(hr.InvalidArgument):
        store.last_price("ES", datetime(2024, 1, 1))
    with pytest.raises(hr.UnknownName):
        store.append("ES", tick, price="close")
    with pytest.raises(hr.InvalidArgument):
        hr.BarStore(zone="Mars/Olympus")
    with pytest.raises(hr.TypeMismatch):
        store.append("ES", pa.table({"ts": ["x"], "price": [1.0], "volume": [1.0]}))
