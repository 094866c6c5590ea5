"""A live window in this process."""

from typing import TYPE_CHECKING, Any, Unpack

from headrace import _core
from headrace._core import AppendResult, FeaturePlan
from headrace.frame import Frame
from headrace.live_buffer import BufferStats, PlanOptions, Rows, Schema, resolve_plan
from headrace.rows import normalize, to_schema

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


class Buffer:
    """The last `window_size` rows of a stream, in this process, without a server.

    See LiveBuffer for what its methods do. Appending a dict and reading latest_vector() with a
    FeaturePlan take microseconds and keep the GIL; everything else gives it away while it works.

    Args:
        name: 1 to 128 letters, digits and `_ . : -`.
        window_size: rows shown at most, 1 to 100,000,000.
        history_rows: rows kept beyond them, so that the oldest shown rows have full windows too.
        schema: fixes the columns' names and types; None lets rows bring columns.

    Raises:
        InvalidArgument: a name, size or schema that breaks a rule.
        MemoryLimit: the memory budget of the process refuses.
    """

    __slots__ = ("__weakref__", "_name", "_window", "_window_size")

    def __init__(
        self,
        name: str = "buffer",
        window_size: int = 1000,
        history_rows: int = 256,
        schema: Schema | None = None,
    ) -> None:
        self._window = _core.LiveWindow(
            name, window_size, history_rows, None if schema is None else to_schema(schema)
        )
        self._name = name
        self._window_size = window_size

    @property
    def name(self) -> str:
        """The buffer's name."""
        return self._name

    @property
    def window_size(self) -> int:
        """Rows shown at most."""
        return self._window_size

    @property
    def size(self) -> int:
        """Rows shown now."""
        return self.stats().size

    @property
    def memory_bytes(self) -> int:
        """Bytes that columns, history, features and their state hold."""
        return self.stats().memory_bytes

    @property
    def schema(self) -> "pa.Schema":
        """Names and types of the columns, as a pyarrow.Schema."""
        import pyarrow as pa

        return pa.schema(self._window.schema())

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"<headrace.Buffer {self._name!r}: {self.size} of {self._window_size} rows>"

    def append(self, rows: Rows) -> AppendResult:
        """Appends a dict, a list of dicts, a DataFrame or an Arrow stream, all or nothing.

        See LiveBuffer.append.
        """
        if type(rows) is dict:
            return self._window.append_row(rows)
        normalized = normalize(rows)
        if isinstance(normalized, list):
            return self._window.append_rows(normalized)
        return self._window.append_stream(normalized)

    def features(
        self,
        plan: FeaturePlan | None = None,
        *,
        tail: int | None = None,
        **options: Unpack[PlanOptions],
    ) -> Frame:
        """The rows shown with the plan's derived columns behind them. See LiveBuffer.features."""
        return Frame(self._window.features(resolve_plan(plan, options), tail))

    def data(self, tail: int | None = None, *, with_features: bool = False) -> Frame:
        """The rows shown, oldest first. See LiveBuffer.data."""
        if with_features:
            return self.features(tail=tail)
        return Frame(self._window.data(tail))

    def latest(
        self, plan: FeaturePlan | None = None, **options: Unpack[PlanOptions]
    ) -> dict[str, Any]:
        """The newest row with its derived values; {} if there is none. See LiveBuffer.latest."""
        newest = self._window.features(resolve_plan(plan, options), 1)
        return newest.row(0) if newest.num_rows else {}

    def latest_vector(
        self, plan: FeaturePlan | None = None, **options: Unpack[PlanOptions]
    ) -> "npt.NDArray[np.float64]":
        """The newest row as doubles, shape (k,). See LiveBuffer.latest_vector."""
        if plan is None or options:
            plan = resolve_plan(plan, options)
        return self._window.latest_vector(plan)

    def vector_names(
        self, plan: FeaturePlan | None = None, **options: Unpack[PlanOptions]
    ) -> list[str]:
        """Names of the values of latest_vector()."""
        return self._window.vector_names(resolve_plan(plan, options))

    def stats(self) -> BufferStats:
        """Figures of the buffer."""
        return BufferStats(**self._window.stats())

    def clear(self) -> None:
        """Drops rows, features and counters; keeps the schema."""
        self._window.clear()
