"""Filters as expressions: they write the text of the filter language (docs/filters.md)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, TypeAlias

from headrace.errors import InvalidArgument, TypeMismatch

Value: TypeAlias = Any
"""None, bool, int, float, str, bytes, Decimal, date, time or datetime; a scalar of NumPy."""


class Expr:
    """A part of a filter: a column, a value, or what operators make of them. Immutable.

    Comparisons (`== != < <= > >=`) and arithmetic (`+ - * / %`) take expressions and values;
    `&`, `|` and `~` join conditions, each of which needs parentheses around a comparison:
    `(hr.col("x") > 1) & ~hr.col("y").is_null()`. A comparison with null is neither true nor false.

    `str(expr)` is the text.
    """

    __hash__ = None  # type: ignore[assignment]  # == makes a filter
    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<headrace.Expr {self._text}>"

    def __bool__(self) -> bool:
        raise TypeError(
            "an expression is neither true nor false: join conditions with & | ~ in parentheses, "
            "not with and, or, not"
        )

    def __eq__(self, other: Value) -> "Expr":  # type: ignore[override]
        return self._compare("=", other)

    def __ne__(self, other: Value) -> "Expr":  # type: ignore[override]
        return self._compare("!=", other)

    def __lt__(self, other: Value) -> "Expr":
        return self._compare("<", other)

    def __le__(self, other: Value) -> "Expr":
        return self._compare("<=", other)

    def __gt__(self, other: Value) -> "Expr":
        return self._compare(">", other)

    def __ge__(self, other: Value) -> "Expr":
        return self._compare(">=", other)

    def __and__(self, other: Value) -> "Expr":
        return self._join("and", other)

    def __rand__(self, other: Value) -> "Expr":
        return lit(other)._join("and", self)

    def __or__(self, other: Value) -> "Expr":
        return self._join("or", other)

    def __ror__(self, other: Value) -> "Expr":
        return lit(other)._join("or", self)

    def __invert__(self) -> "Expr":
        return Expr(f"(not {self})")

    def __add__(self, other: Value) -> "Expr":
        return self._join("+", _term(other))

    def __radd__(self, other: Value) -> "Expr":
        return _term(other)._join("+", self)

    def __sub__(self, other: Value) -> "Expr":
        return self._join("-", _term(other))

    def __rsub__(self, other: Value) -> "Expr":
        return _term(other)._join("-", self)

    def __mul__(self, other: Value) -> "Expr":
        return self._join("*", _term(other))

    def __rmul__(self, other: Value) -> "Expr":
        return _term(other)._join("*", self)

    def __truediv__(self, other: Value) -> "Expr":
        return self._join("/", _term(other))

    def __rtruediv__(self, other: Value) -> "Expr":
        return _term(other)._join("/", self)

    def __mod__(self, other: Value) -> "Expr":
        return self._join("%", _term(other))

    def __rmod__(self, other: Value) -> "Expr":
        return _term(other)._join("%", self)

    def __neg__(self) -> "Expr":
        return Expr(f"(- {self})")

    def is_in(self, values: Iterable[Value]) -> "Expr":
        """Whether it is one of these values; false for none of them."""
        if isinstance(values, str | bytes):
            raise TypeMismatch(
                "is_in() takes a list of values, not one text",
                code="type_mismatch",
                location=("filter",),
            )
        texts = [literal(value) for value in values]
        return Expr(f"({self} in ({', '.join(texts)}))") if texts else Expr("false")

    def is_null(self) -> "Expr":
        """Whether there is no value. NaN is one."""
        return Expr(f"({self} is null)")

    def is_not_null(self) -> "Expr":
        """Whether there is a value."""
        return Expr(f"({self} is not null)")

    def between(self, low: Value, high: Value) -> "Expr":
        """Whether it is at least `low` and at most `high`."""
        return Expr(f"({self} between {lit(low)} and {lit(high)})")

    def like(self, pattern: str, escape: str | None = None) -> "Expr":
        """Whether the whole text is like the pattern: `%` is any text, `_` any character.

        `escape` is the character that makes the next `%`, `_` or itself mean just that.
        """
        text = f"{self} like {literal(pattern)}"
        return Expr(f"({text} escape {literal(escape)})" if escape is not None else f"({text})")

    def field(self, name: str) -> "Expr":
        """A field of a column that is a struct."""
        return Expr(f"{self}.{quoted(name)}")

    def _join(self, operator: str, other: Value) -> "Expr":
        return Expr(f"({self} {operator} {lit(other)})")

    def _compare(self, operator: str, other: Value) -> "Expr":
        if other is None:
            raise InvalidArgument(
                f"{self} {operator} None holds for no row: use is_null() or is_not_null()",
                code="invalid_argument",
                location=("filter",),
            )
        return self._join(operator, other)


def col(name: str) -> Expr:
    """The column of this name, as it stands, dots included: fields are `col("a").field("b")`."""
    if not isinstance(name, str):
        raise TypeError(f"a column's name is a str, not {type(name).__name__}")
    return Expr(quoted(name))


def lit(value: Value) -> Expr:
    """A value as an expression; an expression as it is.

    Raises:
        TypeMismatch: filters have no literal for such a value.
    """
    return value if isinstance(value, Expr) else Expr(literal(value))


def quoted(name: str) -> str:
    """A name in the quotes of the language."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Value) -> str:
    """The text that reads as this value again.

    Raises:
        TypeMismatch: filters have no literal for such a value.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, Decimal) and value.is_finite():
        return f"{value:f}"
    if isinstance(value, datetime) and value == value:  # NaT is not
        return _timestamp_text(value)
    if isinstance(value, date) and value == value:
        return f"date '{value.isoformat()}'"
    if isinstance(value, time) and value.tzinfo is None:
        return f"time '{value.isoformat()}'"
    if type(value).__module__ == "numpy":
        return _numpy_text(value)
    raise TypeMismatch(
        f"a filter has no literal for {value!r}, a {type(value).__name__}",
        code="type_mismatch",
        location=("filter",),
    )


def _float_text(value: float) -> str:
    if value != value:
        raise TypeMismatch(
            "a filter has no literal for NaN", code="type_mismatch", location=("filter",)
        )
    if value in (float("inf"), float("-inf")):
        return "1e999" if value > 0 else "-1e999"
    return repr(float(value))


def _term(value: Value) -> Expr:
    """A part of a calculation: a float of Python is a double there, where the language would take
    0.1 for an exact decimal."""
    if isinstance(value, float) and "e" not in literal(value):
        return Expr(literal(value) + "e0")
    return lit(value)


def _timestamp_text(value: datetime) -> str:
    """In UTC where it has a zone; pandas' Timestamp with its nanoseconds."""
    if value.tzinfo is not None:
        text = value.astimezone(UTC).isoformat(sep=" ").removesuffix("+00:00") + "Z"
    else:
        text = value.isoformat(sep=" ")
    return f"timestamp '{text}'"


def _numpy_text(value: Value) -> str:
    import numpy as np

    if isinstance(value, np.datetime64) and not np.isnat(value):
        kind = np.datetime_data(value)[0]
        if kind in ("Y", "M", "W", "D"):
            return f"date '{np.datetime_as_string(value, unit='D')}'"
        return "timestamp '" + str(np.datetime_as_string(value)).replace("T", " ") + "'"
    if isinstance(value, np.generic) and not isinstance(value, np.datetime64 | np.timedelta64):
        return literal(value.item())
    raise TypeMismatch(
        f"a filter has no literal for {value!r}", code="type_mismatch", location=("filter",)
    )
