"""Aggregates as values: they write the text of the aggregate language (docs/aggregation.md)."""

from headrace.expr import Expr, quoted


class Aggregate:
    """One answer for each group, such as `hr.mean("fare")`. Immutable; `str()` is its text."""

    __slots__ = ("_call", "_name")

    def __init__(self, call: str, name: str | None = None) -> None:
        self._call = call
        self._name = name

    def alias(self, name: str) -> "Aggregate":
        """The same as a column of this name; without one it is called as its text."""
        return Aggregate(self._call, name)

    def __str__(self) -> str:
        return self._call if self._name is None else f"{self._call} as {quoted(self._name)}"

    def __repr__(self) -> str:
        return f"<headrace.Aggregate {self}>"


def _call(function: str, column: str | Expr, *arguments: float) -> Aggregate:
    text = quoted(column) if isinstance(column, str) else str(column)
    return Aggregate(f"{function}({', '.join([text, *map(repr, arguments)])})")


def count(column: str | Expr | None = None) -> Aggregate:
    """How many values are not null; without a column, how many rows."""
    return Aggregate("count(*)") if column is None else _call("count", column)


def count_distinct(column: str | Expr) -> Aggregate:
    """How many different values, without null."""
    return _call("count_distinct", column)


def sum(column: str | Expr) -> Aggregate:
    """The sum, rounded once at the end; null for no values."""
    return _call("sum", column)


def mean(column: str | Expr) -> Aggregate:
    """The arithmetic mean."""
    return _call("mean", column)


def var(column: str | Expr) -> Aggregate:
    """The variance of a sample: divided by n - 1."""
    return _call("var", column)


def std(column: str | Expr) -> Aggregate:
    """The standard deviation of a sample."""
    return _call("std", column)


def min(column: str | Expr) -> Aggregate:
    """The least value."""
    return _call("min", column)


def max(column: str | Expr) -> Aggregate:
    """The greatest value."""
    return _call("max", column)


def median(column: str | Expr) -> Aggregate:
    """The middle value, exactly: takes memory for every value."""
    return _call("median", column)


def quantile(column: str | Expr, q: float) -> Aggregate:
    """The value at `q`, from 0 to 1, of the sorted ones, interpolated; memory as median()."""
    return _call("quantile", column, float(q))


def first(column: str | Expr) -> Aggregate:
    """The value of the first row, null or not. Rows are read in their order."""
    return _call("first", column)


def last(column: str | Expr) -> Aggregate:
    """The value of the last row, null or not. Rows are read in their order."""
    return _call("last", column)
