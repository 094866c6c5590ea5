"""What is asked of rows: the request that is sent to the engine, or to a server."""

from dataclasses import dataclass

from headrace import _core
from headrace.expr import Expr
from headrace.row_choice import Chart, Sample


@dataclass(frozen=True, slots=True)
class Request:
    filters: tuple[str | Expr, ...] = ()
    group_by: tuple[str, ...] = ()
    aggregates: str = ""
    order_by: str = ""
    offset: int = 0
    limit: int | None = None
    sample: Sample | None = None
    chart: Chart | None = None
    columns: tuple[str, ...] | None = None
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

    @property
    def chooses(self) -> bool:
        return self.sample is not None or self.chart is not None

    def describe(self) -> str:
        """What is asked, for people: "; where fare > 50; limit 10"."""
        text = ""
        if self.filters:
            text += f"; where {self.filter}"
        if self.group_by:
            text += f"; by {', '.join(self.group_by)}"
        if self.order_by:
            text += f"; in the order {self.order_by}"
        if self.offset:
            text += f"; offset {self.offset}"
        if self.limit is not None:
            text += f"; limit {self.limit}"
        if self.sample is not None:
            text += "; sampled"
        if self.chart is not None:
            text += f"; {self.chart.method} of {self.chart.points} points"
        return text

    def native(self) -> _core.TableRequest:
        return _core.TableRequest(
            filter=self.filter,
            group_by=list(self.group_by),
            aggregates=self.aggregates,
            order_by=self.order_by,
            offset=self.offset,
            limit=self.limit,
            sample=None if self.sample is None else self.sample.native(),
            downsample=None if self.chart is None else self.chart.native(),
            columns=None if self.columns is None else list(self.columns),
            ordered=self.ordered,
        )
