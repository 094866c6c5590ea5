"""Files bigger than memory, read inside a byte budget."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headrace import _core
from headrace.arguments import Filter, Path, at_least_one, filter_text
from headrace.closing import Closing
from headrace.expr import Expr
from headrace.frame import Frame
from headrace.query import Query
from headrace.request import Request
from headrace.scan_files import Batches, Files
from headrace.scan_reports import Explanation, Skip, Written

if TYPE_CHECKING:
    import pyarrow as pa


class Scan(Query, Closing):
    """Rows of files as one table, read batch by batch inside a byte budget. Made by scan().

    The methods of Query say what is wanted and return new scans over the same files; nothing but
    footers is read until rows are asked for. Every iteration reads anew.
    What a filter, a limit or a selection makes unnecessary is not read: columns, row groups, pages.

    Anything that knows the Arrow PyCapsule interface takes a scan as a stream:
    `pa.RecordBatchReader.from_stream(scan)`, `duckdb.sql("from scan")`.

    Ctrl-C, and an exception in the loop that takes the batches, stop the threads that read.
    """

    __slots__ = ("_files", "_schema")

    def __init__(self, files: Files, request: Request, schema: _core.Schema) -> None:
        super().__init__(request)
        self._files = files
        self._schema = schema

    def _with(self, request: Request) -> "Scan":
        return Scan(self._files, request, self._files.native.check(request.native()))

    def _filter(self, given: Filter) -> str | Expr:
        text = filter_text(given, self._files.native)
        # By itself, so that the places that an error names are those of this text.
        self._files.native.check(Request(filters=(text,), columns=()).native())
        return text

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

    def __repr__(self) -> str:
        files = self.files
        shown = files[0] if len(files) == 1 else f"{len(files)} files"
        rows = "" if self.num_rows is None else f", {self.num_rows} rows"
        text = f"<headrace.Scan {shown}{rows}: {', '.join(self.columns)}{self._request.describe()}"
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
