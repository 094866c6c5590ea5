"""The queries of the scan benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from contenders import Query


def queries(rows: int, lineitem: Path) -> dict[str, Query]:
    """By name; the ticks and events have `rows` rows."""
    return _tick_queries(rows) | _lineitem_queries(lineitem) | _event_queries(rows)


def _tick_queries(rows: int) -> dict[str, Query]:
    ticks = datasets.ticks(rows)
    range_rows = max(1, rows // 1_000)
    low, high, begin = _ts_range(ticks, rows // 2, range_rows)
    of_key = {
        "where": "sensor_id = 'sensor-0123'",
        "arrow_where": pc.field("sensor_id") == "sensor-0123",
        "total": "value",
    }
    return {
        "all": Query("ticks: all columns to batches", ticks, total="value"),
        "sum": Query("ticks: sum of one column", ticks, ("value",), aggregates=(("sum", "value"),)),
        "range": Query(
            "ticks: 0.1 % by sorted range, all columns",
            ticks,
            where=f"ts >= timestamp '{low}' and ts < timestamp '{high}'",
            polars_where=_since(pl.col("ts"), low) & ~_since(pl.col("ts"), high),
            arrow_where=_since(pc.field("ts"), low) & ~_since(pc.field("ts"), high),
            total="value",
            rows=(f"{begin}:{begin + range_rows}",),
        ),
        "key": Query(
            "ticks: 1 key of 1,000, three columns", ticks, ("ts", "sensor_id", "value"), **of_key
        ),
        "group": Query(
            "ticks: mean and std by key",
            ticks,
            ("sensor_id", "value"),
            keys=("sensor_id",),
            aggregates=(("mean", "value"), ("std", "value")),
        ),
        "limit": Query(
            "ticks: first 100 rows after a filter", ticks, limit=100, rows=("0:100000",), **of_key
        ),
    }


def _lineitem_queries(lineitem: Path) -> dict[str, Query]:
    key, row = _order_key(lineitem)
    return {
        "lineitem_all": Query(
            "lineitem: all columns to batches",
            lineitem,
            total="l_extendedprice",
            without=("pyarrow",),
        ),
        "q1": Query(
            "lineitem: Q1's filter and groups, plain aggregates",
            lineitem,
            where="l_shipdate <= date '1998-09-02'",
            keys=("l_returnflag", "l_linestatus"),
            aggregates=(
                ("sum", "l_quantity"),
                ("sum", "l_extendedprice"),
                ("mean", "l_quantity"),
                ("mean", "l_extendedprice"),
                ("mean", "l_discount"),
                ("count", "l_quantity"),
            ),
            touched="l_returnflag,l_linestatus,l_quantity,l_extendedprice,l_discount,l_shipdate",
            without=("pyarrow",),
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
        "order": Query(
            "lineitem: one order key",
            lineitem,
            where=f"l_orderkey = {key}",
            total="l_extendedprice",
            rows=(f"{row}:{row + 1}",),
            without=("pyarrow",),  # it cannot filter the views of strings that it reads
        ),
    }


def _event_queries(rows: int) -> dict[str, Query]:
    events = datasets.events(rows)
    row = rows // 3
    unique = int(datasets.unique_id(np.array([row]))[0])
    day = rows // 10_000 // 2
    return {
        "unique": Query(
            "events: one of all unique ids, bloom filter",
            events,
            where=f"id = {unique}",
            arrow_where=pc.field("id") == unique,
            total="value",
            rows=(f"{row}:{row + 1}",),
        ),
        "clustered": Query(
            "events: a range of a clustered column",
            events,
            where=f"day >= {day} and day < {day + 5}",
            arrow_where=(pc.field("day") >= day) & (pc.field("day") < day + 5),
            total="value",
            rows=(f"{(day - 20) * 10_000}:{(day + 25) * 10_000}",),
        ),
    }


def _since(column: Any, time: str) -> Any:
    nanoseconds = int(np.datetime64(time, "ns").astype(np.int64))
    if isinstance(column, pl.Expr):
        return column >= pl.lit(nanoseconds).cast(pl.Datetime("ns", "UTC"))
    return column >= pa.scalar(nanoseconds).cast(pa.timestamp("ns", "UTC"))


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
