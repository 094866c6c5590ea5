"""Skipping never changes an answer: random filters over files of all kinds of layout, read with
all skipping and with none. A failure prints the seed and the filter."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import headrace as hr
from scan_oracle import same

ROWS = 20_000
FILTERS = 25
START = datetime(2024, 1, 1, tzinfo=UTC)
# Longer than what writers keep of a string in statistics, and alike in what they keep.
PREFIX = "https://example.org/a/long/way/to/the/first/difference/between/two/of/these/" * 2


def make_table(seed: int) -> pa.Table:
    """Columns that are sorted, clustered and in no order, of all types that are skipped by."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(size=ROWS))
    holes = np.where(np.arange(ROWS) // 2_500 % 3 == 1, 1.0, 0.03)  # stretches that are all null
    walk[rng.random(ROWS) < 0.02] = np.nan
    walk[5_000:7_000] = np.nan  # whole pages
    words = rng.integers(0, 3_000, ROWS)
    return pa.table(
        {
            "n": np.arange(ROWS),
            "ts": pa.array(np.arange(ROWS) * 10**9 + 1704067200 * 10**9, pa.timestamp("ns", "UTC")),
            "walk": pa.array(walk, mask=rng.random(ROWS) < 0.05),
            "single": pa.array(np.round(walk, 1).astype(np.float32)),
            "near": pa.array((np.arange(ROWS) // 50 + rng.integers(-5, 5, ROWS)).astype(np.int32)),
            "key": pa.array(rng.permutation(ROWS).astype(np.int64), mask=rng.random(ROWS) < 0.01),
            "few": pa.array(
                rng.integers(0, 5, ROWS).astype(np.uint8), mask=rng.random(ROWS) < holes
            ),
            "vendor": pa.array([f"v{int(v)}" for v in np.abs(np.nan_to_num(walk)) // 8]),
            "name": pa.array([f"name-{v}" for v in words], mask=rng.random(ROWS) < holes),
            "url": pa.array([PREFIX + str(v // 7) for v in words]),
            "raw": pa.array([bytes([255 - v % 256, v // 256]) for v in words]),
            "flag": pa.array(np.arange(ROWS) // 1_000 % 2 == 0, mask=rng.random(ROWS) < 0.01),
            "day": pa.array((19_000 + np.arange(ROWS) // 100).astype(np.int32)).cast(pa.date32()),
            "price": pa.array((np.arange(ROWS) // 3).astype(np.int32)).cast(pa.decimal128(12, 2)),
        }
    )


def literal(rng: random.Random, column: str) -> str:
    """A value of the column, one that is between two, or one that is outside of all."""
    n = rng.randrange(-50, ROWS + 50)
    return {
        "n": lambda: str(n),
        "ts": lambda: f"timestamp '{(START + timedelta(seconds=n)).isoformat()}'",
        "walk": lambda: str(round(rng.uniform(-150, 150), rng.randrange(4))),
        "single": lambda: str(round(rng.uniform(-150, 150), 1)),
        "near": lambda: str(n // 50),
        "key": lambda: str(n),
        "few": lambda: str(rng.randrange(-1, 7)),
        "vendor": lambda: f"'v{rng.randrange(30)}'",
        "name": lambda: f"'name-{rng.randrange(3_100)}'",
        "url": lambda: f"'{PREFIX}{rng.randrange(440)}'" if rng.random() < 0.8 else "'https:'",
        "day": lambda: f"date '{(datetime(2022, 1, 8) + timedelta(days=n // 100)).date()}'",
        "price": lambda: f"{n // 3}.{rng.choice(['00', '50'])}",
    }[column]()


COMPARED = [
    *("n", "ts", "walk", "single", "near", "key"),
    *("few", "vendor", "name", "url", "day", "price"),
]


def condition(rng: random.Random, depth: int) -> str:
    """A random filter, as text."""
    if depth > 0 and rng.random() < 0.6:
        kind = rng.choice(["and", "or", "and", "or", "not"])
        if kind == "not":
            return f"not ({condition(rng, depth - 1)})"
        return f"({condition(rng, depth - 1)}) {kind} ({condition(rng, depth - 1)})"
    column = rng.choice(COMPARED)

    def value() -> str:
        return literal(rng, column)

    forms: list[Callable[[], str]] = [
        lambda: f"{column} {rng.choice(['=', '!=', '<', '<=', '>', '>='])} {value()}",
        lambda: f"{column} = {value()}",
        lambda: f"{column} between {value()} and {value()}",
        lambda: f"{column} in ({', '.join(value() for _ in range(rng.randrange(1, 5)))})",
        lambda: f"{column} not in ({value()}, {value()})",
        lambda: f"{column} is {rng.choice(['', 'not '])}null",
        lambda: rng.choice(["flag", "not flag", "flag is null", "flag = true"]),
        lambda: f"name like 'name-{rng.randrange(30)}{rng.choice(['%', '_', '', '_%'])}'",
        lambda: f"near + {rng.randrange(9)} > few * {rng.randrange(99)}",
        lambda: f"walk {rng.choice(['<', '>'])} single",
    ]
    return rng.choice(forms)()


def by_pyarrow(table: pa.Table, path: Path, **options: Any) -> None:
    pq.write_table(table, path, write_batch_size=128, **options)


def by_polars(table: pa.Table, path: Path) -> None:
    pl.DataFrame(table).write_parquet(
        path, row_group_size=3_000, data_page_size=4_000, statistics="full"
    )


def by_duckdb(table: pa.Table, path: Path) -> None:
    """DuckDB writes bloom filters for columns by dictionary."""
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register("rows_to_write", table)
        connection.execute(
            f"copy (select * from rows_to_write) to '{path}' "
            "(format parquet, row_group_size 4096, dictionary_size_limit 4096)"
        )


BLOOM = {name: {"ndv": 3_000, "fpp": 0.05} for name in ("key", "name", "url", "near", "few", "raw")}
WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    "statistics": lambda t, p: by_pyarrow(t, p, row_group_size=1_500),
    "page index": lambda t, p: by_pyarrow(
        t, p, row_group_size=9_000, data_page_size=1_500, write_page_index=True
    ),
    "bloom filters": lambda t, p: by_pyarrow(
        t, p, row_group_size=2_000, bloom_filter_options=BLOOM, write_statistics=False
    ),
    "all of it": lambda t, p: by_pyarrow(
        t,
        p,
        row_group_size=5_000,
        data_page_size=1_000,
        write_page_index=True,
        bloom_filter_options=BLOOM,
        data_page_version="2.0",
        write_page_checksum=True,
    ),
    "no dictionaries": lambda t, p: by_pyarrow(
        t, p, row_group_size=5_000, use_dictionary=False, data_page_size=4_000,
        write_page_index=True,
    ),
    "half by dictionary": lambda t, p: by_pyarrow(
        t, p, row_group_size=7_000, dictionary_pagesize_limit=2_000, data_page_size=2_000,
        write_page_index=True, bloom_filter_options=BLOOM,
    ),
    "Polars": by_polars,
    "DuckDB": by_duckdb,
}  # fmt: skip


@pytest.fixture(scope="module", params=WRITERS)
def path(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    written = tmp_path_factory.mktemp("skipping") / "t.parquet"
    WRITERS[request.param](make_table(seed=sum(map(ord, request.param))), written)
    yield written
    written.unlink()


@pytest.mark.parametrize("seed", range(4))
def test_skipping_changes_no_answer(path: Path, seed: int) -> None:
    rng = random.Random(seed)
    everything = hr.scan(path, skipping=False)
    skipping = hr.scan(path)
    for number in range(FILTERS):
        text = condition(rng, depth=rng.randrange(4))
        columns = rng.sample(COMPARED, rng.randrange(1, 4)) + ["raw"] * (number % 3 == 0)
        print(f"seed {seed}, filter {number}: select {', '.join(columns)} where {text}")
        with_skips, without = (scan.filter(text).select(columns) for scan in (skipping, everything))
        expected = without.to_arrow()
        same(with_skips.to_arrow(), expected)
        assert with_skips.count() == expected.num_rows
        limit = rng.randrange(1, 300)
        same(with_skips.limit(limit).to_arrow(), expected.slice(0, limit))
        assert without.explain().read_rows == ROWS


def test_something_is_left_out(path: Path) -> None:
    """Otherwise what was compared would be the same thing."""
    explained = hr.scan(path).filter("n < 100 and key = 777").explain()
    assert explained.read_rows <= ROWS // 2, explained


def test_the_answers_are_those_of_polars(path: Path) -> None:
    """So that both are not wrong together."""
    frame = pl.read_parquet(path)
    column = pl.col
    in_files = {
        "n between 4000 and 4100": column("n").is_between(4000, 4100),
        "key = 777": column("key") == 777,
        "key in (1, 19999, 20000)": column("key").is_in([1, 19_999, 20_000]),
        "name = 'name-7' or name is null": (column("name") == "name-7") | column("name").is_null(),
        f"url = '{PREFIX}42'": column("url") == PREFIX + "42",
        f"url > '{PREFIX}42' and near < 40": (column("url") > PREFIX + "42")
        & (column("near") < 40),
        "walk > 10": (column("walk") > 10) & column("walk").is_not_nan(),
        "not (walk > 10)": (column("walk") <= 10) | column("walk").is_nan(),
        "walk != 1": column("walk") != 1,
        "vendor < 'v2' and few is null": (column("vendor") < "v2") & column("few").is_null(),
        "not flag": ~column("flag"),
    }
    for text, expected in in_files.items():
        print(text)
        rows = hr.scan(path).filter(text).select("n").to_polars()["n"]
        assert rows.to_list() == frame.filter(expected)["n"].to_list()
