"""The queries of the scan benchmark, and how each contender runs them.

A query gives rows to a consumer that counts them and adds up one column, so that the answers can be
compared and nothing is optimised away; or an aggregate, which the contender computes itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datasets
import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

import headrace as hr

THREADS = 2
Answer = tuple[float, ...]


@dataclass(frozen=True)
class Query:
    title: str
    path: Path
    columns: tuple[str, ...] = ()  # () : all
    where: str = ""  # understood by Headrace, DuckDB and Polars
    arrow_where: pc.Expression | None = None
    limit: int = 0
    total: str = ""  # column that the consumer adds up
    keys: tuple[str, ...] = ()
    aggregates: tuple[tuple[str, str], ...] = ()  # (function, column)
    touched: str = ""  # columns that have to be read; "": as `columns`
    rows: tuple[str, ...] = ()  # BEGIN:END of the rows whose pages have to be read; (): all
    without: tuple[str, ...] = ()  # contenders that cannot
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def floor_arguments(self) -> list[str]:
        return [self.touched or ",".join(self.columns) or "*", *self.rows]


def queries(rows: int, scale_rows_file: Path) -> dict[str, Query]:
    ticks = datasets.ticks(rows)
    events = datasets.events(rows)
    range_rows = max(1, rows // 1_000)
    low, high, begin = _ts_range(ticks, rows // 2, range_rows)
    unique = int(datasets.unique_id(np.array([rows // 3]))[0])
    day = rows // 10_000 // 2
    lineitem = scale_rows_file
    order = _order_key(lineitem)
    ns = pa.timestamp("ns", "UTC")
    return {
        "all": Query("ticks: all columns to batches", ticks, total="value"),
        "sum": Query("ticks: sum of one column", ticks, ("value",), aggregates=(("sum", "value"),)),
        "range": Query(
            "ticks: 0.1 % by sorted range, all columns",
            ticks,
            where=f"ts >= timestamp '{low}' and ts < timestamp '{high}'",
            arrow_where=(pc.field("ts") >= pa.scalar(np.datetime64(low, "ns").astype(int)).cast(ns))
            & (pc.field("ts") < pa.scalar(np.datetime64(high, "ns").astype(int)).cast(ns)),
            total="value",
            rows=(f"{begin}:{begin + range_rows}",),
        ),
        "key": Query(
            "ticks: 1 key of 1,000, three columns",
            ticks,
            ("ts", "sensor_id", "value"),
            where="sensor_id = 'sensor-0123'",
            arrow_where=pc.field("sensor_id") == "sensor-0123",
            total="value",
        ),
        "group": Query(
            "ticks: mean and std by key",
            ticks,
            ("sensor_id", "value"),
            keys=("sensor_id",),
            aggregates=(("mean", "value"), ("std", "value")),
        ),
        "lineitem_all": Query(
            "lineitem: all columns to batches", lineitem, total="l_extendedprice"
        ),
        "q1": Query(
            "lineitem: Q1's grouping and plain aggregates",
            lineitem,
            (
                "l_returnflag",
                "l_linestatus",
                "l_quantity",
                "l_extendedprice",
                "l_discount",
                "l_shipdate",
            ),
            where="l_shipdate <= date '1998-09-02'",
            arrow_where=pc.field("l_shipdate") <= pa.scalar(10471, pa.int32()).cast(pa.date32()),
            keys=("l_returnflag", "l_linestatus"),
            aggregates=(
                ("sum", "l_quantity"),
                ("sum", "l_extendedprice"),
                ("mean", "l_quantity"),
                ("mean", "l_extendedprice"),
                ("mean", "l_discount"),
                ("count", "l_quantity"),
            ),
        ),
        "q6": Query(
            "lineitem: Q6's filter, two columns",
            lineitem,
            ("l_extendedprice", "l_discount"),
            where="l_shipdate >= date '1994-01-01' and l_shipdate < date '1995-01-01' "
            "and l_discount >= 0.05 and l_discount <= 0.07 and l_quantity < 24",
            touched="l_extendedprice,l_discount,l_shipdate,l_quantity",
            total="l_extendedprice",
            without=("pyarrow",),
        ),
        "two": Query(
            "lineitem: filter on two columns, two others",
            lineitem,
            ("l_orderkey", "l_extendedprice"),
            where="l_shipmode = 'AIR' and l_quantity >= 49",
            touched="l_orderkey,l_extendedprice,l_shipmode,l_quantity",
            total="l_extendedprice",
            without=("pyarrow",),
        ),
        "unique": Query(
            "events: one of all unique ids, bloom filter",
            events,
            where=f"id = {unique}",
            arrow_where=pc.field("id") == unique,
            total="value",
            rows=(f"{rows // 3}:{rows // 3 + 1}",),
        ),
        "clustered": Query(
            "events: a range of a clustered column",
            events,
            where=f"day >= {day} and day < {day + 5}",
            arrow_where=(pc.field("day") >= day) & (pc.field("day") < day + 5),
            total="value",
            rows=(f"{(day - 20) * 10_000}:{(day + 25) * 10_000}",),
        ),
        "limit": Query(
            "ticks: first 100 rows after a filter",
            ticks,
            where="sensor_id = 'sensor-0123'",
            arrow_where=pc.field("sensor_id") == "sensor-0123",
            limit=100,
            total="value",
            rows=("0:100000",),
        ),
        "order": Query(
            "lineitem: one order key",
            lineitem,
            where=f"l_orderkey = {order[0]}",
            arrow_where=pc.field("l_orderkey") == order[0],
            total="l_extendedprice",
            rows=(f"{order[1]}:{order[1] + 1}",),
        ),
    }


def _ts_range(ticks: Path, begin: int, count: int) -> tuple[str, str, int]:
    """Whole microseconds about the ts of rows begin and begin + count."""
    with pq.ParquetFile(ticks) as file:
        first = 0
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if first + rows > begin + count:
                break
            first += rows
        ts = file.read_row_group(group, columns=["ts"])["ts"].to_numpy()
    begin = max(begin, first)
    low, high = (str(ts[i - first].astype("datetime64[us]")) for i in (begin, begin + count))
    return low.replace("T", " "), high.replace("T", " "), begin


def _order_key(lineitem: Path) -> tuple[int, int]:
    """An order key, and the first row that has it."""
    with pq.ParquetFile(lineitem) as file:
        half = file.num_row_groups // 2
        first = sum(file.metadata.row_group(i).num_rows for i in range(half))
        keys = file.read_row_group(half, columns=["l_orderkey"])["l_orderkey"]
    place = len(keys) // 2
    key = keys[place].as_py()
    return key, first + keys.index(pa.scalar(key, keys.type)).as_py()


def _consumed(batches: Iterable[pa.RecordBatch], total: str) -> Answer:
    rows = 0
    sums = 0.0
    for batch in batches:
        rows += batch.num_rows
        if batch.num_rows:
            sums += float(pc.sum(batch.column(total)).as_py() or 0)
    return rows, sums


def _grouped(table: Any, query: Query) -> Answer:
    """The sums of the aggregates over the groups: equal if the groups are."""
    frame = pl.DataFrame(table)
    values = frame.select(frame.columns[len(query.keys) :]).cast(pl.Float64)
    return frame.height, *values.sum().row(0)


def headrace(query: Query, memory: str | None = None) -> Answer:
    options = {"memory_limit": memory} if memory else {}
    with hr.scan(query.path, **options) as scan:
        if query.where:
            scan = scan.filter(query.where)
        if query.aggregates:
            texts = ", ".join(f"{f}({c}) as {c}_{f}" for f, c in query.aggregates)
            return _grouped(scan.group_by(*query.keys).agg(texts).to_arrow(), query)
        if query.columns:
            scan = scan.select(*query.columns)
        if query.limit:
            scan = scan.limit(query.limit)
        return _consumed(pa.RecordBatchReader.from_stream(scan), query.total)


def polars(query: Query, memory: str | None = None) -> Answer:
    lazy = pl.scan_parquet(query.path)
    if query.where:
        where = query.where
        lazy = lazy.filter(query.extra.get("polars", pl.sql_expr(where)))
    if query.aggregates:
        of = {"sum": pl.Expr.sum, "mean": pl.Expr.mean, "std": pl.Expr.std, "count": pl.Expr.count}
        wanted = [of[f](pl.col(c)).alias(f"{c}_{f}") for f, c in query.aggregates]
        lazy = lazy.group_by(query.keys).agg(wanted) if query.keys else lazy.select(wanted)
        return _grouped(lazy.collect(engine="streaming"), query)
    if query.columns:
        lazy = lazy.select(query.columns)
    if query.limit:
        lazy = lazy.head(query.limit)
    rows, total = 0, 0.0
    for frame in lazy.collect_batches(maintain_order=True, engine="streaming"):
        rows += frame.height
        total += float(frame[query.total].sum() or 0)
    return rows, total


def duck(query: Query, memory: str | None = None) -> Answer:
    limit = {"memory_limit": memory} if memory else {}
    with duckdb.connect(config={"threads": THREADS, **limit}) as connection:
        connection.execute("set timezone = 'UTC'")
        of = {"sum": "sum", "mean": "avg", "std": "stddev_samp", "count": "count"}
        what = ", ".join(query.columns) or "*"
        if query.aggregates:
            what = ", ".join([*query.keys, *(f"{of[f]}({c})" for f, c in query.aggregates)])
        text = f"select {what} from '{query.path}'"
        if query.where:
            text += f" where {query.where}"
        if query.keys:
            text += f" group by {', '.join(query.keys)}"
        if query.limit:
            text += f" limit {query.limit}"
        reader = connection.sql(text).to_arrow_reader(131_072)
        if query.aggregates:
            names = [f"c{i}" for i in range(len(reader.schema))]
            return _grouped(reader.read_all().rename_columns(names), query)
        return _consumed(reader, query.total)


def pyarrow(query: Query, memory: str | None = None) -> Answer:
    dataset = ds.dataset(query.path)
    if query.aggregates:
        table = dataset.to_table(columns=list(query.columns), filter=query.arrow_where)
        arrow = {"std": ("stddev", pc.VarianceOptions(ddof=1))}
        wanted = [(c, *arrow.get(f, (f,))) for f, c in query.aggregates]
        grouped = table.group_by(list(query.keys)).aggregate(wanted)
        names = [f"c{i}" for i in range(grouped.num_columns)]
        order = [f"{c}_{'stddev' if f == 'std' else f}" for f, c in query.aggregates]
        return _grouped(grouped.select([*query.keys, *order]).rename_columns(names), query)
    columns = list(query.columns) or None
    scanner = dataset.scanner(columns=columns, filter=query.arrow_where)
    if query.limit:
        return _consumed(scanner.head(query.limit).to_batches(), query.total)
    return _consumed(scanner.to_batches(), query.total)


CONTENDERS: dict[str, Callable[..., Answer]] = {
    "headrace": headrace,
    "polars": polars,
    "duckdb": duck,
    "pyarrow": pyarrow,
}
