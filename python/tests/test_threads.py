"""Many threads on one buffer: no error, no torn row, nothing lost."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pytest

import headrace as hr
from conftest import MakeBuffer

PLAN = hr.FeaturePlan(rolling_windows=[4], include_rolling_stats=["mean"], lag_periods=[1])
JOIN_SECONDS = 60.0


def run_together(*works: Callable[[], None]) -> None:
    """Runs each in a thread of its own and raises what any of them raised."""
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(w,), daemon=True) for w in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(JOIN_SECONDS)
        assert not thread.is_alive(), "a thread hangs"
    if failures:
        raise failures[0]


def test_writers_and_readers(make_buffer: MakeBuffer) -> None:
    buffer = make_buffer(window_size=500)
    rounds = 40 if isinstance(buffer, hr.RemoteBuffer) else 400
    writing = threading.Event()
    writing.set()

    def row(value: int) -> dict[str, object]:
        return {"a": value, "b": value * 2.0, "s": f"text {value}"}

    def write_single() -> None:
        for i in range(rounds):
            buffer.append(row(i))

    def write_lists() -> None:
        for i in range(rounds // 10):
            buffer.append([row(i + j) for j in range(10)])

    def write_tables() -> None:
        for i in range(rounds // 10):
            buffer.append(pa.Table.from_pylist([row(i + j) for j in range(10)]))

    def read() -> None:
        while writing.is_set():
            frame = buffer.features(PLAN)
            if frame.num_rows == 0:
                continue
            values = frame["a"]
            np.testing.assert_array_equal(frame["b"], values * 2.0)
            assert frame["s"].tolist() == [f"text {value}" for value in values]
            np.testing.assert_array_equal(frame["a_lag_1"][1:], values[:-1])
            vector = buffer.latest_vector(PLAN)
            assert vector[1] == vector[0] * 2

    def write_all() -> None:
        try:
            run_together(write_single, write_lists, write_tables)
        finally:
            writing.clear()

    run_together(write_all, read, read)
    assert buffer.stats().append_count == 3 * rounds


def test_a_stream_made_by_python_does_not_hang_the_rest() -> None:
    """Its batches are made under the GIL, while other threads hold the GIL and wait to append."""
    buffer = hr.Buffer(window_size=100)
    schema = pa.schema([("x", pa.int64())])

    def batches() -> Iterator[pa.RecordBatch]:
        for i in range(50):
            yield pa.record_batch({"x": [i] * 10})

    def stream() -> None:
        for _ in range(20):
            buffer.append(pa.RecordBatchReader.from_batches(schema, batches()))

    def single() -> None:
        for i in range(5000):
            buffer.append({"x": i})

    run_together(stream, stream, single, single)
    assert buffer.stats().append_count == 2 * 20 * 500 + 2 * 5000


def test_a_failing_stream_changes_nothing() -> None:
    buffer = hr.Buffer()
    buffer.append({"x": 1})

    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"x": [2]})
        raise RuntimeError("no more")

    reader = pa.RecordBatchReader.from_batches(pa.schema([("x", pa.int64())]), batches())
    with pytest.raises(hr.HeadraceError):
        buffer.append(reader)
    assert buffer.data()["x"].tolist() == [1]


def test_rows_may_change_while_they_are_appended() -> None:
    """Strings are borrowed; another thread that replaces them must not be noticed."""
    buffer = hr.Buffer(window_size=20_000)
    rows = [{"s": f"before {i}", "x": i} for i in range(20_000)]
    stop = threading.Event()

    def replace() -> None:
        while not stop.is_set():
            for i, one in enumerate(rows):
                one["s"] = f"{'after' * 5} {i}"

    def append() -> None:
        try:
            for _ in range(5):
                buffer.append(rows)
        finally:
            stop.set()

    run_together(append, replace)
    for i, text in zip(buffer.data()["x"].tolist(), buffer.data()["s"].tolist(), strict=True):
        assert text in (f"before {i}", f"{'after' * 5} {i}")


def test_a_conversion_may_append_itself() -> None:
    """utcoffset() is Python code: it may change the very dict, and append on the same thread."""
    from datetime import datetime, timedelta, tzinfo

    buffer = hr.Buffer()

    class Meddling(tzinfo):
        def utcoffset(self, at: datetime | None) -> timedelta:
            row.clear()
            buffer.append({"n": 1})
            return timedelta(hours=1)

        def dst(self, at: datetime | None) -> timedelta:
            return timedelta(0)

        def tzname(self, at: datetime | None) -> str:
            return "meddling"

    row: dict[str, object] = {
        "s": "x" * 3, "t": datetime(2024, 1, 1, 1, tzinfo=Meddling()), "n": 2,
    }  # fmt: skip
    buffer.append(row)
    assert buffer.data().to_arrow().select(["n", "s"]).to_pylist() == [
        {"n": 1, "s": None},
        {"n": 2, "s": "xxx"},
    ]
