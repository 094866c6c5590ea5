"""Files bigger than memory, read inside a byte budget."""

import os
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from headrace import _core
from headrace.aggregate import Aggregate
from headrace.errors import InvalidArgument, UnknownName
from headrace.frame import Frame
from headrace.group_by import GroupBy
from headrace.row_choice import Chart, Sample
from headrace.scan_arguments import (
    Bound,
    Filter,
    Path,
    at_least_one,
    bound_text,
    filter_text,
    row_count,
    whole_number,
)
from headrace.scan_files import Batches, Files
from headrace.scan_reports import Explanation, Skip, Written
from headrace.scan_request import Request

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


class Scan:
    """Rows of files as one table, read batch by batch inside a byte budget. Made by scan().

    Immutable and lazy: select(), filter(), limit() and offset() return new scans over the same
    files, and nothing but footers is read until rows are asked for. Every iteration reads anew.
    What a filter, a limit or a selection makes unnecessary is not read: columns, row groups, pages.

    Anything that knows the Arrow PyCapsule interface takes a scan as a stream:
    `pa.RecordBatchReader.from_stream(scan)`, `duckdb.sql("from scan")`.

    Ctrl-C, and an exception in the loop that takes the batches, stop the threads that read.
    """

    __slots__ = ("__weakref__", "_files", "_request", "_schema")

    def __init__(self, files: Files, request: Request, schema: _core.Schema) -> None:
        self._files = files
        self._request = request
        self._schema = schema

    def select(self, *columns: str | Sequence[str]) -> "Scan":
        """Only these columns, in this order: names, or lists of names.

        Raises:
            UnknownName: there is no such column.
            InvalidArgument: a column is named twice.
        """
        names: list[str] = []
        for column in columns:
            names += [column] if isinstance(column, str) else column
        for name in names:
            if self._request.columns is not None and name not in self._request.columns:
                raise UnknownName(
                    f"column {name!r} is not among those selected before: "
                    f"{', '.join(self._request.columns) or 'none'}",
                    code="unknown_name",
                    location=("columns", name),
                )
        return self._with(replace(self._request, columns=tuple(names)))

    def filter(self, *filters: Filter) -> "Scan":
        """Only the rows for which this holds, and all that was filtered by before.

        Text ("fare > 50 and vendor in ('A','B')"), or an expression of hr.col(), Polars or
        pyarrow. Columns that are not selected may be used. Comes before limit() and offset().

        Raises:
            InvalidArgument: the text does not read, the expression does what filters cannot, or
                the rows were limited before.
            UnknownName: a column that is not there.
            TypeMismatch: values that do not compare.
        """
        self._refuse_after_limit("filter")
        self._refuse_after_order("filter")
        if self._request.groups:
            raise InvalidArgument(
                "filter() comes before agg(): groups cannot be filtered",
                code="invalid_argument",
                location=("filter",),
            )
        known = list(self._request.filters)
        for given in filters:
            known.append(filter_text(given, self._files.native))
            # By itself, so that the places that an error names are those of this text.
            self._files.native.check(Request(filters=(known[-1],), columns=()).native())
        return self._with(replace(self._request, filters=tuple(known)))

    def group_by(self, *keys: str | Sequence[str]) -> "GroupBy":
        """Groups of rows with equal values in these columns, for agg(): names, or lists of names.

        Columns that are not selected may be used. Comes before limit() and offset().
        """
        self._refuse_after_limit("group_by")
        self._refuse_after_order("group_by")
        if self._request.groups:
            raise InvalidArgument(
                "groups cannot be grouped again", code="invalid_argument", location=("group_by",)
            )
        names: list[str] = []
        for key in keys:
            names += [key] if isinstance(key, str) else key
        return GroupBy(self, tuple(names))

    def agg(self, *aggregates: "str | Aggregate") -> "Scan":
        """One row about all rows; see GroupBy.agg()."""
        return self.group_by().agg(*aggregates)

    def order_by(self, *columns: str) -> "Scan":
        """Rows ordered by these columns, by the first one first: "fare", and "-fare" or "fare desc"
        from above. NaN and then null come last; rows that are equal stay as they came.

        With limit() behind it only those rows are held, however many there are. Without it all rows
        are held in memory, and refused if they do not fit. Comes before limit() and offset().

        Raises:
            InvalidArgument: the text does not read, or the rows were ordered before.
            UnknownName, TypeMismatch: a column that is not there, or has no order.
            MemoryLimit: when it is read; the message says about what the rows need.
        """
        self._refuse_after_limit("order_by")
        self._refuse_after_order("order_by")
        return self._with(replace(self._request, order_by=", ".join(columns) or ","))

    def sample(
        self,
        n: int | None = None,
        *,
        fraction: float | None = None,
        seed: int | None = None,
        stratify: str | None = None,
    ) -> "Scan":
        """Rows chosen at random, in their order: `n` of them, or each with the chance `fraction`.

        The same seed (0 if there is none) chooses the same rows of the same files. With `stratify`
        rows of each value of that column are chosen by themselves. Is done last, after limit().

        Raises:
            InvalidArgument: neither or both of `n` and `fraction`, or out of their range.
            UnknownName: there is no such column.
        """
        self._refuse_after_choice("sample")
        sample = Sample.of(n, fraction, seed, stratify)
        return self._with(replace(self._request, sample=sample))

    def downsample(
        self,
        *,
        x: str,
        y: str | Sequence[str],
        points: int = 2000,
        method: str = "minmaxlttb",
        from_: Bound = None,
        to: Bound = None,
        by: str | None = None,
    ) -> "Scan":
        """The rows that a chart of `points` points needs, of any number of rows, in memory for the
        points alone: x, the columns of y and `by`. docs/downsampling.md says which these are.

        Args:
            x: the axis: numbers, dates or times, in any order.
            y: numbers or booleans; of several columns each has its points.
            points: of each line at most, gaps beside.
            method: minmaxlttb, lttb (holds all rows), minmax or m4.
            from_: only rows from this x on.
            to: only rows up to this x, without it.
            by: a line for each value of this column.

        Raises:
            InvalidArgument, UnknownName, TypeMismatch: what `location` names.
            MemoryLimit: when it is read, for too many lines, or lttb of too many rows.
        """
        self._refuse_after_choice("downsample")
        chart = Chart(
            method,
            x,
            (y,) if isinstance(y, str) else tuple(y),
            whole_number(points, "points"),
            bound_text(from_, "from"),
            bound_text(to, "to"),
            by,
        )
        return self._with(replace(self._request, chart=chart, columns=None))

    def limit(self, rows: int) -> "Scan":
        """At most the first `rows` rows. Reading stops there."""
        self._refuse_after_choice("limit")
        known = self._request.limit
        rows = row_count(rows, "limit")
        return self._with(replace(self._request, limit=rows if known is None else min(known, rows)))

    def offset(self, rows: int) -> "Scan":
        """Without the first `rows` rows."""
        self._refuse_after_choice("offset")
        rows = row_count(rows, "offset")
        limit = self._request.limit
        return self._with(
            replace(
                self._request,
                offset=self._request.offset + rows,
                limit=None if limit is None else max(0, limit - rows),
            )
        )

    def _with(self, request: Request) -> "Scan":
        return Scan(self._files, request, self._files.native.check(request.native()))

    def _refuse_after_order(self, what: str) -> None:
        if not self._request.order_by:
            return
        raise InvalidArgument(
            f"{what}() comes before order_by(), which orders what it leaves",
            code="invalid_argument",
            location=(what,),
        )

    def _refuse_after_choice(self, what: str) -> None:
        if not self._request.chooses:
            return
        raise InvalidArgument(
            f"{what}() comes before sample() and downsample(), which choose from what it leaves",
            code="invalid_argument",
            location=(what,),
        )

    def _refuse_after_limit(self, what: str) -> None:
        self._refuse_after_choice(what)
        if self._request.limit is None and not self._request.offset:
            return
        raise InvalidArgument(
            f"{what}() comes before limit() and offset(), which count what it leaves",
            code="invalid_argument",
            location=(what,),
        )

    @property
    def schema(self) -> "pa.Schema":
        """Names and types of the columns that are given out."""
        import pyarrow as pa

        return pa.schema(self._schema)

    @property
    def columns(self) -> list[str]:
        """Names of the columns that are given out."""
        names: list[str] = self.schema.names
        return names

    @property
    def files(self) -> list[str]:
        """The files, in the order in which they are read."""
        return self._files.native.files

    @property
    def num_rows(self) -> int | None:
        """Rows of all files, whatever filter and limit leave of them; None where files do not say.

        count() says how many rows come out.
        """
        return self._files.native.num_rows

    @property
    def memory_limit(self) -> int:
        """What the scan and its batches may hold, in bytes."""
        return self._files.native.memory_limit_bytes

    def count(self) -> int:
        """How many rows come out. Reads only what the filter needs; without one, nothing."""
        rows = self.num_rows
        given = self._request.filters or self._request.groups or self._request.chooses
        if rows is not None and not given:
            rows = max(0, rows - self._request.offset)
            limit = self._request.limit
            return rows if limit is None else min(rows, limit)
        needed = self._request.groups or self._request.chooses
        columns = self._request.columns if needed else ()
        request = replace(self._request, columns=columns, ordered=self._request.chooses)
        # How many there are does not depend on their order, but which are charted may.
        if not self._request.chooses:
            request = replace(request, order_by="")
        opened = self._files.open(request)
        try:
            return opened.count()
        finally:
            opened.close()

    def explain(self) -> Explanation:
        """What would be read, and what is left out by which rule. Reads indexes, but no rows."""
        fields: dict[str, Any] = self._files.native.explain(self._request.native())
        skips = tuple(Skip(*skip) for skip in fields.pop("skips"))
        return Explanation(skips=skips, **fields)

    def __iter__(self) -> Batches:
        """Frames of bounded size, in the order of files and rows unless `ordered` is False.

        Raises, here or from the iterator:
            CorruptFile: a file is damaged; `location` is its path, row group and column.
            HeadraceIOError: a file cannot be read.
            MemoryLimit: the limit is too small for these columns; the message says what works.
        """
        return Batches(self._files.open(self._request))

    def collect(self) -> Frame:
        """All rows as one Frame.

        Raises:
            MemoryLimit: they do not fit into the memory limit of the scan; the message says what
                they need.
        """
        opened = self._files.open(self._request)
        try:
            return Frame(opened.collect())
        finally:
            opened.close()

    def sink(
        self,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,
        compression: str | None = None,
        compression_level: int | None = None,
        row_group_rows: int | None = None,
        partition_by: str | Sequence[str] = (),
        overwrite: bool | None = None,
    ) -> Written:
        """Writes all rows to a file, however many there are; what is written has a temporary name
        until it is whole, so that a failure leaves no half file and an old one as it was.

        Args:
            path: a file, or with `partition_by` a folder.
            format: parquet, arrow, arrows, csv, ndjson or json; none: by the extension, with
                `.gz` or `.zst` behind those of text.
            compression: zstd, lz4, snappy, gzip, brotli or none; none given: zstd for Parquet, by
                the extension for text.
            compression_level: of the codec; none: its own.
            row_group_rows: rows of a row group of Parquet at most; fewer where memory is short.
            partition_by: columns that become folders `column=value`.
            overwrite: False keeps what is there, True replaces a folder too; none: files are
                replaced, folders that hold anything are not.

        Raises:
            NameExists, HeadraceIOError, MemoryLimit, TypeMismatch (the format has no such type).
        """
        columns = [partition_by] if isinstance(partition_by, str) else list(partition_by)
        opened = self._files.open(self._request)
        try:
            return Written(
                *opened.write(
                    os.fspath(path),
                    format,
                    compression,
                    compression_level,
                    row_group_rows,
                    columns,
                    overwrite,
                )
            )
        finally:
            opened.close()

    def sink_parquet(
        self,
        path: str | os.PathLike[str],
        *,
        compression: str = "zstd",
        compression_level: int | None = None,
        row_group_rows: int | None = None,
        partition_by: str | Sequence[str] = (),
        overwrite: bool | None = None,
    ) -> Written:
        """sink() in Parquet, whatever the extension."""
        return self.sink(
            path,
            format="parquet",
            compression=compression,
            compression_level=compression_level,
            row_group_rows=row_group_rows,
            partition_by=partition_by,
            overwrite=overwrite,
        )

    def to_arrow(self) -> "pa.Table":
        """All rows as a pyarrow.Table, over the memory that was read. Limited as collect()."""
        return self.collect().to_arrow()

    def to_polars(self) -> "pl.DataFrame":
        """All rows as a polars.DataFrame. Needs Polars. Limited as collect(); Polars' own copies
        (of strings) are not counted."""
        return self.collect().to_polars()

    def to_pandas(self) -> "pd.DataFrame":
        """All rows as a pandas.DataFrame. Needs pandas. Limited as collect(); pandas' own copies
        are not counted."""
        return self.collect().to_pandas()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows as an Arrow stream, read as it is taken."""
        return self._files.open(self._request).__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """The columns' names and types as an Arrow schema."""
        return self._schema.__arrow_c_schema__()

    def close(self) -> None:
        """Stops all that reads these files, of the scans that were derived as well; they cannot be
        read again. Frames stay valid."""
        self._files.close()

    def __enter__(self) -> "Scan":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        files = self.files
        shown = files[0] if len(files) == 1 else f"{len(files)} files"
        rows = "" if self.num_rows is None else f", {self.num_rows} rows"
        text = f"<headrace.Scan {shown}{rows}: {', '.join(self.columns)}"
        if self._request.filters:
            text += f"; where {self._request.filter}"
        if self._request.group_by:
            text += f"; by {', '.join(self._request.group_by)}"
        if self._request.order_by:
            text += f"; in the order {self._request.order_by}"
        if self._request.offset:
            text += f"; offset {self._request.offset}"
        if self._request.limit is not None:
            text += f"; limit {self._request.limit}"
        if self._request.sample is not None:
            text += "; sampled"
        if self._request.chart is not None:
            text += f"; {self._request.chart.method} of {self._request.chart.points} points"
        return text + ("; closed>" if self._files.closed else ">")


def scan(
    paths: Path | Sequence[Path],
    *,
    memory_limit: str | int | None = None,
    max_concurrent: int | None = None,
    ordered: bool = True,
    source_file_column: str | None = None,
    chunk_rows: int | None = None,
    skipping: bool = True,
) -> Scan:
    """Files as one table, read inside a byte budget whatever their size.

    Args:
        paths: a file, a directory (all data files in it, by name), a glob (`data/*.parquet`,
            `**` for any depth), or a list of these.
        memory_limit: what the scan may hold, batches that you hold included: "256MB", "1GiB" or
            bytes; None is the memory budget of the process.
        max_concurrent: threads that read; None is one for each core, fewer where memory is short.
        ordered: False gives the batches in any order, which may be quicker.
        source_file_column: a column of this name in front says which file a row comes from.
        chunk_rows: rows that are decoded at a time; None adapts to the memory there is.
        skipping: False reads also what statistics, indexes, bloom filters and dictionaries say
            cannot matter: slower, and the answer is the same.

    Raises:
        UnknownName: nothing matches.
        InvalidArgument: a value that breaks a rule, or a file of another kind.
        TypeMismatch: columns of two files do not go together.
        CorruptFile: a footer is damaged.
        HeadraceIOError: a file cannot be read.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if isinstance(memory_limit, str):
        memory_limit = _core.parse_byte_size(memory_limit)
    native = _core.ScanFiles(
        [os.fspath(path) for path in given],
        at_least_one(memory_limit, "memory_limit"),
        at_least_one(max_concurrent, "max_concurrent"),
        source_file_column or "",
        chunk_rows,
        skipping,
    )
    request = Request(ordered=ordered)
    return Scan(Files(native), request, native.check(request.native()))
