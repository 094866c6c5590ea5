"""`headrace bars`: files of ticks in, bars out, as Polars makes them."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal
from server_process import BINARY, clean_environment

BAD_CONFIG, BAD_INPUT, ABSENT = 2, 3, 4
NEW_YORK = "America/New_York"
CSV = """ts,price,volume
2024-01-02T09:30:00Z,10,1
2024-01-02T09:31:00Z,nan,1
2024-01-02T09:32:30Z,11,-1
2024-01-02T09:31:30Z,12,1
2024-01-02T09:35:00Z,13,2
"""


def run(*arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(BINARY), "bars", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(),
    )
    assert done.returncode == status, done.stderr
    return done


def made_up_ticks(rows: int, seed: int) -> pl.DataFrame:
    """Six days around the night in which New York's clocks go forward."""
    random = np.random.default_rng(seed)
    begin = int(datetime(2024, 3, 7, tzinfo=ZoneInfo("UTC")).timestamp()) * 10**9
    return pl.DataFrame(
        {
            "ts": pl.Series(begin + np.sort(random.integers(0, 6 * 86_400 * 10**9, rows))),
            "price": np.round(100 + np.cumsum(random.normal(0, 0.01, rows)), 4),
            "volume": random.integers(1, 100, rows).astype(float),
            "symbol": random.choice(["AA", "BB", "CC"], rows),
        }
    ).with_columns(pl.col("ts").cast(pl.Datetime("ns", "UTC")))


def by_polars(ticks: pl.DataFrame, every: str, zone: str, by: str | None = None) -> pl.DataFrame:
    price = pl.col("price")
    return (
        ticks.with_columns(pl.col("ts").dt.convert_time_zone(zone))
        .group_by_dynamic("ts", every=every, group_by=by, start_by="window")
        .agg(
            open=price.first(),
            high=price.max(),
            low=price.min(),
            close=price.last(),
            volume=pl.col("volume").sum(),
            count=pl.len().cast(pl.Int64),
        )
    )


@pytest.fixture(scope="module")
def ticks() -> pl.DataFrame:
    return made_up_ticks(200_000, seed=1)


@pytest.fixture(scope="module")
def file(ticks: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ticks") / "ticks.parquet"
    ticks.write_parquet(path, row_group_size=50_000)
    return path


@pytest.mark.parametrize("every", ["30s", "5m", "1h", "1d", "1w", "1mo"])
@pytest.mark.parametrize("zone", ["UTC", NEW_YORK, "Asia/Kolkata"])
def test_polars_makes_the_same(
    ticks: pl.DataFrame, file: Path, tmp_path: Path, every: str, zone: str
) -> None:
    out = tmp_path / "bars.parquet"
    assert run(file, "--every", every, "--zone", zone, "--output", out).stderr == ""
    bars = pl.read_parquet(out)
    assert bars.schema["ts"] == pl.Datetime("ns", zone)
    assert_frame_equal(bars.drop("vwap"), by_polars(ticks, every, zone), check_exact=True)


def test_symbols_of_their_own(ticks: pl.DataFrame, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "bars.parquet"
    run(file, "--every", "15m", "--by", "symbol", "--output", out)
    expected = by_polars(ticks, "15m", "UTC", by="symbol").sort("symbol", "ts")
    assert_frame_equal(pl.read_parquet(out).drop("vwap"), expected, check_exact=True)


def test_a_symbol_alone_and_the_other_columns(tmp_path: Path, ticks: pl.DataFrame) -> None:
    path = tmp_path / "t.ndjson"
    ticks.head(1000).rename({"ts": "at", "price": "last", "volume": "size"}).write_ndjson(path)
    out = tmp_path / "bars.parquet"
    names = ("--time", "at", "--price", "last", "--volume", "size")
    run(path, *names, "--where", "symbol = 'BB'", "--every", "1m", "--output", out)
    expected = by_polars(ticks.head(1000).filter(pl.col("symbol") == "BB"), "1m", "UTC")
    assert_frame_equal(pl.read_parquet(out).drop("vwap"), expected, check_exact=True)


def test_memory_that_does_not_hold_the_bars(
    ticks: pl.DataFrame, tmp_path: Path, file: Path
) -> None:
    plain, small = tmp_path / "plain.parquet", tmp_path / "small.parquet"
    run(file, "--every", "1s", "--by", "symbol", "--output", plain)
    run(file, "--every", "1s", "--by", "symbol", "--output", small, "--memory", "32MB")
    assert_frame_equal(pl.read_parquet(small), pl.read_parquet(plain), check_exact=True)


def test_a_session_and_labels_on_the_right(ticks: pl.DataFrame, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "bars.parquet"
    session = ("--session", "09:30-16:00", "--zone", NEW_YORK)
    said = run(file, "--every", "1h", *session, "--label", "right", "--output", out).stderr
    local = pl.col("ts").dt.convert_time_zone(NEW_YORK)
    minute = local.dt.hour().cast(pl.Int32) * 60 + local.dt.minute()
    inside = ticks.filter((local.dt.weekday() <= 5) & (minute >= 570) & (minute < 960))
    assert f"{len(ticks) - len(inside)} outside the session" in said
    bars = pl.read_parquet(out)
    assert bars["count"].sum() == len(inside)
    ends = bars["ts"].dt.strftime("%H:%M").unique().sort().to_list()
    assert ends == ["10:30", "11:30", "12:30", "13:30", "14:30", "15:30", "16:00"]


def test_what_is_left_out_is_told_and_gaps_are_filled(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    late = run(path, "--format", "ndjson")
    assert "3 of 5 ticks are in no bar: 1 late (--watermark takes them), 2 invalid" in late.stderr
    assert [json.loads(line)["close"] for line in late.stdout.splitlines()] == [10, 13]
    filled = run(path, "--watermark", "10m", "--gaps", "previous", "--format", "ndjson")
    assert "2 of 5 ticks are in no bar: 2 invalid" in filled.stderr
    rows = [json.loads(line) for line in filled.stdout.splitlines()]
    assert [row["close"] for row in rows] == [10, 12, 12, 12, 12, 13]
    assert [row["volume"] for row in rows] == [1, 1, 0, 0, 0, 2]
    ended = run(path, "--watermark", "10m", "--ended", "--format", "ndjson").stdout
    assert [json.loads(line)["close"] for line in ended.splitlines()] == [10, 12]


@pytest.mark.parametrize("rows", [0, 1])
def test_no_tick_and_one(ticks: pl.DataFrame, tmp_path: Path, rows: int) -> None:
    path, out = tmp_path / "t.parquet", tmp_path / "bars.parquet"
    ticks.head(rows).write_parquet(path)
    run(path, "--by", "symbol", "--output", out)
    table = pq.read_table(out)
    assert table.num_rows == rows
    assert table.column_names[:2] == ["symbol", "ts"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), BAD_CONFIG, "give files of ticks"),
        (("FILE", "--every", "7x"), BAD_CONFIG, "--every: '7x' is no timeframe"),
        (("FILE", "--evry", "1m"), BAD_CONFIG, "did you mean '--every'?"),
        (("FILE", "--zone", "Amerika/New_York"), BAD_CONFIG, "did you mean 'America/New_York'?"),
        (("FILE", "--session", "9"), BAD_CONFIG, "--session"),
        (("FILE", "--gaps", "zero"), BAD_CONFIG, "--gaps"),
        (("FILE", "--label", "up"), BAD_CONFIG, "--label"),
        (("FILE", "--watermark", "1d"), BAD_CONFIG, "--watermark"),
        (("FILE", "--price", "prise"), ABSENT, "did you mean 'price'?"),
        (("FILE", "--price", "symbol"), BAD_INPUT, "symbol"),
        (("FILE", "--by", "nothing"), ABSENT, "nothing"),
        (("FILE", "--where", "price >"), BAD_CONFIG, "price >"),
        (("nowhere.parquet",), ABSENT, "nowhere.parquet"),
    ],
)
def test_refusals(
    file: Path, tmp_path: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    given = [str(file) if argument == "FILE" else argument for argument in arguments]
    failed = run(*given, "--output", tmp_path / "bars.parquet", status=status)
    assert said in failed.stderr
    assert list(tmp_path.iterdir()) == []
