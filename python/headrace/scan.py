"""Files bigger than memory, read inside a byte budget."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakSet

from headrace import _core
from headrace.aggregate import Aggregate
from headrace.errors import InvalidArgument, TypeMismatch, UnknownName
from headrace.expr import Expr
from headrace.frame import Frame
from headrace.group_by import GroupBy
from headrace.scan_reports import Explanation, Skip, Written
from headrace.scan_request import Request

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    import pyarrow.compute as pc

Path: TypeAlias = str | os.PathLike[str]
Filter: TypeAlias = "str | Expr | pl.Expr | pc.Expression"
"""Text of the filter language, or an expression of headrace, Polars or pyarrow."""


class _Files:
    """The files of a scan and of all that were derived from it, and who reads them."""

    __slots__ = ("closed", "native", "readers")

    def __init__(self, native: _core.ScanFiles) -> None:
        self.native = native
        self.readers: WeakSet[_core.ScanBatches] = WeakSet()
        self.closed = False

    def open(self, request: Request) -> _core.ScanBatches:
        if self.closed:
            raise InvalidArgument("the scan is closed", code="invalid_argument")
        opened = self.native.open(*request.arguments())
        self.readers.add(opened)
        return opened

    def close(self) -> None:
        self.closed = True
        for reader in list(self.readers):
            reader.close()


class Batches(Iterator[Frame]):
    """One pass over the rows of a scan: an iterator of Frames, in bounded memory.

    Threads read ahead as far as the memory limit of the scan allows and then wait. They stop when
    the iterator is closed, used up, or forgotten. Any thread may take the next batch, one at a
    time.
    """

    __slots__ = ("_batches",)

    def __init__(self, batches: _core.ScanBatches) -> None:
        self._batches = batches

    def __next__(self) -> Frame:
        batch = self._batches.next()
        if batch is None:
            raise StopIteration
        return Frame(batch)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows that are left as an Arrow stream, which takes them over."""
        return self._batches.__arrow_c_stream__(requested_schema)

    def close(self) -> None:
        """Stops the threads. Harmless when done again."""
        self._batches.close()

    def __enter__(self) -> "Batches":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


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

    def __init__(self, files: _Files, request: Request, schema: _core.Schema) -> None:
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
        if self._request.groups:
            raise InvalidArgument(
                "filter() comes before agg(): groups cannot be filtered",
                code="invalid_argument",
                location=("filter",),
            )
        known = list(self._request.filters)
        for given in filters:
            known.append(_language(given, self._files.native))
            # By itself, so that the places that an error names are those of this text.
            self._files.native.check(str(known[-1]), [], "", [])
        return self._with(replace(self._request, filters=tuple(known)))

    def group_by(self, *keys: str | Sequence[str]) -> "GroupBy":
        """Groups of rows with equal values in these columns, for agg(): names, or lists of names.

        Columns that are not selected may be used. Comes before limit() and offset().
        """
        self._refuse_after_limit("group_by")
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

    def limit(self, rows: int) -> "Scan":
        """At most the first `rows` rows. Reading stops there."""
        known = self._request.limit
        rows = _row_count(rows, "limit")
        return self._with(replace(self._request, limit=rows if known is None else min(known, rows)))

    def offset(self, rows: int) -> "Scan":
        """Without the first `rows` rows."""
        rows = _row_count(rows, "offset")
        limit = self._request.limit
        return self._with(
            replace(
                self._request,
                offset=self._request.offset + rows,
                limit=None if limit is None else max(0, limit - rows),
            )
        )

    def _with(self, request: Request) -> "Scan":
        return Scan(self._files, request, self._files.native.check(*request.what()))

    def _refuse_after_limit(self, what: str) -> None:
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
        if rows is not None and not self._request.filters and not self._request.groups:
            rows = max(0, rows - self._request.offset)
            limit = self._request.limit
            return rows if limit is None else min(rows, limit)
        columns = self._request.columns if self._request.groups else ()
        opened = self._files.open(replace(self._request, columns=columns, ordered=False))
        try:
            return opened.count()
        finally:
            opened.close()

    def explain(self) -> Explanation:
        """What would be read, and what is left out by which rule. Reads indexes, but no rows."""
        fields: dict[str, Any] = self._files.native.explain(*self._request.arguments())
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
        if self._request.offset:
            text += f"; offset {self._request.offset}"
        if self._request.limit is not None:
            text += f"; limit {self._request.limit}"
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
        _at_least_one(memory_limit, "memory_limit"),
        _at_least_one(max_concurrent, "max_concurrent"),
        source_file_column or "",
        chunk_rows,
        skipping,
    )
    return Scan(_Files(native), Request(ordered=ordered), native.check("", [], "", None))


def _language(given: Filter, files: _core.ScanFiles) -> str | Expr:
    """The filter in the language: text as it is, expressions of others as headrace's own."""
    if isinstance(given, str | Expr):
        if not str(given).strip():
            raise InvalidArgument(
                "the filter is empty", code="invalid_argument", location=("filter",)
            )
        return given
    module = type(given).__module__.partition(".")[0]
    if module == "polars" and hasattr(given, "meta"):
        from headrace.polars_filter import from_polars

        return from_polars(given)
    if module == "pyarrow" and type(given).__name__ == "Expression":
        # What it is pickled by is how Arrow serialises expressions.
        pickled: Any = given.__reduce__()
        return files.text_of_expression(bytes(pickled[1][0]))
    raise TypeMismatch(
        f"a filter is text, or an expression of hr.col(), Polars or pyarrow, "
        f"not {module}'s {type(given).__name__}",
        code="type_mismatch",
        location=("filter",),
    )


def _at_least_one(value: int | None, name: str) -> int:
    """0, which stands for the default, only for None."""
    if value is None:
        return 0
    if value < 1:
        raise InvalidArgument(
            f"{name} is at least 1, not {value}", code="invalid_argument", location=(name,)
        )
    return value


def _row_count(rows: int, name: str) -> int:
    if isinstance(rows, bool) or not isinstance(rows, int):
        raise TypeMismatch(
            f"{name} is a number of rows, not {type(rows).__name__}",
            code="type_mismatch",
            location=(name,),
        )
    if rows < 0:
        raise InvalidArgument(
            f"{name} is at least 0, not {rows}", code="invalid_argument", location=(name,)
        )
    return rows
