"""Filters of scans: as text, as expressions of headrace and of Polars, against Polars."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import headrace as hr
from headrace.polars_filter import from_polars

ROWS = 5000
START = datetime(2024, 1, 1, tzinfo=UTC)


def make_table() -> pa.Table:
    random = np.random.default_rng(11)

    def some(values: Any) -> pa.Array:
        return pa.array(values, mask=random.random(ROWS) < 0.1)

    words = np.array(["A", "B", "C", "it's", "50%", "a_b", "a\\b", "äöü", ""])
    return pa.table(
        {
            "i": some(random.integers(-100, 100, ROWS)),
            "small": some(random.integers(-50, 50, ROWS).astype(np.int8)),
            "x": some(np.round(random.random(ROWS) * 100, 1)),
            "f": some(np.round(random.random(ROWS) * 10, 1).astype(np.float32)),
            "s": some(random.choice(words, ROWS)),
            "flag": some(random.random(ROWS) < 0.5),
            "ts": pa.array(
                [START + timedelta(seconds=int(i)) for i in range(ROWS)], pa.timestamp("ns", "UTC")
            ),
            "naive": pa.array(
                [datetime(2024, 1, 1) + timedelta(milliseconds=i) for i in range(ROWS)],
                pa.timestamp("us"),
            ),
            "day": pa.array([date(2024, 1, 1) + timedelta(days=i // 100) for i in range(ROWS)]),
            "clock": pa.array([time(i % 24, i % 60, i % 59) for i in range(ROWS)]),
            "price": pa.array([Decimal(i % 1000) / 100 for i in range(ROWS)], pa.decimal128(12, 2)),
            "bytes": pa.array([bytes([i % 7, 0]) for i in range(ROWS)]),
            'odd "name"': pa.array(np.arange(ROWS) % 5),
            "n": pa.array(np.arange(ROWS)),
        }
    )


TABLE = make_table()
POLARS = pl.DataFrame(TABLE)


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> hr.Scan:
    path = tmp_path_factory.mktemp("filters")
    pq.write_table(TABLE, path / "t.parquet", row_group_size=700, write_page_index=True)
    return hr.scan(path)


def rows(scan: hr.Scan, *filters: Any) -> list[int]:
    numbers: list[int] = scan.filter(*filters).select("n").to_polars()["n"].to_list()
    return numbers


def expected(condition: pl.Expr) -> list[int]:
    numbers: list[int] = POLARS.filter(condition)["n"].to_list()
    return numbers


c, p = hr.col, pl.col

# The same condition to headrace and to Polars.
PAIRS: list[tuple[Any, pl.Expr]] = [
    (c("i") > 50, p("i") > 50),
    (c("i") >= -3, p("i") >= -3),
    (c("i") < 2.5, p("i") < 2.5),
    (c("i") <= 2, p("i") <= 2),
    (c("i") == 7, p("i") == 7),
    (c("i") != 7, p("i") != 7),
    (c("small") == c("i"), p("small") == p("i")),
    (c("x") == 12.5, p("x") == 12.5),
    (c("f") == 0.1, p("f") == 0.1),
    (c("x") > float("-inf"), p("x") > float("-inf")),
    (c("x") + c("i") > 100, p("x") + p("i") > 100),
    (c("i") * 2 - 1 > 30, p("i") * 2 - 1 > 30),
    (1 + c("i") < 0, 1 + p("i") < 0),
    (100 - c("i") < 50, 100 - p("i") < 50),
    (c("i") / 4 == 2.5, p("i") / 4 == 2.5),
    (c("i") * 0.1 > 3, p("i") * 0.1 > 3),
    (-c("i") > 90, -p("i") > 90),
    (c("s") == "it's", p("s") == "it's"),
    (c("s") < "B", p("s") < "B"),
    (c("s") == "", p("s") == ""),
    (c("s").is_in(["A", "it's"]), p("s").is_in(["A", "it's"])),
    (~c("s").is_in(["A", "B"]), ~p("s").is_in(["A", "B"])),
    (c("i").is_in([1, 2, -3]), p("i").is_in([1, 2, -3])),
    (c("i").is_in([]), pl.lit(False)),
    (c("s").is_null(), p("s").is_null()),
    (c("s").is_not_null(), p("s").is_not_null()),
    (c("i").between(-5, 5), p("i").is_between(-5, 5)),
    (c("s").like("a%"), p("s").str.starts_with("a")),
    (c("s").like("%\\%", escape="\\"), p("s").str.ends_with("%")),
    (c("s").like("a\\_b", escape="\\"), p("s") == "a_b"),
    (c("s").like("__"), p("s").str.len_chars() == 2),
    (c("flag"), p("flag")),
    (~c("flag"), ~p("flag")),
    ((c("i") > 0) & c("flag"), (p("i") > 0) & p("flag")),
    ((c("i") > 0) | c("flag") | (c("x") < 5), (p("i") > 0) | p("flag") | (p("x") < 5)),
    (~((c("i") > 0) & c("flag")), ~((p("i") > 0) & p("flag"))),
    (
        c("ts") >= datetime(2024, 1, 1, 1, tzinfo=UTC),
        p("ts") >= datetime(2024, 1, 1, 1, tzinfo=UTC),
    ),
    (
        c("ts") < datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        p("ts") < datetime(2024, 1, 1, tzinfo=UTC),
    ),
    (c("ts") == pd.Timestamp(START) + pd.Timedelta(30, "s"), p("n") == 30),
    (c("naive") > datetime(2024, 1, 1, 0, 0, 2, 5), p("naive") > datetime(2024, 1, 1, 0, 0, 2, 5)),
    (c("naive") > np.datetime64("2024-01-01T00:00:02.000005"), p("n") > 2000),
    (c("day") == date(2024, 1, 5), p("day") == date(2024, 1, 5)),
    (c("day") == np.datetime64("2024-01-05"), p("day") == date(2024, 1, 5)),
    (c("clock") < time(1, 2, 3), p("clock") < time(1, 2, 3)),
    (c("price") == Decimal("1.25"), p("price") == Decimal("1.25")),
    (c("price") == 1.25, p("price") == Decimal("1.25")),
    (c("bytes") == b"\x03\x00", p("bytes") == b"\x03\x00"),
    (c('odd "name"') == 3, p('odd "name"') == 3),
    (c("i") > np.int16(50), p("i") > 50),
    (c("x") > np.float64(50), p("x") > 50),
    (hr.lit(True), pl.lit(True)),
]


@pytest.mark.parametrize("number", range(len(PAIRS)))
def test_expressions(scan: hr.Scan, number: int) -> None:
    mine, theirs = PAIRS[number]
    wanted = expected(theirs)
    assert rows(scan, mine) == wanted, mine
    assert rows(scan, str(mine)) == wanted  # the text is the expression
    assert rows(scan, ~mine) == expected(~theirs)
    assert rows(scan, mine & (c("n") > 100)) == [n for n in wanted if n > 100]


# What Polars writes of these needs no function that filters lack.
DIFFERENT = ("len_chars", "len()", "inf")


@pytest.mark.parametrize("number", range(len(PAIRS)))
def test_expressions_of_polars(scan: hr.Scan, number: int) -> None:
    condition = PAIRS[number][1]
    if any(name in str(condition) for name in DIFFERENT):
        with pytest.raises(hr.InvalidArgument):
            from_polars(condition)
        return
    assert rows(scan, condition) == expected(condition), from_polars(condition)


POLARS_ONLY = [
    p("ts") > START,
    p("i") == pl.lit(3, dtype=pl.Int8),
    p("f") > pl.lit(0.5, dtype=pl.Float32),
    p("s").is_in(pl.Series(["A", None, "C"])),
    p("day").is_in([date(2024, 1, 1), date(2024, 1, 9)]),
    p("flag") == True,  # noqa: E712
    p("flag").not_(),
    (p("i") > 0).and_(p("flag"), p("x") > 10),
    (p("i") > 0).or_(p("flag")),
    p("s").str.starts_with("50%"),
    p("s").str.ends_with("_b"),
    p("s").str.starts_with("a\\"),
    p("i").eq(3),
    p("i").le(p("small")),
]


@pytest.mark.parametrize("number", range(len(POLARS_ONLY)))
def test_more_of_polars(scan: hr.Scan, number: int) -> None:
    condition = POLARS_ONLY[number]
    assert rows(scan, condition) == expected(condition), from_polars(condition)


@pytest.mark.parametrize(
    "condition",
    [
        p("i").eq_missing(3),
        p("i").abs() > 3,
        p("i") // 2 == 1,
        p("i") % 2 == 1,
        p("x").is_nan(),
        p("i").cast(pl.Float64) > 1,
        p("i").sum() > 3,
        p("i").is_between(1, 3, closed="left"),
        p("s").str.contains("a"),
        p("s").str.starts_with(p("s")),
        p("i").is_in(p("small")),
        pl.when(p("flag")).then(1).otherwise(2) == 1,
        p("i") > pl.lit(timedelta(days=1)),
        p("i").map_elements(lambda v: v, return_dtype=pl.Int64) > 1,
        pl.col("i", "small") > 3,
        pl.len() > 3,
        p("i").alias("j") > 3,
        p("x") > float("nan"),
    ],
    ids=str,
)
def test_what_filters_do_not_have_is_refused(scan: hr.Scan, condition: pl.Expr) -> None:
    with pytest.raises(hr.InvalidArgument, match="cannot become a filter") as raised:
        scan.filter(condition)
    assert raised.value.location == ("filter",)


a = pc.field
ARROW = [
    a("i") > 3,
    (a("i") <= a("small")) & ~a("flag"),
    (a("x") < 1.5) | (a("f") >= pa.scalar(9.5, pa.float32())),
    a("s").isin(["A", "C"]),
    ~a("s").isin(["A", "C"]),
    a("i").isin([1, None, 7]),
    a("s").is_null(),
    a("s").is_valid() & (a("s") != "B"),
    a("ts") >= pa.scalar(START + timedelta(seconds=100), pa.timestamp("ns", "UTC")),
    a("day") == date(2024, 1, 2),
    a("price") > pa.scalar(Decimal("5.25"), pa.decimal128(12, 2)),
    pc.match_like(a("s"), "50\\%"),
    a("flag"),
]


@pytest.mark.parametrize("number", range(len(ARROW)))
def test_expressions_of_pyarrow(scan: hr.Scan, number: int) -> None:
    condition = ARROW[number]
    assert rows(scan, condition) == TABLE.filter(condition)["n"].to_pylist(), str(condition)


def test_several_filters_all_hold(scan: hr.Scan) -> None:
    wanted = expected((p("i") > 0) & ((p("x") > 50) | p("flag")) & (p("small") < 10))
    text, expression = "i > 0", (c("x") > 50) | c("flag")
    assert rows(scan, text, expression, p("small") < 10) == wanted
    assert rows(scan.filter("x > 50 or flag").filter(text), c("small") < 10) == wanted
    assert rows(scan) == list(range(ROWS))


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("i >", hr.InvalidArgument),
        ("", hr.InvalidArgument),
        ("i > 1) or (flag", hr.InvalidArgument),
        ("j > 1", hr.UnknownName),
        ("s > 1", hr.TypeMismatch),
        ("i", hr.TypeMismatch),
        (c("j") > 1, hr.UnknownName),
        (c("s") > 1, hr.TypeMismatch),
        (p("j") > 1, hr.UnknownName),
        (pc.field("j") > 1, hr.UnknownName),
        (pc.sin(pc.field("x")) > 0, hr.HeadraceError),
        (pa.array([1]), hr.TypeMismatch),
        (lambda row: True, hr.TypeMismatch),
        (None, hr.TypeMismatch),
        (True, hr.TypeMismatch),
    ],
    ids=str,
)
def test_refused_filters(scan: hr.Scan, given: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        scan.filter("i > 0").filter(given)
    assert isinstance(raised.value, hr.HeadraceError)
    assert raised.value.location[0] == "filter"


def test_a_place_in_a_filter_is_that_of_its_own_text(scan: hr.Scan) -> None:
    with pytest.raises(hr.UnknownName) as raised:
        scan.filter("i > 0").filter("flag and j > 1")
    assert raised.value.location == ("filter", "9")


def test_a_row_that_cannot_be_computed_fails(scan: hr.Scan) -> None:
    with pytest.raises(hr.InvalidArgument):
        scan.filter("i + 9223372036854775807 > 0").collect()


def test_expressions_are_not_truth_values() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        _ = (c("i") > 0) and c("flag")
    with pytest.raises(TypeError):
        hash(c("i"))
    with pytest.raises(hr.InvalidArgument, match="is_null"):
        _ = c("i") == None  # noqa: E711
    with pytest.raises(hr.TypeMismatch):
        c("s").is_in("AB")
    for value in (float("nan"), object(), [1], pd.NaT, np.datetime64("NaT"), timedelta(1)):
        with pytest.raises(hr.TypeMismatch):
            _ = c("i") == value
    with pytest.raises(TypeError):
        c(3)  # type: ignore[arg-type]


def test_fields_of_structs(tmp_path: Path) -> None:
    table = pa.table({"a.b": [1, 2], "s": [{"x y": 1}, {"x y": 2}]})
    pq.write_table(table, tmp_path / "t.parquet")
    scan = hr.scan(tmp_path)
    assert scan.filter(c("a.b") == 1).count() == 1
    assert scan.filter(c("s").field("x y") > 1).collect().row(0)["s"] == {"x y": 2}
    assert repr(c("s").field("x y")) == '<headrace.Expr "s"."x y">'
