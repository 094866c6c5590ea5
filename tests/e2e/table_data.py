"""Tables that tests serve, and readers of every format that a server answers with."""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

ARROW_STREAM = "application/vnd.apache.arrow.stream"
ARROW_FILE = "application/vnd.apache.arrow.file"
PARQUET = "application/vnd.apache.parquet"
NDJSON = "application/x-ndjson"
JSON_COLUMNS = "application/vnd.headrace.columns+json"


def trips(rows: int, begin: int = 0) -> pa.Table:
    """Numbers with nulls, text, and times in a zone; `n` counts the rows."""
    n = np.arange(begin, begin + rows)
    start = datetime.datetime(2024, 3, 30, 22, tzinfo=datetime.UTC)
    times = [start + datetime.timedelta(minutes=int(k)) for k in n]
    return pa.table(
        {
            "n": pa.array(n, pa.int64()),
            "fare": pa.array(n / 4, pa.float64(), mask=n % 5 == 0),
            "vendor": pa.array([None if k % 11 == 0 else f"v{k % 7}" for k in n], pa.string()),
            "at": pa.array(times, pa.timestamp("us", "Europe/Berlin")),
            "ok": pa.array([None if k % 13 == 0 else k % 2 == 0 for k in n], pa.bool_()),
        }
    )


def write_trips(folder: Path, files: int = 3, rows: int = 4000, groups: int = 1000) -> pa.Table:
    """Parquet files of `rows` each; all of them as one table."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = [trips(rows, k * rows) for k in range(files)]
    for number, table in enumerate(tables):
        path = folder / f"{number}.parquet"
        pq.write_table(table, path, row_group_size=groups, write_page_index=True)
    return pa.concat_tables(tables)


def arrow_stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def arrow_file(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def csv(table: pa.Table) -> bytes:
    return pl.DataFrame(pl.from_arrow(table)).write_csv().encode()


def ndjson(table: pa.Table) -> bytes:
    return pl.DataFrame(pl.from_arrow(table)).write_ndjson().encode()


def as_json(table: pa.Table) -> list[dict[str, Any]]:
    """The rows as JSON has them: times as text in UTC."""
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        for name, value in row.items():
            if isinstance(value, datetime.datetime):
                row[name] = value.astimezone(datetime.UTC)
    return rows


def _times(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for row in rows:
        if row.get("at") is not None:
            row["at"] = datetime.datetime.fromisoformat(row["at"])
    return rows


def _columns(content: bytes) -> list[dict[str, Any]]:
    columns = json.loads(content)
    return _times(
        [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    )


def _csv(content: bytes) -> list[dict[str, Any]]:
    types = {
        "n": pl.Int64,
        "fare": pl.Float64,
        "vendor": pl.String,
        "at": pl.Datetime("us", "UTC"),
        "ok": pl.Boolean,
    }
    frame = pl.read_csv(content, schema_overrides=types)
    return frame.to_dicts()


READERS: dict[str, tuple[str, Callable[[bytes], list[dict[str, Any]]]]] = {
    "arrows": (ARROW_STREAM, lambda b: as_json(pa.ipc.open_stream(b).read_all())),
    "arrow": (ARROW_FILE, lambda b: as_json(pa.ipc.open_file(pa.BufferReader(b)).read_all())),
    "parquet": (PARQUET, lambda b: as_json(pq.read_table(io.BytesIO(b)))),
    "csv": ("text/csv", _csv),
    "ndjson": (NDJSON, lambda b: _times([json.loads(line) for line in b.splitlines()])),
    "json": ("application/json", lambda b: _times(json.loads(b))),
    "json-columns": (JSON_COLUMNS, _columns),
}
