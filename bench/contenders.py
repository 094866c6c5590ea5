"""How each contender of the scan benchmark runs a query.

A query gives rows to a consumer that counts them and adds up one column, so that answers can be
compared and nothing is optimised away; or aggregates, which the contender computes itself. Each
contender's library is imported when it runs, so that a process that measures memory has only one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    import pyarrow.compute as pc

THREADS = 2
Answer = tuple[float, ...]


@dataclass(frozen=True)
class Query:
    title: str
    path: Path
    columns: tuple[str, ...] = ()  # () : all
    where: str = ""  # understood by Headrace, DuckDB and, as a rule, Polars
    polars_where: pl.Expr | None = None
    arrow_where: pc.Expression | None = None
    limit: int = 0
    total: str = ""  # column that the consumer adds up
    keys: tuple[str, ...] = ()
    aggregates: tuple[tuple[str, str], ...] = ()  # (function, column)
    touched: str = ""  # columns that have to be read; "": as `columns`
    rows: tuple[str, ...] = ()  # BEGIN:END of the rows whose pages have to be read; (): all
    without: tuple[str, ...] = ()  # contenders that cannot

    @property
    def floor_arguments(self) -> list[str]:
        return [self.touched or ",".join(self.columns) or "*", *self.rows]


def _consumed(batches: Iterable[pa.RecordBatch], total: str) -> Answer:
    import pyarrow.compute as pc

    rows = 0
    sums = 0.0
    for batch in batches:
        rows += batch.num_rows
        if batch.num_rows:
            sums += float(pc.sum(batch.column(total)).as_py() or 0)
    return rows, sums


def _grouped(table: pa.Table, query: Query) -> Answer:
    """The sums of the aggregates over the groups: equal if the groups are."""
    import pyarrow.compute as pc

    values = table.columns[len(query.keys) :]
    return table.num_rows, *(float(pc.sum(column).as_py()) for column in values)


def headrace(query: Query, memory: str | None = None) -> Answer:
    import pyarrow as pa

    import headrace as hr

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
    import polars as pl

    lazy = pl.scan_parquet(query.path)
    if query.where:
        expression = query.polars_where
        lazy = lazy.filter(pl.sql_expr(query.where) if expression is None else expression)
    if query.aggregates:
        of = {"sum": pl.Expr.sum, "mean": pl.Expr.mean, "std": pl.Expr.std, "count": pl.Expr.count}
        wanted = [of[f](pl.col(c)).alias(f"{c}_{f}") for f, c in query.aggregates]
        lazy = lazy.group_by(query.keys).agg(wanted) if query.keys else lazy.select(wanted)
        return _grouped(lazy.collect(engine="streaming").to_arrow(), query)
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
    import duckdb

    limit = {"memory_limit": memory} if memory else {}
    with duckdb.connect(config={"threads": THREADS, **limit}) as connection:
        connection.execute("set timezone = 'UTC'")
        of = {"sum": "sum", "mean": "avg", "std": "stddev_samp", "count": "count"}
        what = ", ".join(query.columns) or "*"
        if query.aggregates:
            what = ", ".join(
                [*query.keys, *(f"{of[f]}({c}) as {c}_{f}" for f, c in query.aggregates)]
            )
        text = f"select {what} from '{query.path}'"
        if query.where:
            text += f" where {query.where}"
        if query.keys:
            text += f" group by {', '.join(query.keys)}"
        if query.limit:
            text += f" limit {query.limit}"
        reader = connection.sql(text).to_arrow_reader(131_072)
        if query.aggregates:
            return _grouped(reader.read_all(), query)
        return _consumed(reader, query.total)


def pyarrow(query: Query, memory: str | None = None) -> Answer:
    import pyarrow.dataset as ds

    columns = list(query.columns) or None
    scanner = ds.dataset(query.path).scanner(columns=columns, filter=query.arrow_where)
    if query.limit:
        return _consumed(scanner.head(query.limit).to_batches(), query.total)
    return _consumed(scanner.to_batches(), query.total)


CONTENDERS: dict[str, Callable[..., Answer]] = {
    "headrace": headrace,
    "polars": polars,
    "duckdb": duck,
    "pyarrow": pyarrow,
}
