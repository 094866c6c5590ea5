"""What is asked of rows, wherever they are: the methods that scans and tables of a server share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from headrace.aggregate import Aggregate
from headrace.arguments import Bound, Filter, bound_text, row_count, whole_number
from headrace.errors import InvalidArgument, UnknownName
from headrace.expr import Expr
from headrace.frame import Frame
from headrace.group_by import GroupBy
from headrace.request import Request
from headrace.row_choice import Chart, Sample

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


class Query(ABC):
    """Rows that are wanted, lazy and immutable: each method returns a new query over the same rows,
    and nothing is read until rows are asked for.

    Whatever the order of the calls, rows are filtered, grouped, put in order, passed over and
    counted off, sampled or downsampled, and columns are selected last.
    """

    __slots__ = ("__weakref__", "_request")

    def __init__(self, request: Request) -> None:
        self._request = request

    @abstractmethod
    def _with(self, request: Request) -> Self:
        """The same rows, asked otherwise."""

    @abstractmethod
    def _filter(self, given: Filter) -> str | Expr:
        """A filter as the request takes it."""

    @abstractmethod
    def collect(self) -> Frame:
        """All rows as one Frame."""

    def select(self, *columns: str | Sequence[str]) -> Self:
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

    def filter(self, *filters: Filter) -> Self:
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
            known.append(self._filter(given))
        return self._with(replace(self._request, filters=tuple(known)))

    def group_by(self, *keys: str | Sequence[str]) -> "GroupBy[Self]":
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

    def agg(self, *aggregates: "str | Aggregate") -> Self:
        """One row about all rows; see GroupBy.agg()."""
        return self.group_by().agg(*aggregates)

    def order_by(self, *columns: str) -> Self:
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
    ) -> Self:
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
    ) -> Self:
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

    def limit(self, rows: int) -> Self:
        """At most the first `rows` rows. Reading stops there."""
        self._refuse_after_choice("limit")
        known = self._request.limit
        rows = row_count(rows, "limit")
        return self._with(replace(self._request, limit=rows if known is None else min(known, rows)))

    def offset(self, rows: int) -> Self:
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
