"""Which of the rows are wanted: a sample, or what a chart needs."""

from dataclasses import dataclass

from headrace.arguments import whole_number
from headrace.errors import InvalidArgument


@dataclass(frozen=True, slots=True)
class Sample:
    rows: int | None
    fraction: float | None
    seed: int | None
    stratify: str | None

    @classmethod
    def of(
        cls, n: int | None, fraction: float | None, seed: int | None, stratify: str | None
    ) -> "Sample":
        if n is None and fraction is None:
            raise InvalidArgument(
                "sample() takes n or fraction", code="invalid_argument", location=("sample",)
            )
        return cls(
            None if n is None else whole_number(n, "sample"),
            None if fraction is None else float(fraction),
            None if seed is None else whole_number(seed, "seed"),
            stratify,
        )

    def native(self) -> tuple[int | None, float | None, int | None, str | None]:
        return self.rows, self.fraction, self.seed, self.stratify


@dataclass(frozen=True, slots=True)
class Chart:
    method: str
    x: str
    y: tuple[str, ...]
    points: int
    from_: str | None
    to: str | None
    by: str | None

    def native(
        self,
    ) -> tuple[str, str, list[str], int, str | None, str | None, str | None]:
        return self.method, self.x, list(self.y), self.points, self.from_, self.to, self.by
