"""What a buffer promises, in process and on a server: rows in, rows out, refusals."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import headrace as hr
from conftest import MakeBuffer

NOON = datetime(2024, 2, 29, 12, 0, 0, 123456)


def test_both_kinds_keep_the_protocol(buffer: hr.LiveBuffer) -> None:
    assert isinstance(buffer, hr.LiveBuffer)
    assert buffer.name in repr(buffer)


def test_append_says_what_it_did(buffer: hr.LiveBuffer) -> None:
    assert buffer.append({"x": 1}).appended == 1
    result = buffer.append([{"x": 2}, {"x": 3}])
    assert (result.appended, result.buffer_size) == (2, 3)
    assert result.avg_append_ms >= 0
    assert buffer.append([]).appended == 0
    assert len(buffer) == buffer.size == 3


def test_the_window_keeps_the_last_rows(make_buffer: MakeBuffer) -> None:
    buffer = make_buffer(window_size=3)
    for i in range(5):
        buffer.append({"x": i})
    result = buffer.append([{"x": i} for i in range(5, 12)])
    assert (result.appended, result.buffer_size) == (7, 3)
    assert buffer.data()["x"].tolist() == [9, 10, 11]
    assert buffer.data(2)["x"].tolist() == [10, 11]
    assert buffer.data(tail=99).num_rows == 3
    assert buffer.window_size == 3


def test_columns_come_in_the_order_first_seen(buffer: hr.LiveBuffer) -> None:
    buffer.append({"b": 1, "a": 2.5})
    buffer.append({"a": 3.5, "c": "x"})
    frame = buffer.data()
    assert frame.columns == ["b", "a", "c"]
    assert frame.to_arrow().to_pylist() == [
        {"b": 1, "a": 2.5, "c": None},
        {"b": None, "a": 3.5, "c": "x"},
    ]


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (True, pa.bool_(), True),
        (-(2**63), pa.int64(), -(2**63)),
        (1.5, pa.float64(), 1.5),
        (float("inf"), pa.float64(), float("inf")),
        ("grüße, 東京 🙂", pa.string(), "grüße, 東京 🙂"),
        ("", pa.string(), ""),
        (np.float32(0.5), pa.float64(), 0.5),
        (np.float64(0.1), pa.float64(), 0.1),
        (np.longdouble(0.25), pa.float64(), 0.25),
        (np.int8(-3), pa.int64(), -3),
        (np.uint64(7), pa.int64(), 7),
        (np.bool_(False), pa.bool_(), False),
        (np.str_("s"), pa.string(), "s"),
    ],
)
def test_values_keep_type_and_value(
    buffer: hr.LiveBuffer, value: Any, kind: pa.DataType, shown: Any
) -> None:
    buffer.append({"x": value})
    buffer.append([{"x": value}])
    assert buffer.schema.field("x").type == kind
    assert buffer.data().to_arrow()["x"].to_pylist() == [shown, shown]
    assert buffer.latest()["x"] == shown


@pytest.mark.parametrize("missing", [None, pd.NaT, pd.NA, np.datetime64("NaT")])
def test_missing_values_are_null(buffer: hr.LiveBuffer, missing: Any) -> None:
    buffer.append({"x": missing})
    assert buffer.schema.field("x").type == pa.null()
    buffer.append({"x": 4})
    assert buffer.data().to_arrow()["x"].to_pylist() == [None, 4]


def test_nan_is_a_value_and_not_null(buffer: hr.LiveBuffer) -> None:
    buffer.append({"x": float("nan")})
    column = buffer.data().to_arrow()["x"]
    assert column.null_count == 0
    assert np.isnan(column[0].as_py())


@pytest.mark.parametrize(
    ("value", "nanos"),
    [
        (NOON, 0),
        (NOON.replace(tzinfo=UTC), 0),
        (NOON.replace(tzinfo=timezone(timedelta(hours=2))), -2 * 3600 * 10**9),
        (pd.Timestamp(NOON), 0),
        (pd.Timestamp(NOON, tz="Europe/Berlin"), -3600 * 10**9),
        (pd.Timestamp(NOON) + pd.Timedelta(7, "ns"), 7),
        (np.datetime64(NOON, "us"), 0),
        (np.datetime64(NOON, "ns") + np.timedelta64(9, "ns"), 9),
    ],
)
def test_times_are_utc_nanoseconds(buffer: hr.LiveBuffer, value: Any, nanos: int) -> None:
    expected = int(NOON.replace(tzinfo=UTC).timestamp()) * 10**9 + 123456000 + nanos
    buffer.append({"t": value})
    buffer.append([{"t": value}])
    frame = buffer.data()
    assert frame.schema.field("t").type == pa.timestamp("ns", "UTC")
    assert frame["t"].view("i8").tolist() == [expected, expected]
    latest = buffer.latest()["t"]
    assert latest == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=expected // 1000)


def test_times_before_1970(buffer: hr.LiveBuffer) -> None:
    value = datetime(1677, 9, 22, 0, 0, 0, 1)
    buffer.append({"t": value})
    assert buffer.latest()["t"] == value.replace(tzinfo=UTC)


def test_an_integer_column_becomes_double_with_the_first_fraction(buffer: hr.LiveBuffer) -> None:
    buffer.append([{"x": 1}, {"x": 2}])
    buffer.append({"x": 2.5})
    assert buffer.data()["x"].tolist() == [1.0, 2.0, 2.5]
    assert buffer.schema.field("x").type == pa.float64()
    buffer.append({"x": 3})
    assert buffer.data()["x"].tolist() == [1.0, 2.0, 2.5, 3.0]


FRAME = pl.DataFrame(
    {
        "i": [1, 2, None],
        "f": [0.5, None, float("nan")],
        "s": ["a", None, "ü"],
        "b": [True, None, False],
        "t": [NOON, None, NOON],
    },
    schema_overrides={"t": pl.Datetime("us", "UTC")},
)


@pytest.mark.parametrize(
    "rows",
    [
        FRAME,
        FRAME.to_arrow(),
        FRAME.to_arrow().to_batches()[0],
        FRAME.to_dicts(),
        tuple(FRAME.to_dicts()),
    ],
    ids=["polars", "table", "batch", "dicts", "tuple"],
)
def test_every_form_of_rows_gives_the_same(buffer: hr.LiveBuffer, rows: Any) -> None:
    assert buffer.append(rows).appended == 3
    expected = FRAME.with_columns(pl.col("t").cast(pl.Datetime("ns", "UTC")))
    got = buffer.data().to_polars()
    assert got.schema == expected.schema
    assert got.equals(expected)


def test_a_reader_and_a_frame_of_another_buffer(buffer: hr.LiveBuffer) -> None:
    table = pa.table({"x": [1, 2, 3, 4]})
    buffer.append(pa.RecordBatchReader.from_batches(table.schema, table.to_batches(3)))
    buffer.append(buffer.data(2))
    assert buffer.data()["x"].tolist() == [1, 2, 3, 4, 3, 4]


def test_a_pandas_frame_leaves_its_index_out(buffer: hr.LiveBuffer) -> None:
    frame = pd.DataFrame({"x": [1.0, float("nan"), 3.0], "s": ["a", None, "c"]}, index=[7, 8, 9])
    buffer.append(frame)
    assert buffer.data().to_arrow().to_pylist() == [
        {"x": 1.0, "s": "a"},
        {"x": None, "s": None},
        {"x": 3.0, "s": "c"},
    ]


@pytest.mark.parametrize(
    ("column", "kind", "shown"),
    [
        (pl.Series(["a", "b", None], dtype=pl.Categorical), pa.string(), ["a", "b", None]),
        (pl.Series(["x", "y", "x"], dtype=pl.Enum(["x", "y"])), pa.string(), ["x", "y", "x"]),
        (pa.array([1, None], pa.int8()), pa.int64(), [1, None]),
        (pa.array([1, None], pa.uint64()), pa.int64(), [1, None]),
        (pa.array([0.5, None], pa.float32()), pa.float64(), [0.5, None]),
        (pa.array(["a", None], pa.large_string()), pa.string(), ["a", None]),
        (pa.array(["a", "a"]).dictionary_encode(), pa.string(), ["a", "a"]),
        (pa.array([None, None], pa.null()), pa.null(), [None, None]),
    ],
    ids=lambda value: str(getattr(value, "dtype", getattr(value, "type", ""))),
)
def test_types_of_other_columns(
    buffer: hr.LiveBuffer, column: Any, kind: pa.DataType, shown: list[Any]
) -> None:
    frame = (
        pl.DataFrame({"x": column}) if isinstance(column, pl.Series) else pa.table({"x": column})
    )
    buffer.append(frame)
    assert buffer.schema.field("x").type == kind
    assert buffer.data().to_arrow()["x"].to_pylist() == shown


@pytest.mark.parametrize(
    "column",
    [pa.array([[1]]), pa.array([{"a": 1}]), pa.array([2**63], pa.uint64()), pa.array([b"x"])],
    ids=lambda column: str(column.type),
)
def test_columns_that_cannot_be_held_are_refused(buffer: hr.LiveBuffer, column: pa.Array) -> None:
    with pytest.raises(hr.TypeMismatch) as refused:
        buffer.append(pa.table({"ok": [1], "x": column}))
    assert refused.value.location[-1] == "x"
    assert buffer.stats().columns == ()


class Surprise:
    """Not a value."""


@pytest.mark.parametrize(
    "value",
    ["text", True, NOON, [1], (1,), {"a": 1}, {1}, b"1", np.array([1]), np.timedelta64(1, "s"),
     NOON.date(), 2**63, -(2**70), 10**5000, np.complex128(1), Surprise()],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
@pytest.mark.parametrize("form", ["row", "rows"])
def test_what_does_not_fit_is_refused_and_changes_nothing(
    buffer: hr.LiveBuffer, value: Any, form: str
) -> None:
    buffer.append([{"x": 1, "y": "a"}, {"x": 2, "y": "b"}])
    before, counted = buffer.data().to_arrow(), buffer.stats().append_count
    if form == "row":
        rows: Any = {"z": 1.5, "x": value}
        location = ("data", "0", "x")
    else:
        rows = [{"x": 3}, {"z": 1.5, "x": value}, {"x": 4}]
        location = ("data", "1", "x")
    with pytest.raises(hr.TypeMismatch) as refused:
        buffer.append(rows)
    assert refused.value.code == "type_mismatch"
    # Sent rows were given types before the column was known; rows is what both kinds agree on.
    assert refused.value.location[-1] == location[-1]
    if isinstance(buffer, hr.Buffer):
        assert refused.value.location == location
    assert buffer.data().to_arrow().equals(before)
    assert buffer.stats().append_count == counted


@pytest.mark.parametrize("rows", [5, "rows", None, [1], [{"x": 1}, None], {1: 2}, [{b"x": 1}]])
def test_what_is_not_rows_is_refused(buffer: hr.LiveBuffer, rows: Any) -> None:
    with pytest.raises(hr.TypeMismatch):
        buffer.append(rows)
    assert buffer.size == 0


@pytest.mark.parametrize(
    "value", [datetime(1600, 1, 1), datetime(2300, 1, 1), np.datetime64("2300"), "\ud800"]
)
def test_values_that_have_no_place_are_refused(buffer: hr.LiveBuffer, value: Any) -> None:
    with pytest.raises(hr.InvalidArgument) as refused:
        buffer.append({"x": value})
    assert refused.value.location == ("data", "0", "x")


def test_integers_that_a_double_would_change_are_refused(buffer: hr.LiveBuffer) -> None:
    buffer.append({"x": 2**53 + 1})
    with pytest.raises(hr.TypeMismatch):
        buffer.append({"x": 0.5})
    assert buffer.data()["x"].tolist() == [2**53 + 1]


@pytest.mark.parametrize(
    "schema",
    [
        {"x": "double", "at": "timestamp", "s": "string", "b": "bool", "n": "int64"},
        pa.schema(
            [
                ("x", pa.float64()),
                ("at", pa.timestamp("ns", "UTC")),
                ("s", pa.string()),
                ("b", pa.bool_()),
                ("n", pa.int64()),
            ]
        ),
    ],
    ids=["dict", "arrow"],
)
def test_a_schema_fixes_names_and_types(make_buffer: MakeBuffer, schema: Any) -> None:
    buffer = make_buffer(schema=schema)
    assert buffer.stats().columns == ("x", "at", "s", "b", "n")
    buffer.append({"x": 1, "b": True})
    row = buffer.data().to_arrow().to_pylist()[0]
    assert row == {"x": 1.0, "at": None, "s": None, "b": True, "n": None}
    with pytest.raises(hr.HeadraceError):
        buffer.append({"x": 1, "unknown": 2})
    with pytest.raises(hr.TypeMismatch):
        buffer.append({"n": "1"})
    assert buffer.size == 1


def test_clear_keeps_the_schema(buffer: hr.LiveBuffer) -> None:
    buffer.append([{"x": 1, "s": "a"}] * 5)
    buffer.clear()
    assert (buffer.size, buffer.stats().append_count) == (0, 0)
    frame = buffer.data()
    assert (frame.num_rows, frame.columns) == (0, ["x", "s"])
    with pytest.raises(hr.TypeMismatch):
        buffer.append({"x": "text"})
    buffer.append({"x": 9})
    assert buffer.data()["x"].tolist() == [9]


def test_stats(make_buffer: MakeBuffer) -> None:
    buffer = make_buffer(window_size=10)
    for i in range(25):
        buffer.append({"x": i, "s": "text", "y": i / 2})
    stats = buffer.stats()
    assert stats.name == buffer.name
    assert (stats.size, stats.window_size, stats.append_count) == (10, 10, 25)
    assert stats.columns == ("x", "s", "y")
    assert stats.numeric_columns == ("x", "y")
    assert stats.memory_bytes == buffer.memory_bytes > 0
    assert stats.avg_append_ms > 0


@pytest.mark.parametrize("tail", [0, -1])
def test_tail_is_at_least_one(buffer: hr.LiveBuffer, tail: int) -> None:
    buffer.append({"x": 1})
    with pytest.raises(hr.InvalidArgument) as refused:
        buffer.data(tail)
    assert refused.value.location[-1] == "tail"
    with pytest.raises(hr.InvalidArgument):
        buffer.features(tail=tail)


def test_an_empty_buffer_reads_as_nothing(buffer: hr.LiveBuffer) -> None:
    assert buffer.data().num_rows == buffer.features().num_rows == 0
    assert buffer.data().columns == []
    assert buffer.latest() == {}
    assert buffer.latest_vector().shape == (0,)
    assert buffer.data().to_polars().is_empty()
    assert buffer.data().to_pandas().empty
    assert buffer.data().to_numpy().shape == (0, 0)


def test_limits_are_refused(buffer: hr.LiveBuffer) -> None:
    with pytest.raises(hr.TooLarge):
        buffer.append({"s": "x" * (2**20 + 1)})
    with pytest.raises(hr.TooLarge):
        buffer.append({f"c{i}": 1 for i in range(1025)})
    assert buffer.stats().columns == ()


@pytest.mark.parametrize(
    "options", [{"window_size": 0}, {"window_size": 10**9}, {"history_rows": -1}]
)
def test_options_that_break_a_rule_are_refused(
    make_buffer: MakeBuffer, options: dict[str, int]
) -> None:
    with pytest.raises(hr.InvalidArgument) as refused:
        make_buffer(**options)
    assert refused.value.location[-1] == next(iter(options))
