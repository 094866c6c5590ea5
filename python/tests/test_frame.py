"""hr.Frame: rows without a copy that outlive their buffer."""

import gc
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import headrace as hr
from conftest import MakeBuffer

PLAN = hr.FeaturePlan(rolling_windows=[3], include_rolling_stats=["mean"], lag_periods=[1])


def address(frame: hr.Frame, column: str) -> int:
    """Where the values of a column lie."""
    array = pa.table(frame)[column].chunk(0)
    start: int = array.buffers()[1].address + array.offset * 8
    return start


@pytest.fixture
def filled() -> hr.Buffer:
    buffer = hr.Buffer(window_size=100)
    buffer.append(
        [{"i": i, "f": i / 2, "t": datetime(2024, 1, 1, 0, 0, i), "s": f"s{i}"} for i in range(50)]
    )
    return buffer


@pytest.mark.parametrize("column", ["i", "f", "t", "f_rolling_mean_3", "f_lag_1"])
def test_two_reads_show_the_same_memory(filled: hr.Buffer, column: str) -> None:
    first, second = filled.features(PLAN), filled.features(PLAN)
    assert address(first, column) == address(second, column)
    tail = filled.features(PLAN, tail=10)
    assert address(tail, column) == address(first, column) + 40 * 8


def test_an_append_moves_nothing_that_was_read(filled: hr.Buffer) -> None:
    before = filled.data()
    filled.append({"i": 50, "f": 25.0})
    assert address(filled.data(), "i") == address(before, "i")
    assert before.num_rows == 50


def test_columns_are_read_only_views(filled: hr.Buffer) -> None:
    frame = filled.features(PLAN)
    for column in ("i", "f", "t", "f_rolling_mean_3"):
        values = frame[column]
        assert values.__array_interface__["data"][0] == address(frame, column)
        assert np.shares_memory(values, frame[column])
        assert np.shares_memory(values, filled.features(PLAN)[column])
        with pytest.raises(ValueError, match="read-only"):
            values[0] = values[1]
    assert frame["i"].dtype == np.int64
    assert frame["t"].dtype == np.dtype("M8[ns]")


def test_polars_and_pyarrow_take_the_same_memory(filled: hr.Buffer) -> None:
    frame = filled.data()
    polars = pl.DataFrame(frame)
    assert polars["f"].to_numpy(allow_copy=False).__array_interface__["data"][0] == address(
        frame, "f"
    )
    assert frame.to_polars().equals(polars)
    assert pa.RecordBatchReader.from_stream(frame).read_all().equals(frame.to_arrow())
    assert pa.schema(frame) == frame.schema == frame.to_arrow().schema


@pytest.mark.parametrize("ending", ["append", "clear", "delete"])
def test_a_frame_outlives_what_happens_to_its_buffer(filled: hr.Buffer, ending: str) -> None:
    frame = filled.features(PLAN)
    view, expected = frame["f"], frame.to_polars().clone()
    copy = frame.to_numpy()
    if ending == "append":
        for i in range(1000):
            filled.append({"i": -i, "f": -1.0, "s": "other"})
    elif ending == "clear":
        filled.clear()
        filled.append([{"i": -1, "f": -1.0, "s": "other"}] * 100)
    else:
        del filled
    gc.collect()
    np.testing.assert_array_equal(view, np.arange(50) / 2)
    assert frame.to_polars().equals(expected)
    np.testing.assert_array_equal(frame.to_numpy(), copy)
    del frame, expected
    gc.collect()
    np.testing.assert_array_equal(view, np.arange(50) / 2)


def test_memory_goes_when_the_last_view_goes() -> None:
    def held_bytes() -> int:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * 4096

    def once() -> None:
        buffer = hr.Buffer(window_size=200_000)
        buffer.append(pa.table({"x": np.zeros(200_000), "y": np.ones(200_000)}))
        view = buffer.features(PLAN)["x_rolling_mean_3"]
        del buffer
        assert view[-1] == 0

    once()
    before = held_bytes()
    for _ in range(20):
        once()
    # One leaked round holds at least 6 columns of 1.6 MB.
    assert held_bytes() - before < 20 * 3_000_000


def test_nulls_in_numpy(make_buffer: MakeBuffer) -> None:
    buffer = make_buffer()
    at = datetime(2024, 1, 1, tzinfo=UTC)
    buffer.append(
        [{"i": 1, "f": 1.5, "t": at, "b": True, "s": "x", "n": None},
         {"i": None, "f": None, "t": None, "b": None, "s": None}]
    )  # fmt: skip
    frame = buffer.data()
    np.testing.assert_array_equal(frame["i"], [1.0, np.nan])
    np.testing.assert_array_equal(frame["f"], [1.5, np.nan])
    np.testing.assert_array_equal(frame["t"], np.array(["2024-01-01", "NaT"], "M8[ns]"))
    assert frame["b"].tolist() == [True, None]
    assert frame["s"].tolist() == ["x", None]
    assert frame["n"].tolist() == [None, None]
    np.testing.assert_array_equal(frame.to_numpy(), [[1.0, 1.5], [np.nan, np.nan]])


def test_to_numpy_is_rows_by_numeric_columns(make_buffer: MakeBuffer) -> None:
    buffer = make_buffer(window_size=300)
    buffer.append([{"i": i, "s": "x", "f": i / 4, "b": True} for i in range(300)])
    frame = buffer.features(PLAN)
    matrix = frame.to_numpy()
    assert frame.numeric_columns == [
        "i", "f", "i_rolling_mean_3", "i_lag_1", "f_rolling_mean_3", "f_lag_1",
    ]  # fmt: skip
    assert matrix.flags.c_contiguous and matrix.flags.writeable
    np.testing.assert_array_equal(
        matrix, frame.to_polars().select(frame.numeric_columns).to_numpy()
    )
    np.testing.assert_array_equal(matrix[-1], buffer.latest_vector(PLAN))


def test_to_pandas(make_buffer: MakeBuffer) -> None:
    buffer = make_buffer()
    buffer.append([{"i": 1, "f": 0.5, "t": datetime(2024, 1, 1)}, {"i": 2}])
    frame = buffer.data().to_pandas()
    assert list(frame.columns) == ["i", "f", "t"]
    assert frame["i"].tolist() == [1, 2]
    assert str(frame["t"].dtype) == "datetime64[ns, UTC]"


def test_rows_and_columns_by_name(filled: hr.Buffer) -> None:
    frame = filled.data()
    assert len(frame) == frame.num_rows == 50
    assert "i" in frame and "j" not in frame
    assert frame.row(-1)["i"] == 49
    assert frame.row(0)["t"] == datetime(2024, 1, 1, tzinfo=UTC)
    with pytest.raises(IndexError):
        frame.row(50)
    with pytest.raises(hr.UnknownName) as unknown:
        frame["j"]
    assert unknown.value.location == ("j",)
    with pytest.raises(TypeError):
        frame[0]  # type: ignore[index]


def test_the_preview_shows_both_ends(filled: hr.Buffer) -> None:
    text = repr(filled.features(PLAN))
    lines = text.splitlines()
    assert lines[0] == "Frame: 50 rows × 8 columns"
    assert lines[1].split() == ["i", "f", "t", "s", "i_rolling_mean_3", "i_lag_1",
                                "f_rolling_mean_3", "f_lag_1"]  # fmt: skip
    assert len(lines) == 4 + 11
    assert "s0" in text and "s49" in text and "s25" not in text
    assert "2024-01-01 00:00:49" in text
    assert repr(hr.Buffer().data()) == "Frame: 0 rows × 0 columns"
    assert len({len(line) for line in lines[1:]}) == 1
    wide = repr(filled.features())
    assert "…" in wide.splitlines()[1]
