"""The files that the scan is measured on, made once and kept below build/."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from report import ROOT, Report

FOLDER = ROOT / "build" / "bench-data"
ROW_GROUP = 1 << 20
SENSORS = 1_000


def tick_rows(report: Report) -> int:
    return 10_000_000 if report.quick else 100_000_000


def ticks(rows: int) -> Path:
    """ts sorted, sensor_id by dictionary, value, flag, a note in 98 rows of 100; zstd."""
    schema = pa.schema(
        [
            ("ts", pa.timestamp("ns", "UTC")),
            ("sensor_id", pa.dictionary(pa.int32(), pa.utf8())),
            ("value", pa.float64()),
            ("flag", pa.bool_()),
            ("note", pa.utf8()),
        ]
    )
    ids = pa.array([f"sensor-{i:04d}" for i in range(SENSORS)])
    texts = pa.array([f"note {i}" for i in range(50)])
    random = np.random.default_rng(7)
    end = 1_700_000_000_000_000_000

    def group(count: int) -> pa.Table:
        nonlocal end
        ts = end + np.cumsum(random.integers(1, 2_000_000, count))
        end = int(ts[-1])
        sensors = pa.array(random.integers(0, SENSORS, count, dtype=np.int32))
        missing = random.random(count) < 0.02
        notes = pa.array(random.integers(0, 50, count), mask=missing)
        columns = [
            pa.array(ts).cast(schema.field("ts").type),
            pa.DictionaryArray.from_arrays(sensors, ids),
            pa.array(np.round(np.cumsum(random.normal(0, 1, count)), 3)),
            pa.array(random.random(count) < 0.1),
            texts.take(notes),
        ]
        return pa.table(columns, schema=schema)

    return _written(f"ticks-{rows}.parquet", schema, rows, group)


def one_group(rows: int) -> Path:
    """Random doubles and integers in a single row group."""
    schema = pa.schema([("a", pa.float64()), ("b", pa.int64()), ("c", pa.float64())])
    random = np.random.default_rng(3)

    def group(count: int) -> pa.Table:
        columns = [
            random.normal(size=count),
            random.integers(0, 1 << 40, count),
            np.round(random.normal(size=count), 2),
        ]
        return pa.table(columns, schema=schema)

    return _written(f"one-group-{rows}.parquet", schema, rows, group, row_group=rows)


def plain(rows: int) -> Path:
    """Random doubles, neither compressed nor by dictionary."""
    schema = pa.schema([("value", pa.float64())])
    random = np.random.default_rng(5)

    def group(count: int) -> pa.Table:
        return pa.table([random.normal(size=count)], schema=schema)

    options = {"compression": "none", "use_dictionary": False}
    return _written(f"plain-{rows}.parquet", schema, rows, group, **options)


def events(rows: int) -> Path:
    """id: unique, without order, with a bloom filter; day: clustered but not sorted; value."""
    schema = pa.schema([("id", pa.int64()), ("day", pa.int32()), ("value", pa.float64())])
    random = np.random.default_rng(11)
    begin = 0

    def group(count: int) -> pa.Table:
        nonlocal begin
        row = np.arange(begin, begin + count, dtype=np.uint64)
        day = (row.astype(np.int64) // 10_000 + random.integers(-20, 21, count)).astype(np.int32)
        begin += count
        return pa.table([unique_id(row), day, random.normal(size=count)], schema=schema)

    bloom = {"id": {"ndv": ROW_GROUP, "fpp": 0.01}}
    return _written(f"events-{rows}.parquet", schema, rows, group, bloom_filter_options=bloom)


def unique_id(row: np.ndarray) -> np.ndarray:
    """The id of each row number: an odd factor is a permutation of 64 bits."""
    return (row.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)).view(np.int64)


def lineitem(report: Report) -> Path:
    scale = 1 if report.quick else 10
    folder = FOLDER / f"tpch-{scale}"
    path = folder / "lineitem.parquet"
    if not path.exists():
        _say(path)
        command = [str(Path(sys.executable).parent / "tpchgen-cli"), "parquet", "-s", str(scale)]
        subprocess.run(
            [*command, "--tables", "lineitem", "--output-dir", str(folder), "--overwrite"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return path


def many_files(count: int) -> Path:
    folder = FOLDER / f"many-{count}"
    if not folder.exists():
        _say(folder)
        unfinished = folder.with_suffix(".unfinished")
        unfinished.mkdir(parents=True, exist_ok=True)
        for i in range(count):
            values = pa.table({"i": np.arange(1_000) + 1_000 * i, "x": np.full(1_000, i * 0.5)})
            pq.write_table(values, unfinished / f"part-{i:05d}.parquet", compression="zstd")
        unfinished.rename(folder)
    return folder


def answer_rows(quick: bool) -> int:
    return 100_000 if quick else 1_000_000


def answer_table(rows: int) -> pa.Table:
    """What is asked for in one piece: a time, two integers, four doubles (three with all their
    digits, a price with two decimals), a symbol of fifty."""
    random = np.random.default_rng(4)
    ts = 1_700_000_000_000_000_000 + np.cumsum(random.integers(1, 2_000_000, rows))
    symbols = np.array([f"SYM{i:03d}-X" for i in range(50)])
    return pa.table(
        {
            "ts": pa.array(ts).cast(pa.timestamp("ns", "UTC")),
            "id": np.arange(rows),
            "volume": random.integers(0, 100_000, rows),
            "price": np.round(100 + np.cumsum(random.normal(0, 0.01, rows)), 2),
            "a": random.normal(size=rows),
            "b": 1e3 * random.normal(size=rows),
            "c": random.random(rows),
            "symbol": pa.array(symbols[random.integers(0, 50, rows)]),
        }
    )


def _written(
    name: str,
    schema: pa.Schema,
    rows: int,
    group: Callable[[int], pa.Table],
    row_group: int = ROW_GROUP,
    **options: Any,
) -> Path:
    path = FOLDER / name
    if path.exists():
        return path
    _say(path)
    FOLDER.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    options = {"compression": "zstd", "write_page_index": True, **options}
    with pq.ParquetWriter(unfinished, schema, **options) as writer:
        for begin in range(0, rows, row_group):
            count = min(row_group, rows - begin)
            writer.write_table(group(count), row_group_size=count)
    unfinished.rename(path)
    return path


def _say(path: Path) -> None:
    print(f"bench: making {path.relative_to(ROOT)}", file=sys.stderr, flush=True)
