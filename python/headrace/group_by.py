"""Groups of rows, until it is said what is wanted of them."""

from dataclasses import replace
from typing import TYPE_CHECKING

from headrace.aggregate import Aggregate
from headrace.errors import InvalidArgument

if TYPE_CHECKING:
    from headrace.scan import Scan


class GroupBy:
    """Groups of the rows of a scan. Made by Scan.group_by()."""

    __slots__ = ("_keys", "_scan")

    def __init__(self, scan: "Scan", keys: tuple[str, ...]) -> None:
        self._scan = scan
        self._keys = keys

    def agg(self, *aggregates: str | Aggregate) -> "Scan":
        """One row for each group: its keys and then the aggregates, sorted by key.

        Aggregates are text ("mean(fare), count(*) as n") or `hr.mean("fare")`,
        `hr.count().alias("n")`; with none there are just the keys. They are computed in one pass,
        in memory for the groups alone, inside the memory limit of the scan; median, quantile and
        count_distinct keep values. The result is a scan itself: iterate it, collect it, sink it.

        Raises:
            InvalidArgument: the text does not read, or two columns have one name.
            UnknownName: a column or a function that is not there.
            TypeMismatch: there is no such aggregate of the column's type.
            MemoryLimit: when it is read, if the groups do not fit; the message says how many there
                were and about what they need.
        """
        text = ", ".join(str(aggregate) for aggregate in aggregates)
        if not text.strip() and not self._keys:
            raise InvalidArgument(
                "there is no aggregate and no key", code="invalid_argument", location=("agg",)
            )
        request = replace(self._scan._request, group_by=self._keys, aggregates=text, columns=None)
        return self._scan._with(request)

    def __repr__(self) -> str:
        return f"<headrace.GroupBy {', '.join(self._keys)} of {self._scan!r}>"
