"""Groups of a scan's rows: what Polars says, in bounded memory."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

import headrace as hr

ROWS = 300_000


def make_table(rows: int = ROWS) -> pa.Table:
    random = np.random.default_rng(5)
    words = np.array(["A", "B", "C", "it's", "äöü", ""])
    return pa.table(
        {
            "ts": pa.array(np.arange(rows) * 1_000_000_000, pa.timestamp("ns", "UTC")),
            "id": pa.array(np.arange(rows)),
            "small": pa.array(random.integers(-50, 50, rows), pa.int8()),
            "fare": pa.array(random.lognormal(2, 1, rows), mask=random.random(rows) < 0.1),
            "vendor": pa.array(random.choice(words, rows), mask=random.random(rows) < 0.1),
            "flag": pa.array(random.random(rows) < 0.5, mask=random.random(rows) < 0.1),
            "day": pa.array((np.arange(rows) // 100_000).astype(np.int32)).cast(pa.date32()),
            "odd name": pa.array(np.arange(rows) % 7),
        }
    )


TABLE = make_table()
POLARS = pl.DataFrame(TABLE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows of TABLE in three files."""
    path = tmp_path_factory.mktemp("files")
    for i, begin in enumerate(range(0, ROWS, 100_000)):
        rows = TABLE.slice(begin, 100_000)
        pq.write_table(rows, path / f"trips_{i}.parquet", row_group_size=30_000)
    return path


def fare(answer: str, *arguments: Any) -> pl.Expr:
    made: pl.Expr = getattr(pl.col("fare"), answer)(*arguments).alias(answer)
    return made


EXPECTED = [
    pl.len().alias("n"),
    pl.col("fare").count().alias("values"),
    pl.col("small").drop_nulls().n_unique().cast(pl.Int64).alias("different"),
    fare("sum"),
    fare("mean"),
    fare("var"),
    fare("std"),
    fare("min"),
    fare("max"),
    fare("median"),
    pl.col("fare").quantile(0.9, "linear").alias("q90"),
]
AGGREGATES = [
    hr.count().alias("n"),
    hr.count("fare").alias("values"),
    hr.count_distinct("small").alias("different"),
    hr.sum("fare").alias("sum"),
    hr.mean("fare").alias("mean"),
    hr.var("fare").alias("var"),
    hr.std(hr.col("fare")).alias("std"),
    hr.min("fare").alias("min"),
    hr.max("fare").alias("max"),
    hr.median("fare").alias("median"),
    hr.quantile("fare", 0.9).alias("q90"),
]


def expect(scan: hr.Scan, expected: pl.DataFrame) -> None:
    assert_frame_equal(scan.to_polars(), expected, check_dtypes=False, rel_tol=1e-12)


@pytest.mark.parametrize(
    "keys",
    [
        ["vendor"],
        ["odd name"],
        ["flag"],
        ["day"],
        ["vendor", "flag"],
        ["vendor", "odd name", "day"],
    ],
    ids="+".join,
)
def test_groups_are_those_of_polars(folder: Path, keys: list[str]) -> None:
    expected = POLARS.group_by(keys).agg(EXPECTED).sort(keys, nulls_last=True)
    scan = hr.scan(folder)
    expect(scan.group_by(keys).agg(*AGGREGATES), expected)
    expect(scan.group_by(*keys).agg(", ".join(map(str, AGGREGATES))), expected)


def test_all_rows_are_one_group_without_keys(folder: Path) -> None:
    expect(hr.scan(folder).agg(*AGGREGATES), POLARS.select(EXPECTED))
    first_last = hr.scan(folder).agg(hr.first("ts"), hr.last("ts"), "last(vendor)")
    assert first_last.columns == ["first(ts)", "last(ts)", "last(vendor)"]
    assert first_last.to_polars().row(0) == (
        POLARS["ts"][0],
        POLARS["ts"][-1],
        POLARS["vendor"][-1],
    )


def test_first_and_last_go_by_the_order_of_the_rows(folder: Path) -> None:
    expected = (
        POLARS.group_by("vendor", maintain_order=True)
        .agg(pl.col("id").first().alias("first(id)"), pl.col("fare").last().alias("last(fare)"))
        .sort("vendor", nulls_last=True)
    )
    scan = hr.scan(folder, ordered=False, max_concurrent=4, chunk_rows=1000)
    expect(scan.group_by("vendor").agg("first(id), last(fare)"), expected)


def test_filters_come_before_groups(folder: Path) -> None:
    kept = POLARS.filter((pl.col("fare") > 20) & (pl.col("day") < date(1970, 1, 3)))
    expected = kept.group_by("vendor").agg(pl.len().alias("n")).sort("vendor", nulls_last=True)
    scan = hr.scan(folder).select("id").filter("fare > 20", "day < date '1970-01-03'")
    expect(scan.group_by("vendor").agg(hr.count().alias("n")), expected)


def test_groups_are_a_scan(folder: Path, tmp_path: Path) -> None:
    groups = hr.scan(folder).group_by("id").agg("max(fare) as top, count(*)")
    assert groups.columns == ["id", "top", "count(*)"]
    assert groups.schema.types == [pa.int64(), pa.float64(), pa.int64()]
    assert groups.count() == ROWS
    assert sum(frame.num_rows for frame in groups) == ROWS
    part = groups.offset(5).limit(3).select("top", "id")
    assert part.to_arrow().to_pydict() == {
        "top": TABLE["fare"].to_pylist()[5:8],
        "id": [5, 6, 7],
    }
    written = groups.sink(tmp_path / "groups.parquet")
    assert written.rows == ROWS
    assert pq.read_table(tmp_path / "groups.parquet")["id"].to_pylist() == list(range(ROWS))
    assert pa.RecordBatchReader.from_stream(groups).read_all().num_rows == ROWS
    assert "fare" in groups.explain().columns


def test_keys_alone_are_the_different_ones(folder: Path) -> None:
    assert hr.scan(folder).group_by("day").agg().to_polars()["day"].to_list() == [
        date(1970, 1, 1),
        date(1970, 1, 2),
        date(1970, 1, 3),
    ]


def test_threads_and_batches_do_not_change_a_bit(folder: Path) -> None:
    def answer(**options: Any) -> pa.Table:
        scan = hr.scan(folder, **options)
        return scan.group_by("vendor", "flag").agg("sum(fare), mean(fare), std(fare)").to_arrow()

    one = answer(max_concurrent=1)
    for options in ({}, {"max_concurrent": 7}, {"chunk_rows": 777, "max_concurrent": 3}):
        assert answer(**options).equals(one)


def test_groups_that_do_not_fit_are_refused(folder: Path) -> None:
    scan = hr.scan(folder, memory_limit="16MB")
    with pytest.raises(hr.MemoryLimit, match=r"would be needed"):
        scan.group_by("id", "ts").agg("std(fare), median(fare)").count()
    assert scan.group_by("vendor").agg("std(fare)").count() == 7


@pytest.mark.parametrize(
    ("error", "make"),
    [
        (hr.UnknownName, lambda scan: scan.group_by("vendr").agg("count(*)")),
        (hr.UnknownName, lambda scan: scan.agg(hr.mean("fair"))),
        (hr.UnknownName, lambda scan: scan.agg("average(fare)")),
        (hr.UnknownName, lambda scan: scan.agg("mean(fare)").select("fare")),
        (hr.TypeMismatch, lambda scan: scan.agg("sum(vendor)")),
        (hr.InvalidArgument, lambda scan: scan.agg("sum(fare")),
        (hr.InvalidArgument, lambda scan: scan.agg()),
        (hr.InvalidArgument, lambda scan: scan.agg("count(*)", hr.count())),
        (hr.InvalidArgument, lambda scan: scan.group_by("vendor", "vendor").agg()),
        (hr.InvalidArgument, lambda scan: scan.limit(3).group_by("vendor")),
        (hr.InvalidArgument, lambda scan: scan.agg("count(*)").filter("fare > 1")),
        (hr.InvalidArgument, lambda scan: scan.agg("count(*)").group_by("fare")),
    ],
)
def test_refuses_what_makes_no_sense(folder: Path, error: type[Exception], make: Any) -> None:
    with pytest.raises(error):
        make(hr.scan(folder))


def test_no_rows(tmp_path: Path) -> None:
    pq.write_table(TABLE.slice(0, 0), tmp_path / "empty.parquet")
    scan = hr.scan(tmp_path / "empty.parquet")
    assert scan.group_by("vendor").agg("mean(fare)").collect().num_rows == 0
    assert scan.agg("count(*) as n, mean(fare) as m").to_arrow().to_pydict() == {
        "n": [0],
        "m": [None],
    }


def test_times_stay_times(folder: Path) -> None:
    row = hr.scan(folder).agg("min(ts), max(day)").to_polars().row(0)
    assert isinstance(row[0], datetime)
    assert row[1] == date(1970, 1, 3)
