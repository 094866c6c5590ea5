"""What a buffer in this process and a buffer on a server have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypedDict, Unpack, runtime_checkable

from headrace._core import AppendResult, FeaturePlan

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from headrace.frame import Frame


class ArrowStreamExportable(Protocol):
    """Rows that any Arrow library can take without a copy."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class ArrowSchemaExportable(Protocol):
    """A schema that any Arrow library can take."""

    def __arrow_c_schema__(self) -> object: ...


Row: TypeAlias = Mapping[str, Any]
"""Column name to value: None, bool, int, float, str or datetime, a scalar of NumPy or pandas."""

Rows: TypeAlias = Row | Sequence[Row] | ArrowStreamExportable

Schema: TypeAlias = Mapping[str, str] | ArrowSchemaExportable
"""{"price": "double", "at": "timestamp", ...} or an Arrow schema."""


class PlanOptions(TypedDict, total=False):
    """The arguments of FeaturePlan, which says what they mean."""

    rolling_windows: Sequence[int]
    include_rolling_stats: Sequence[str]
    include_lags: bool
    lag_periods: Sequence[int]
    columns: Sequence[str] | None
    min_samples: int
    ddof: int
    fill: float | None


@dataclass(frozen=True, slots=True)
class BufferStats:
    """Figures of a buffer.

    Attributes:
        name: the buffer's name.
        size: rows shown, at most `window_size`.
        window_size: rows shown at most.
        columns: all columns, in the order in which they were first seen.
        numeric_columns: those that features are derived from (int64 and double).
        memory_bytes: what columns, history, features and their state hold.
        append_count: rows appended since creation or the last clear().
        avg_append_ms: milliseconds within append per row, over the same time.
    """

    name: str
    size: int
    window_size: int
    columns: tuple[str, ...]
    numeric_columns: tuple[str, ...]
    memory_bytes: int
    append_count: int
    avg_append_ms: float


@runtime_checkable
class LiveBuffer(Protocol):
    """The last `window_size` rows of a stream, with rolling features kept up to date.

    Any method may be called from any thread at the same time. A refused append leaves the buffer
    as it was. What a read returned stays valid whatever becomes of the buffer.

    Where a method takes `plan` and options, give one of them: a FeaturePlan made once (quicker in a
    loop), or the arguments of FeaturePlan by name, or neither for its defaults.
    """

    @property
    def name(self) -> str:
        """The buffer's name."""

    @property
    def window_size(self) -> int:
        """Rows shown at most."""

    @property
    def size(self) -> int:
        """Rows shown now."""

    @property
    def memory_bytes(self) -> int:
        """Bytes that columns, history, features and their state hold."""

    @property
    def schema(self) -> "pa.Schema":
        """Names and types of the columns, as a pyarrow.Schema."""

    def __len__(self) -> int:
        """Rows shown now."""

    def append(self, rows: Rows) -> AppendResult:
        """Appends one row (a dict), many (a list of dicts), or columns.

        Columns are a DataFrame of Polars or pandas, a pyarrow Table, RecordBatch or
        RecordBatchReader, or anything else with `__arrow_c_stream__`. The index of a pandas frame
        is left out (`reset_index()` makes columns of it); its NaN are nulls.

        A column takes the type of its first value: int becomes int64 (and double when a float
        arrives), float double, bool, str, datetime a UTC timestamp in nanoseconds. A datetime
        without a zone is taken as UTC. None and a missing key are null; a new key is a new column.

        Either all rows are appended or none.

        Raises:
            TypeMismatch: a value does not fit its column or no column could hold it; `location` is
                ("data", row, column).
            InvalidArgument: a time beyond int64 nanoseconds; a column that a schema does not have.
            TooLarge: more columns, or a longer string, than a buffer takes.
            MemoryLimit: the memory budget refuses.
        """

    def features(
        self,
        plan: FeaturePlan | None = None,
        *,
        tail: int | None = None,
        **options: Unpack[PlanOptions],
    ) -> "Frame":
        """The rows shown with the plan's derived columns behind them, oldest first.

        Derived columns are called `{column}_rolling_{stat}_{window}` and `{column}_lag_{n}`: for
        each numeric column its windows in the order asked, each with its stats in the order
        asked, then its lags. All are double.

        Args:
            plan: what to derive. The first read of a plan computes it for all rows; from then on
                appends keep it up to date.
            tail: only the last rows, at least 1; None is all.

        Raises:
            InvalidArgument: a plan or tail that breaks a rule; `location` names the option.
            UnknownName, TypeMismatch: the plan names a column that is not there or not numeric.
        """

    def data(self, tail: int | None = None, *, with_features: bool = False) -> "Frame":
        """The rows shown, oldest first; with features of the default plan if asked.

        Raises:
            InvalidArgument: tail below 1.
        """

    def latest(
        self, plan: FeaturePlan | None = None, **options: Unpack[PlanOptions]
    ) -> dict[str, Any]:
        """The newest row with its derived values, by column; {} if the buffer is empty.

        Times are datetimes in UTC, cut to microseconds.
        """

    def latest_vector(
        self, plan: FeaturePlan | None = None, **options: Unpack[PlanOptions]
    ) -> "npt.NDArray[np.float64]":
        """The newest row as a model takes it: shape (k,), float64, in the order of vector_names().

        Numeric originals and all derived columns; a null is NaN. Shape (0,) if the buffer is empty.
        A new array each time, which the caller may keep.
        """

    def vector_names(
        self, plan: FeaturePlan | None = None, **options: Unpack[PlanOptions]
    ) -> list[str]:
        """Names of the values of latest_vector()."""

    def stats(self) -> BufferStats:
        """Figures of the buffer."""

    def clear(self) -> None:
        """Drops rows, features and counters; keeps the schema."""


def resolve_plan(plan: FeaturePlan | None, options: PlanOptions) -> FeaturePlan:
    """The plan that was given, or the one that the options describe."""
    if plan is None:
        return FeaturePlan(**options)
    if options:
        raise TypeError(f"give a plan or options, not both: {', '.join(options)}")
    return plan
