"""Expressions of Polars as filter text."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from headrace.errors import HeadraceError, InvalidArgument
from headrace.expr import Expr, col, lit

if TYPE_CHECKING:
    import polars as pl

_OPERATORS: dict[str, Callable[[Expr, Expr], Expr]] = {
    "Eq": lambda a, b: a == b,
    "NotEq": lambda a, b: a != b,
    "Lt": lambda a, b: a < b,
    "LtEq": lambda a, b: a <= b,
    "Gt": lambda a, b: a > b,
    "GtEq": lambda a, b: a >= b,
    "And": lambda a, b: a & b,
    "LogicalAnd": lambda a, b: a & b,
    "Or": lambda a, b: a | b,
    "LogicalOr": lambda a, b: a | b,
    "Plus": lambda a, b: a + b,
    "Minus": lambda a, b: a - b,
    "Multiply": lambda a, b: a * b,
    "TrueDivide": lambda a, b: a / b,
}
_NUMBERS = {f"{kind}{bits}" for kind in ("Int", "UInt") for bits in (8, 16, 32, 64, 128)} | {
    "Int",
    "Float32",
    "Float64",
    "Float",
}
_TICKS = {"Milliseconds": 1_000, "Microseconds": 1_000_000, "Nanoseconds": 1_000_000_000}
_MOST_LEVELS = 200
_MOST_DIGITS = 76


def from_polars(expression: "pl.Expr") -> Expr:
    """The same condition as an Expr; nulls and NaN as the filter language has them.

    Raises:
        InvalidArgument: the expression does something that filters do not.
    """
    try:
        tree = json.loads(expression.meta.serialize(format="json"))
    except Exception as error:  # whatever Polars raises for what it cannot write
        raise _refusal(expression, str(error)) from error
    try:
        return _node(tree, 0)
    except HeadraceError:
        raise
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise _refusal(expression, f"it says {error}") from error


def _refusal(what: object, why: str) -> InvalidArgument:
    return InvalidArgument(
        f"this Polars expression cannot become a filter: {what}: {why}; give the filter as text, "
        f"or filter what the scan gives",
        code="invalid_argument",
        location=("filter",),
    )


def _node(tree: Any, level: int) -> Expr:
    if level > _MOST_LEVELS:
        raise _refusal("it", f"is nested deeper than {_MOST_LEVELS} levels")
    if not isinstance(tree, dict):
        raise _refusal(tree, "filters have nothing like it")
    kind: str
    body: Any
    ((kind, body),) = tree.items()
    if kind == "Column":
        return col(body)
    if kind == "Literal":
        return lit(_literal(body))
    if kind == "BinaryExpr":
        make = _OPERATORS.get(body["op"])
        if make is None:
            raise _refusal(body["op"], "filters have no such operator")
        return make(_node(body["left"], level + 1), _node(body["right"], level + 1))
    if kind == "Function":
        return _function(body["function"], body["input"], level)
    raise _refusal(kind, "filters have nothing like it")


def _function(function: Any, inputs: list[Any], level: int) -> Expr:
    first = _node(inputs[0], level + 1)
    match function:
        case "Negate":
            return -first
        case {"Boolean": "Not"}:
            return ~first
        case {"Boolean": "IsNull"}:
            return first.is_null()
        case {"Boolean": "IsNotNull"}:
            return first.is_not_null()
        case {"Boolean": {"IsIn": {"nulls_equal": False}}}:
            return first.is_in(_list(inputs[1]))
        case {"Boolean": {"IsBetween": {"closed": "Both"}}}:
            return first.between(_node(inputs[1], level + 1), _node(inputs[2], level + 1))
        case {"StringExpr": "StartsWith" | "EndsWith" as place}:
            text = _literal(inputs[1]["Literal"])
            escaped = "".join("\\" + c if c in "\\%_" else c for c in text)
            pattern = escaped + "%" if place == "StartsWith" else "%" + escaped
            return first.like(pattern, escape="\\" if escaped != text else None)
    name = function if isinstance(function, str) else json.dumps(function)
    raise _refusal(name, "filters have no such function")


def _list(tree: Any) -> list[Any]:
    """The values of is_in(): an Arrow stream with one column."""
    body = tree["Literal"]
    body = body.get("Scalar", body)
    ((_, values),) = body.items()
    import pyarrow as pa

    with pa.ipc.open_stream(bytes(values)) as stream:
        made: list[Any] = stream.read_all().column(0).to_pylist()
    # A list as one value is a column of one list.
    return made[0] if len(made) == 1 and isinstance(made[0], list) else made


def _literal(body: Any) -> Any:
    ((kind, value),) = body.items()
    if kind in ("Dyn", "Scalar"):
        return _literal(value)
    if kind == "Null":
        return None
    if kind in _NUMBERS and value is None:
        raise _refusal("a number", "Polars does not write infinities and NaN")
    if kind in ("Boolean", "String", "StringOwned", "Str") or kind in _NUMBERS:
        return value
    if kind == "Decimal":
        digits, _, scale = value
        return Decimal(digits).scaleb(-scale, Context(prec=_MOST_DIGITS))
    if kind in ("Binary", "BinaryOwned"):
        return bytes(value)
    if kind == "Date":
        return date(1970, 1, 1) + timedelta(days=value)
    if kind == "Time":
        return _exact_time(value)
    if kind in ("Datetime", "DatetimeOwned"):
        ticks, unit, zone = value
        return _moment(ticks, _TICKS[unit], zone is not None)
    raise _refusal(kind, "filters have no such literal")


def _exact_time(nanoseconds: int) -> Any:
    micros, rest = divmod(nanoseconds, 1000)
    if rest:
        raise _refusal("Time", "a time finer than microseconds")
    return (datetime(1970, 1, 1) + timedelta(microseconds=micros)).time()


def _moment(ticks: int, per_second: int, zoned: bool) -> Any:
    """As an Expr where a datetime would lose nanoseconds."""
    seconds, fraction = divmod(ticks, per_second)
    start = datetime(1970, 1, 1, tzinfo=UTC if zoned else None)
    moment = start + timedelta(seconds=seconds)
    if per_second <= 1_000_000:
        return moment + timedelta(microseconds=fraction * (1_000_000 // per_second))
    text = f"{moment:%Y-%m-%d %H:%M:%S}.{fraction:09d}" + ("Z" if zoned else "")
    return Expr(f"timestamp '{text}'")
