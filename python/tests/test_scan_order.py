"""Order and samples of a scan's rows: what Polars says, the same for every seed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

import headrace as hr

ROWS = 120_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows")
    random = np.random.default_rng(5)
    words = np.array(["A", "B", "it's", "äöü", ""])
    table = pa.table(
        {
            "id": np.arange(ROWS),
            "small": pa.array(random.integers(-50, 50, ROWS), pa.int8()),
            "fare": pa.array(random.lognormal(2, 1, ROWS).round(1), mask=random.random(ROWS) < 0.1),
            "vendor": pa.array(random.choice(words, ROWS), mask=random.random(ROWS) < 0.1),
        }
    )
    for i, begin in enumerate(range(0, ROWS, 50_000)):
        pq.write_table(table.slice(begin, 50_000), path / f"{i}.parquet", row_group_size=11_000)
    return path


@pytest.fixture(scope="module")
def frame(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "*.parquet")


@pytest.mark.parametrize("limit", [None, 7, 40_000])
@pytest.mark.parametrize(
    ("keys", "names", "descending"),
    [
        (("-fare", "vendor"), ["fare", "vendor"], [True, False]),
        (("vendor desc", "small", "-id"), ["vendor", "small", "id"], [True, False, True]),
        (("small",), ["small"], [False]),
    ],
)
def test_order_is_that_of_polars(
    folder: Path,
    frame: pl.DataFrame,
    keys: tuple[str, ...],
    names: list[str],
    descending: list[bool],
    limit: int | None,
) -> None:
    expected = frame.sort(names, descending=descending, nulls_last=True, maintain_order=True)
    scan = hr.scan(folder).order_by(*keys)
    if limit is not None:
        scan = scan.offset(3).limit(limit)
        expected = expected.slice(3, limit)
    assert_frame_equal(scan.to_polars(), expected)
    assert_frame_equal(scan.select("id").to_polars(), expected.select("id"))
    assert scan.count() == len(expected)


def test_groups_are_ordered_too(folder: Path, frame: pl.DataFrame) -> None:
    groups = hr.scan(folder).filter("small > 0").group_by("vendor").agg("count(*) as n, max(fare)")
    found = groups.order_by("-n").limit(2).to_polars()
    expected = frame.filter(pl.col("small") > 0).group_by("vendor").agg(pl.len().alias("n"))
    expected = expected.sort("n", descending=True).head(2)
    assert found["n"].to_list() == expected["n"].to_list()
    assert found["vendor"].to_list() == expected["vendor"].to_list()


def test_the_first_of_many_take_little_memory(tmp_path: Path) -> None:
    rows = 2_000_000
    table = pa.table({"id": np.arange(rows), "x": np.random.default_rng(2).random(rows)})
    pq.write_table(table, tmp_path / "many.parquet", row_group_size=100_000)
    small = hr.scan(tmp_path, memory_limit="24MB")
    first = small.order_by("-x").limit(10).to_polars()
    assert_frame_equal(first, pl.DataFrame(table).top_k(10, by="x").sort("x", descending=True))
    with pytest.raises(hr.MemoryLimit, match="would be needed"):
        small.order_by("-x").to_arrow()


def test_samples(folder: Path, frame: pl.DataFrame) -> None:
    scan = hr.scan(folder)
    once = scan.sample(500, seed=3).to_polars()
    assert_frame_equal(once, frame[once["id"].to_numpy()])
    assert once["id"].is_sorted()
    assert len(once) == 500
    again = hr.scan(folder, chunk_rows=777).sample(500, seed=3)
    assert_frame_equal(again.to_polars(), once)
    assert_frame_equal(again.select("fare").to_polars(), once.select("fare"))
    assert not scan.sample(500, seed=4).to_polars().equals(once)
    part = scan.filter("small >= 0").sample(fraction=0.05, seed=3).to_polars()
    assert part["small"].min() == 0
    assert 0.04 < len(part) / frame.filter(pl.col("small") >= 0).height < 0.06
    assert scan.limit(5).sample(10).count() == 5


def test_samples_of_each_value(folder: Path, frame: pl.DataFrame) -> None:
    counts = frame["vendor"].value_counts().sort("vendor", nulls_last=True)
    each = hr.scan(folder).sample(30, stratify="vendor").to_polars()
    assert each["vendor"].value_counts()["count"].to_list() == [30] * len(counts)
    share = hr.scan(folder).sample(fraction=0.01, stratify="vendor").to_polars()
    found = share["vendor"].value_counts().sort("vendor", nulls_last=True)
    assert np.abs(found["count"].to_numpy() - counts["count"].to_numpy() * 0.01).max() < 2


def test_what_makes_no_sense_is_refused(folder: Path) -> None:
    scan = hr.scan(folder)
    mistakes: list[Callable[[], object]] = [
        lambda: scan.order_by(),
        lambda: scan.order_by("fare,"),
        lambda: scan.order_by("fare", "-fare"),
        lambda: scan.limit(3).order_by("fare"),
        lambda: scan.order_by("fare").order_by("id"),
        lambda: scan.order_by("fare").filter("id > 3"),
        lambda: scan.order_by("fare").group_by("id"),
        lambda: scan.sample(),
        lambda: scan.sample(3, fraction=0.5),
        lambda: scan.sample(-1),
        lambda: scan.sample(fraction=1.5),
        lambda: scan.sample(3).limit(2),
        lambda: scan.sample(3).order_by("fare"),
    ]
    for mistake in mistakes:
        with pytest.raises(hr.InvalidArgument):
            mistake()
    with pytest.raises(hr.UnknownName):
        scan.order_by("fair")
    with pytest.raises(hr.UnknownName):
        scan.sample(3, stratify="fair")
    with pytest.raises(hr.TypeMismatch):
        scan.sample(2.5)  # type: ignore[arg-type]
