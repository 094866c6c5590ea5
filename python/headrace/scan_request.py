"""What is asked of the files of a scan."""

from dataclasses import dataclass

from headrace.expr import Expr


@dataclass(frozen=True, slots=True)
class Request:
    filters: tuple[str | Expr, ...] = ()
    group_by: tuple[str, ...] = ()
    aggregates: str = ""
    columns: tuple[str, ...] | None = None
    offset: int = 0
    limit: int | None = None
    ordered: bool = True

    @property
    def filter(self) -> str:
        if len(self.filters) == 1:
            return str(self.filters[0])
        # An expression has parentheses of its own.
        return " and ".join(f"({f})" if isinstance(f, str) else str(f) for f in self.filters)

    @property
    def groups(self) -> bool:
        return bool(self.group_by or self.aggregates)

    def what(self) -> tuple[str, list[str], str, list[str] | None]:
        columns = None if self.columns is None else list(self.columns)
        return self.filter, list(self.group_by), self.aggregates, columns

    def arguments(
        self,
    ) -> tuple[str, list[str], str, list[str] | None, int, int | None, bool]:
        return *self.what(), self.offset, self.limit, self.ordered
