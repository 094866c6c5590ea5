"""Bars of every timeframe, without look-ahead, in bounded memory."""

from __future__ import annotations

import heapq
import operator
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from headrace import _core
from headrace.errors import InvalidArgument, TypeMismatch
from headrace.frame import Frame

if TYPE_CHECKING:
    import numpy as np

Instant: TypeAlias = "int | datetime | np.datetime64"
"""UTC nanoseconds, a datetime with a zone, or a datetime64 in UTC."""
Gaps: TypeAlias = Literal["absent", "null", "previous"]
Label: TypeAlias = Literal["left", "right"]

_GAPS = {"absent": 0, "null": 1, "previous": 2}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DATE = date(1970, 1, 1)
_WINDOW_NS = 30 * 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar that has ended. Times are UTC nanoseconds."""

    symbol: str
    timeframe: str
    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float
    count: int


@dataclass(frozen=True)
class BarCounts:
    """What became of the rows that were appended; the counts add up to their number."""

    appended: int
    late: int
    duplicates: int
    invalid: int
    out_of_session: int
    out_of_range: int


@dataclass(frozen=True)
class SessionCalendar:
    """When a market is open, by the clock of the series' zone. A session whose `open` is not before
    its `close` begins the day before. `half_days` have hours of their own."""

    name: str
    open: time
    close: time
    weekdays: Sequence[int] = (0, 1, 2, 3, 4)
    holidays: Iterable[date] = ()
    half_days: dict[date, tuple[time, time]] = field(default_factory=dict)

    def _as_tuple(self) -> tuple[str, int, int, int, list[tuple[int, bool, int, int]]]:
        days = {_days(day): (True, 0, 0) for day in self.holidays}
        for day, (opens, closes) in self.half_days.items():
            days[_days(day)] = (False, _seconds(opens), _seconds(closes))
        bits = sum(1 << day for day in set(self.weekdays))
        exceptions = [(day, *hours) for day, hours in sorted(days.items())]
        return self.name, _seconds(self.open), _seconds(self.close), bits, exceptions


def _days(day: date) -> int:
    return (day - _EPOCH_DATE).days


def _seconds(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


def _nanoseconds(at: Instant) -> int:
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise InvalidArgument(
                "a datetime needs a zone here", code="invalid_argument", location=("at",)
            )
        return (at - _EPOCH) // timedelta(microseconds=1) * 1000
    if type(at).__name__ == "datetime64":
        return int(at.astype("datetime64[ns]").astype("int64"))  # type: ignore[union-attr]
    try:
        number: Any = at
        return operator.index(number)
    except TypeError:
        raise TypeMismatch(
            f"a time is UTC nanoseconds or a datetime, not {type(at).__name__}",
            code="type_mismatch",
            location=("at",),
        ) from None


def _chosen(value: str, choices: Iterable[str], name: str) -> str:
    if value not in choices:
        raise InvalidArgument(
            f"{name} is one of {', '.join(choices)}, not {value!r}",
            code="invalid_argument",
            location=(name,),
        )
    return value


class BarStore:
    """Series of bars by symbol. A bar is visible at a time when it has ended by then.

        store = hr.BarStore(zone="America/New_York")
        store.append("ES", minutes, timeframe="1m")
        store.last("ES", "5m", 100, at=t).to_polars()

    Times are UTC nanoseconds or datetimes with a zone; `at=None` is the newest time that the
    series has seen. Results are a Frame of ts, open, high, low, close, volume, vwap, count: no copy
    of what the store holds, and valid whatever becomes of it.

    Args:
        zone: whose clock bars go by.
        tick_timeframe: what ticks become; everything coarser is made of that.
        sessions: calendars that series can name; without one a market is always open.
        watermark_ns: how late a tick or bar may come, behind the newest.
        history_bars, future_bars, trim_bars: the window that is held in memory.
        memory_limit: of all series; what leaves memory is kept in files.
        spill_directory: where; the system's folder for temporary files if None.
    """

    def __init__(
        self,
        *,
        zone: str = "UTC",
        tick_timeframe: str = "1m",
        sessions: Iterable[SessionCalendar] = (),
        watermark_ns: int = 0,
        history_bars: int = 5_000,
        future_bars: int = 1_000,
        trim_bars: int = 1_000,
        memory_limit: str = "1GB",
        spill_directory: str | os.PathLike[str] | None = None,
    ) -> None:
        self._zone = zone
        self._core = _core.BarStore(
            tick_timeframe,
            zone,
            [session._as_tuple() for session in sessions],
            watermark_ns,
            history_bars,
            future_bars,
            trim_bars,
            _core.parse_byte_size(memory_limit),
            os.fspath(spill_directory) if spill_directory is not None else "",
        )

    def append(
        self,
        symbol: str,
        data: Any,
        timeframe: str | None = None,
        *,
        quote: str = "",
        session: str = "",
        time: str = "ts",
        price: str = "price",
        volume: str = "volume",
    ) -> BarCounts:
        """Appends ticks (timeframe None: columns `time`, `price`, `volume`) or bars (`time`, open,
        high, low, close, volume, and if there are any vwap and count) of anything that gives Arrow:
        pyarrow, Polars, a Frame, a scan. All rows, or with an error none.

        What cannot be in a bar is counted: late ticks, duplicates of bars, prices that are not
        finite, volumes that are negative or not finite, times outside the session."""
        key = (symbol, quote, "", session)
        if timeframe is None:
            return BarCounts(**self._core.append_ticks(key, data, time, price, volume))
        return BarCounts(**self._core.append_bars(key, timeframe, data, time))

    def append_tick(
        self,
        symbol: str,
        at: Instant,
        price: float,
        volume: float,
        *,
        quote: str = "",
        session: str = "",
    ) -> BarCounts:
        """Appends one trade."""
        key = (symbol, quote, "", session)
        return BarCounts(**self._core.append_tick(key, _nanoseconds(at), price, volume))

    def last(
        self,
        symbol: str,
        timeframe: str,
        n: int,
        at: Instant | None = None,
        *,
        quote: str = "",
        session: str = "",
        gaps: Gaps = "absent",
        forming: bool = False,
        label: Label = "left",
    ) -> Frame:
        """The last n bars that are visible at `at`. `forming` adds the one that has not ended,
        marked in a column of that name; `gaps` says what becomes of bars in which nothing
        traded."""
        if at is not None and type(at) is not int:
            at = _nanoseconds(at)
        return Frame(
            self._core.last(
                (symbol, quote, "", session),
                timeframe,
                n,
                at,
                0 if gaps == "absent" else _GAPS[_chosen(gaps, _GAPS, "gaps")],
                forming,
                _chosen(label, ("left", "right"), "label") == "right",
            )
        )

    def range(
        self,
        symbol: str,
        timeframe: str,
        start: Instant,
        end: Instant,
        at: Instant | None = None,
        *,
        quote: str = "",
        session: str = "",
        gaps: Gaps = "absent",
        forming: bool = False,
        label: Label = "left",
    ) -> Frame:
        """The bars that begin in [start, end) and are visible at `at`."""
        return Frame(
            self._core.range(
                (symbol, quote, "", session),
                timeframe,
                _nanoseconds(start),
                _nanoseconds(end),
                None if at is None else _nanoseconds(at),
                _GAPS[_chosen(gaps, _GAPS, "gaps")],
                forming,
                _chosen(label, ("left", "right"), "label") == "right",
            )
        )

    def asof(
        self, symbols: str | Sequence[str], timeframe: str, at: Instant | Iterable[Instant]
    ) -> Frame:
        """For each time and symbol the last bar that is visible then: columns at, symbol, ts, open,
        ..., null where there is none."""
        names = [symbols] if isinstance(symbols, str) else list(symbols)
        one = isinstance(at, int | datetime) or type(at).__name__ == "datetime64"
        times: Any = [at] if one else at
        keys = [(name, "", "", "") for name in names]
        return Frame(self._core.asof(keys, timeframe, [_nanoseconds(t) for t in times]))

    def last_price(
        self, symbol: str, at: Instant | None = None, *, quote: str = "", session: str = ""
    ) -> float | None:
        """The close of the last bar of the finest timeframe that is visible at `at`."""
        return self._core.last_price(
            (symbol, quote, "", session), None if at is None else _nanoseconds(at)
        )

    def closed(
        self,
        symbols: str | Sequence[str],
        timeframes: str | Sequence[str],
        start: Instant,
        end: Instant,
    ) -> Iterator[Bar]:
        """The bars that end in (start, end], as they end: of those that end together the shorter
        first. What a backtest is driven by."""
        names = [symbols] if isinstance(symbols, str) else list(symbols)
        frames = [timeframes] if isinstance(timeframes, str) else list(timeframes)
        first, last = _nanoseconds(start), _nanoseconds(end)
        streams = [self._ending(s, f, first, last) for s in names for f in frames]
        return heapq.merge(*streams, key=lambda bar: (bar.end, bar.end - bar.start, bar.symbol))

    def _ending(self, symbol: str, timeframe: str, start: int, end: int) -> Iterator[Bar]:
        name = _core.check_timeframe(timeframe)
        # A bar that begins long before may end in the range.
        reach = int(name.rstrip("smhdwo")) * {"w": 7, "o": 31, "d": 1}.get(name[-1], 1)
        begin = (
            start - (reach + 3) * 86_400 * 10**9
            if name[-1] in "dwo"
            else start - 2 * 86_400 * 10**9
        )
        while begin < end:
            until = min(begin + _WINDOW_NS, end)
            for row in self._core.rows((symbol, "", "", ""), timeframe, begin, until, end):
                if row[1] > start:
                    yield Bar(symbol, name, *row)
            begin = until

    def stats(self) -> dict[str, Any]:
        """Bytes in memory, hits, misses, evictions, counts of appends, and `series`: the same of
        each symbol and timeframe."""
        return self._core.stats()

    def __repr__(self) -> str:
        series = {row["symbol"] for row in self._core.stats()["series"]}
        return f"BarStore({len(series)} symbols, zone={self._zone!r})"
