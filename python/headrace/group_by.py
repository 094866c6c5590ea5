"""Groups of rows, until it is said what is wanted of them."""

from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from headrace.aggregate import Aggregate
from headrace.errors import InvalidArgument

if TYPE_CHECKING:
    from headrace.query import Query

Asked = TypeVar("Asked", bound="Query")


class GroupBy(Generic[Asked]):
    """Groups of rows. Made by Query.group_by()."""

    __slots__ = ("_keys", "_query")

    def __init__(self, query: Asked, keys: tuple[str, ...]) -> None:
        self._query = query
        self._keys = keys

    def agg(self, *aggregates: str | Aggregate) -> Asked:
        """One row for each group: its keys and then the aggregates, sorted by key.

        Aggregates are text ("mean(fare), count(*) as n") or `hr.mean("fare")`,
        `hr.count().alias("n")`; with none there are just the keys. They are computed in one pass,
        in memory for the groups alone, inside the memory limit; median, quantile and count_distinct
        keep values. The result is a query itself: iterate it, collect it.

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
        request = replace(self._query._request, group_by=self._keys, aggregates=text, columns=None)
        return self._query._with(request)

    def __repr__(self) -> str:
        return f"<headrace.GroupBy {', '.join(self._keys)} of {self._query!r}>"
