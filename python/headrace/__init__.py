"""Live windows of time-ordered rows with rolling features, and files bigger than memory.

    import headrace as hr

    ticks = hr.Buffer(window_size=10_000)
    ticks.append({"price": 101.5, "size": 3})
    ticks.features(rolling_windows=[5, 20], tail=100).to_polars()

    for batch in hr.scan("data/*.parquet", memory_limit="256MB").filter("price > 100"):
        print(batch.num_rows)

`hr.Client("http://localhost:14345").buffer("ticks")` has the same methods against a server.
Results are Arrow: pyarrow, Polars, pandas, DuckDB and NumPy take them as they are.
"""

from headrace._core import AppendResult, FeaturePlan, __version__, downsample, rolling
from headrace.aggregate import (
    Aggregate,
    count,
    count_distinct,
    first,
    last,
    max,
    mean,
    median,
    min,
    quantile,
    std,
    sum,
    var,
)
from headrace.bar_store import Bar, BarCounts, BarStore, SessionCalendar
from headrace.buffer import Buffer
from headrace.client import Client, RemoteBuffer
from headrace.errors import (
    Cancelled,
    Conflict,
    ConstraintViolation,
    CorruptFile,
    HeadraceError,
    HeadraceIOError,
    InvalidArgument,
    MalformedBody,
    MemoryLimit,
    NameExists,
    PermissionDenied,
    SqlSyntaxError,
    Timeout,
    TooLarge,
    TypeMismatch,
    Unavailable,
    UnknownName,
)
from headrace.expr import Expr, col, lit
from headrace.frame import Frame
from headrace.group_by import GroupBy
from headrace.live_buffer import BufferStats, LiveBuffer
from headrace.query import Query
from headrace.remote_table import RemoteBatches, RemoteTable, TableInfo
from headrace.scan import Scan, scan
from headrace.scan_files import Batches
from headrace.scan_reports import Explanation, Skip, Written
from headrace.subscription import Subscription

__all__ = [
    "Aggregate",
    "AppendResult",
    "Bar",
    "BarCounts",
    "BarStore",
    "Batches",
    "Buffer",
    "BufferStats",
    "Cancelled",
    "Client",
    "Conflict",
    "ConstraintViolation",
    "CorruptFile",
    "Explanation",
    "Expr",
    "FeaturePlan",
    "Frame",
    "GroupBy",
    "HeadraceError",
    "HeadraceIOError",
    "InvalidArgument",
    "LiveBuffer",
    "MalformedBody",
    "MemoryLimit",
    "NameExists",
    "PermissionDenied",
    "Query",
    "RemoteBatches",
    "RemoteBuffer",
    "RemoteTable",
    "Scan",
    "SessionCalendar",
    "Skip",
    "SqlSyntaxError",
    "Subscription",
    "TableInfo",
    "Timeout",
    "TooLarge",
    "TypeMismatch",
    "Unavailable",
    "UnknownName",
    "Written",
    "__version__",
    "col",
    "count",
    "count_distinct",
    "downsample",
    "first",
    "last",
    "lit",
    "max",
    "mean",
    "median",
    "min",
    "quantile",
    "rolling",
    "scan",
    "std",
    "sum",
    "var",
]
