"""What the methods of a query are given, as the engine takes it."""

import math
import operator
import os
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from headrace import _core
from headrace.errors import InvalidArgument, TypeMismatch
from headrace.expr import Expr

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    import pyarrow.compute as pc

Path: TypeAlias = str | os.PathLike[str]
Filter: TypeAlias = "str | Expr | pl.Expr | pc.Expression"
"""Text of the filter language, or an expression of headrace, Polars or pyarrow."""

Bound: TypeAlias = "int | float | Decimal | date | datetime | np.datetime64 | str | None"
"""A value of x: a number, an instant, or the text of one; None for no bound."""


def filter_text(given: Filter, files: _core.ScanFiles | None) -> str | Expr:
    """The filter in the language: text as it is, expressions of others as headrace's own. Those of
    pyarrow are read against the files' columns; there is nothing for them without."""
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
    if module == "pyarrow" and type(given).__name__ == "Expression" and files is not None:
        # What it is pickled by is how Arrow serialises expressions.
        pickled: Any = given.__reduce__()
        return files.text_of_expression(bytes(pickled[1][0]))
    readers = "Polars" if files is None else "Polars or pyarrow"
    raise TypeMismatch(
        f"a filter is text, or an expression of hr.col() or {readers}, "
        f"not {module}'s {type(given).__name__}",
        code="type_mismatch",
        location=("filter",),
    )


def at_least_one(value: int | None, name: str) -> int:
    """0, which stands for the default, only for None."""
    if value is None:
        return 0
    if value < 1:
        raise InvalidArgument(
            f"{name} is at least 1, not {value}", code="invalid_argument", location=(name,)
        )
    return value


def row_count(rows: int, name: str) -> int:
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


def bound_text(value: Bound, name: str) -> str | None:
    """A bound of a range as the text that the engine reads."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if type(value).__name__ == "datetime64":
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidArgument(
            f"{name} is a finite number, not {value}", code="invalid_argument", location=(name,)
        )
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, Decimal):
        return f"{value:f}"
    if not isinstance(value, bool):
        try:
            number: Any = value
            return str(operator.index(number))
        except TypeError:
            pass
    raise TypeMismatch(
        f"{name} is a number, a date, a datetime or text, not {type(value).__name__}",
        code="type_mismatch",
        location=(name,),
    )


def whole_number(value: int, name: str) -> int:
    """An int, also NumPy's."""
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise TypeMismatch(
        f"{name} is a whole number, not {type(value).__name__}",
        code="type_mismatch",
        location=(name,),
    )
