"""What a read returns."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from headrace import _core
from headrace.errors import UnknownName

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_PREVIEW_ROWS = 10
_PREVIEW_COLUMNS = 8
_PREVIEW_WIDTH = 24


class Frame:
    """Rows that a buffer or a scan gave out: columns of Arrow, in their order. Immutable.

    Anything that knows the Arrow PyCapsule interface takes a Frame as it is, without a copy:
    `pl.DataFrame(frame)`, `pa.table(frame)`, `duckdb.sql("from frame")`. It stays valid whatever
    becomes of its buffer or file, and holds on to memory until it and what was made of it are gone.

    Types of a buffer's columns: int64, double, bool, string, timestamp[ns, UTC]; null for a column
    without any value. A scan gives the types of its files.
    """

    __slots__ = ("_batch", "_table")

    def __init__(self, batch: _core.Batch) -> None:
        self._batch = batch
        self._table: pa.Table | None = None

    @property
    def columns(self) -> list[str]:
        """Names of the columns: originals in the order first seen, then the derived ones."""
        return self._batch.columns

    @property
    def numeric_columns(self) -> list[str]:
        """Those of integers and floats: the columns of to_numpy()."""
        return self._batch.numeric_columns

    @property
    def num_rows(self) -> int:
        """How many rows."""
        return self._batch.num_rows

    @property
    def schema(self) -> "pa.Schema":
        """Names and types of the columns."""
        import pyarrow as pa

        return pa.schema(self)

    def __len__(self) -> int:
        return self._batch.num_rows

    def __contains__(self, column: object) -> bool:
        return column in self._batch.columns

    def row(self, index: int) -> dict[str, Any]:
        """One row by column; negative counts from the end. Times are cut to microseconds.

        Raises:
            IndexError: there is no such row.
        """
        return self._batch.row(index)

    def __getitem__(self, column: str) -> "npt.NDArray[Any]":
        """A column as a NumPy array, shape (num_rows,).

        Numbers and times without nulls are a read-only view of the column, without a copy: float64,
        int64, datetime64[ns], ... With nulls they are a copy with NaN (float64) or NaT in place.
        bool is a copy, and so is every column of a frame of several batches, as collect() gives
        them; str, bool with nulls and a column without any value are objects with None.

        Raises:
            UnknownName: there is no such column.
        """
        if not isinstance(column, str):
            raise TypeError(f"a column's name is a str, not {type(column).__name__}")
        table = self.to_arrow()
        index = table.schema.get_field_index(column)
        if index < 0:
            raise UnknownName(
                f"no column {column!r}; there are {', '.join(self.columns) or 'none'}",
                code="unknown_name",
                location=(column,),
            )
        chunks = table.column(index).chunks
        # A table over one batch has one chunk; over none it has no rows.
        values: npt.NDArray[Any] = (
            chunks[0].to_numpy(zero_copy_only=False)
            if len(chunks) == 1
            else table.column(index).to_numpy()
        )
        return values

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows as an Arrow stream, without a copy."""
        return self._batch.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """The columns' names and types as an Arrow schema."""
        return self._batch.__arrow_c_schema__()

    def to_arrow(self) -> "pa.Table":
        """A pyarrow.Table over the same memory."""
        if self._table is None:
            import pyarrow as pa

            self._table = pa.table(self)
        return self._table

    def to_polars(self) -> "pl.DataFrame":
        """A polars.DataFrame; numbers and times over the same memory. Needs Polars."""
        import polars as pl

        return pl.DataFrame(self)

    def to_pandas(self) -> "pd.DataFrame":
        """A pandas.DataFrame. Copies; a null is NaN, NaT or None, so that an int column that has
        one becomes float64. Needs pandas."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_numpy(self) -> "npt.NDArray[np.float64]":
        """The numeric columns as a matrix: shape (num_rows, len(numeric_columns)), float64,
        row by row in memory. A copy; a null is NaN, an integer beyond 2^53 is rounded."""
        return self._batch.to_numpy()

    def __repr__(self) -> str:
        return _preview(self._batch)


def _text(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"  # the column's type says that it is UTC
    text = str(value)
    return text if len(text) <= _PREVIEW_WIDTH else text[: _PREVIEW_WIDTH - 1] + "…"


def _preview(batch: _core.Batch) -> str:
    """The first and last rows of the first and last columns, as a table for people."""
    names, types, total = batch.columns, batch.column_types, batch.num_rows
    title = f"Frame: {total} rows × {len(names)} columns"
    if not names:
        return title
    half = _PREVIEW_COLUMNS // 2
    shown = list(range(len(names)))
    if len(names) > _PREVIEW_COLUMNS:
        shown = shown[:half] + shown[-half:]
    half = _PREVIEW_ROWS // 2
    rows = [batch.row(i) for i in range(total if total <= _PREVIEW_ROWS else half)]
    if total > _PREVIEW_ROWS:
        rows += [batch.row(i) for i in range(-half, 0)]

    columns = [[_text(names[i]), types[i], *(_text(row[names[i]]) for row in rows)] for i in shown]
    if len(shown) < len(names):
        columns.insert(_PREVIEW_COLUMNS // 2, ["…"] * (2 + len(rows)))
    if total > _PREVIEW_ROWS:
        for column in columns:
            column.insert(2 + half, "…")
    widths = [max(len(cell) for cell in column) for column in columns]
    lines = [
        "  ".join(column[line].rjust(width) for column, width in zip(columns, widths, strict=True))
        for line in range(len(columns[0]))
    ]
    lines.insert(2, "  ".join("─" * width for width in widths))
    return "\n".join([title, *lines])
