"""The native half of the package. Private: the public names are those of `headrace`."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt

from headrace.live_buffer import ArrowSchemaExportable, ArrowStreamExportable

__version__: str

@final
class AppendResult:
    """What an append did.

    Attributes:
        appended: rows of the request, whether they are still shown or not.
        buffer_size: rows shown afterwards.
        avg_append_ms: milliseconds within append per row since creation or the last clear().
    """

    def __init__(self, appended: int, buffer_size: int, avg_append_ms: float) -> None: ...
    @property
    def appended(self) -> int: ...
    @property
    def buffer_size(self) -> int: ...
    @property
    def avg_append_ms(self) -> float: ...

@final
class FeaturePlan:
    """What to derive of each numeric column: rolling statistics, then lags. Immutable, hashable.

    Args:
        rolling_windows: lengths in rows, each 1 or more, none twice.
        include_rolling_stats: any of count, sum, mean, var, std, min, max, median, quantile
            (quantile_0.95), skew, kurtosis, first, last, lag, diff, pct_change, zscore, ewm_mean.
        include_lags: False leaves `lag_periods` out.
        lag_periods: distances in rows, each 1 or more, none twice.
        columns: numeric columns to derive from; None is all.
        min_samples: a statistic of fewer values (nulls do not count) does not exist.
        ddof: 0 or 1, of var, std and zscore.
        fill: what stands where a derived value does not exist: 0.0, or None for null.

    Raises:
        InvalidArgument: a value breaks a rule; `location` names the argument.
    """

    def __init__(
        self,
        rolling_windows: Sequence[int] = (5, 10, 20),
        include_rolling_stats: Sequence[str] = ("mean", "std", "min", "max"),
        include_lags: bool = True,
        lag_periods: Sequence[int] = (1, 2, 3),
        columns: Sequence[str] | None = None,
        min_samples: int = 1,
        ddof: int = 1,
        fill: float | None = 0.0,
    ) -> None: ...
    @property
    def rolling_windows(self) -> tuple[int, ...]: ...
    @property
    def include_rolling_stats(self) -> tuple[str, ...]: ...
    @property
    def lag_periods(self) -> tuple[int, ...]: ...
    @property
    def columns(self) -> tuple[str, ...] | None: ...
    @property
    def min_samples(self) -> int: ...
    @property
    def ddof(self) -> int: ...
    @property
    def fill(self) -> float | None: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object) -> bool: ...

@final
class Batch:
    @property
    def num_rows(self) -> int: ...
    @property
    def columns(self) -> list[str]: ...
    @property
    def numeric_columns(self) -> list[str]: ...
    @property
    def column_types(self) -> list[str]: ...
    def row(self, index: int) -> dict[str, Any]: ...
    def to_numpy(self) -> npt.NDArray[np.float64]: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __arrow_c_schema__(self) -> object: ...

@final
class Schema:
    @property
    def names(self) -> list[str]: ...
    def __arrow_c_schema__(self) -> object: ...

@final
class LiveWindow:
    def __init__(
        self,
        name: str,
        window_size: int,
        history_rows: int,
        schema: ArrowSchemaExportable | None,
    ) -> None: ...
    def append_row(self, row: dict[str, Any]) -> AppendResult: ...
    def append_rows(self, rows: list[dict[str, Any]]) -> AppendResult: ...
    def append_stream(self, stream: ArrowStreamExportable) -> AppendResult: ...
    def features(self, plan: FeaturePlan, tail: int | None) -> Batch: ...
    def data(self, tail: int | None) -> Batch: ...
    def latest_vector(self, plan: FeaturePlan) -> npt.NDArray[np.float64]: ...
    def vector_names(self, plan: FeaturePlan) -> list[str]: ...
    def stats(self) -> dict[str, Any]: ...
    def clear(self) -> None: ...
    def schema(self) -> Schema: ...

_BarKey = tuple[str, str, str, str]

@final
class BarStore:
    def __init__(
        self,
        tick_timeframe: str,
        zone: str,
        sessions: list[tuple[str, int, int, int, list[tuple[int, bool, int, int]]]],
        watermark_ns: int,
        history_bars: int,
        future_bars: int,
        trim_bars: int,
        memory_cap_bytes: int,
        spill_directory: str,
    ) -> None: ...
    def append_ticks(
        self, key: _BarKey, stream: ArrowStreamExportable, time: str, price: str, volume: str, /
    ) -> dict[str, int]: ...
    def append_bars(
        self, key: _BarKey, timeframe: str, stream: ArrowStreamExportable, time: str, /
    ) -> dict[str, int]: ...
    def append_tick(
        self, key: _BarKey, time: int, price: float, volume: float, /
    ) -> dict[str, int]: ...
    def last(
        self,
        key: _BarKey,
        timeframe: str,
        n: int,
        at: int | None,
        gaps: int,
        forming: bool,
        label_end: bool,
    ) -> Batch: ...
    def range(
        self,
        key: _BarKey,
        timeframe: str,
        begin: int,
        end: int,
        at: int | None,
        gaps: int,
        forming: bool,
        label_end: bool,
    ) -> Batch: ...
    def rows(
        self, key: _BarKey, timeframe: str, begin: int, end: int, at: int | None
    ) -> list[tuple[int, int, float, float, float, float, float, float, int]]: ...
    def asof(self, keys: list[_BarKey], timeframe: str, times: list[int], /) -> Batch: ...
    def last_price(self, key: _BarKey, at: int | None) -> float | None: ...
    def stats(self) -> dict[str, Any]: ...

def check_timeframe(text: str, /) -> str: ...

@final
class TableRequest:
    def __init__(
        self,
        filter: str,
        group_by: list[str],
        aggregates: str,
        order_by: str,
        offset: int,
        limit: int | None,
        sample: tuple[int | None, float | None, int | None, str | None] | None,
        downsample: tuple[str, str, list[str], int, str | None, str | None, str | None] | None,
        columns: list[str] | None,
        ordered: bool,
    ) -> None: ...

@final
class ScanFiles:
    def __init__(
        self,
        paths: list[str],
        memory_limit_bytes: int,
        max_concurrent: int,
        source_file_column: str,
        chunk_rows: int | None,
        skipping: bool,
    ) -> None: ...
    @property
    def files(self) -> list[str]: ...
    @property
    def num_rows(self) -> int | None: ...
    @property
    def num_bytes(self) -> int | None: ...
    @property
    def memory_limit_bytes(self) -> int: ...
    def text_of_expression(self, serialized: bytes) -> str: ...
    def check(self, request: TableRequest) -> Schema: ...
    def open(self, request: TableRequest) -> ScanBatches: ...
    def explain(self, request: TableRequest) -> dict[str, Any]: ...

@final
class ScanBatches:
    def next(self) -> Batch | None: ...
    def collect(self) -> Batch: ...
    def count(self) -> int: ...
    def write(
        self,
        path: str,
        format: str | None,
        compression: str | None,
        compression_level: int | None,
        row_group_rows: int | None,
        partition_by: list[str],
        overwrite: bool | None,
    ) -> tuple[int, int, int]: ...
    def close(self) -> None: ...
    def schema(self) -> Schema: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

def parse_byte_size(text: str) -> int: ...
def rolling(
    values: npt.NDArray[np.float64],
    stat: str,
    window: int,
    min_samples: int = 1,
    ddof: int = 1,
    out: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.float64]: ...
def downsample(
    values: npt.NDArray[np.float64 | np.float32 | np.int64 | np.int32],
    points: int,
    method: str = "minmaxlttb",
    x: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.int64]: ...
def error_kinds() -> dict[str, tuple[str, int]]: ...
def encode_rows(rows: list[dict[str, Any]]) -> bytes: ...
def encode_stream(stream: ArrowStreamExportable) -> bytes: ...
def decode_stream(body: bytes) -> Batch: ...

class SharedRows:
    def __init__(self, descriptor: int, messages: bytes) -> None: ...
    def take(self) -> Batch | None: ...
    @property
    def ended(self) -> bool: ...

class StreamDecoder:
    def feed(self, bytes: bytes) -> None: ...
    def take(self) -> Batch | None: ...
    @property
    def ended(self) -> bool: ...
