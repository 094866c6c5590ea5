"""A scan gives what pyarrow gives: shapes of files, codecs, encodings, pages and statistics."""

import itertools
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import headrace as hr
from scan_oracle import same, same_as_pyarrow, some

ROWS = 3_000


def make_table(rows: int = ROWS, seed: int = 1) -> pa.Table:
    random = np.random.default_rng(seed)
    few = random.choice([f"sensor-{i}" for i in range(20)], rows)
    long = ["x" * int(n) for n in random.integers(0, 300, rows)]
    lists = [list(range(int(n))) for n in random.integers(0, 5, rows)]
    return pa.table(
        {
            "id": pa.array(np.arange(rows)),
            "i32": some(random, random.integers(-9, 9, rows).astype(np.int32)),
            "x": some(random, random.normal(size=rows)),
            "f": some(random, random.normal(size=rows).astype(np.float32)),
            "flag": some(random, random.random(rows) < 0.3),
            "few": some(random, few),
            "long": some(random, np.array(long, object)),
            "bytes": some(random, np.array([bytes([i % 251]) for i in range(rows)], object)),
            "fixed": pa.array([i.to_bytes(8, "big") for i in range(rows)], pa.binary(8)),
            "list": pa.array(lists, mask=random.random(rows) < 0.1),
        }
    )


TABLE = make_table()


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 8, 9])
def test_few_rows(tmp_path: Path, rows: int) -> None:
    pq.write_table(TABLE.slice(0, rows), tmp_path / "t.parquet")
    assert same_as_pyarrow(tmp_path / "t.parquet").num_rows == rows


def test_no_row_groups(tmp_path: Path) -> None:
    with pq.ParquetWriter(tmp_path / "t.parquet", TABLE.schema):
        pass
    assert pq.read_metadata(tmp_path / "t.parquet").num_row_groups == 0
    same_as_pyarrow(tmp_path / "t.parquet")
    assert hr.scan(tmp_path).filter("id > 3").count() == 0


def test_row_groups_without_rows(tmp_path: Path) -> None:
    with pq.ParquetWriter(tmp_path / "t.parquet", TABLE.schema) as writer:
        for start, rows in [(0, 0), (0, 5), (5, 0), (5, 4), (9, 0)]:
            writer.write_table(TABLE.slice(start, rows))
    assert same_as_pyarrow(tmp_path / "t.parquet").num_rows == 9


def test_no_columns(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "t.parquet", row_group_size=700)
    scan = hr.scan(tmp_path).select()
    assert sum(batch.num_rows for batch in scan) == ROWS
    assert scan.filter("id < 100").count() == 100


def test_ten_thousand_row_groups(tmp_path: Path) -> None:
    groups = 10_000
    table = pa.table({"i": np.arange(3 * groups), "s": [f"v{i}" for i in range(3 * groups)]})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=3, compression="none")
    assert pq.read_metadata(tmp_path / "t.parquet").num_row_groups == groups
    scan = hr.scan(tmp_path, memory_limit="128MB")
    same(scan.to_arrow(), table)
    same(scan.filter("i between 100 and 20000").limit(50).to_arrow(), table.slice(100, 50))


def test_five_thousand_files(tmp_path: Path) -> None:
    files, bound_seconds = 5_000, 60
    first = pa.table({"i": pa.array([0, 1], pa.int32()), "s": ["a", None]})
    pq.write_table(first, tmp_path / "part.parquet", compression="none")
    content = (tmp_path / "part.parquet").read_bytes()
    (tmp_path / "part.parquet").unlink()
    for i in range(files):
        (tmp_path / f"{i:05}.parquet").write_bytes(content)
    start = time.monotonic()
    scan = hr.scan(tmp_path, memory_limit="256MB", source_file_column="file")
    assert scan.num_rows == 2 * files
    read = scan.to_arrow()
    assert time.monotonic() - start < bound_seconds, "a hang, or work for each file and each other"
    names = [str(tmp_path / f"{i // 2:05}.parquet") for i in range(2 * files)]
    assert read["file"].to_pylist() == names
    same(read.drop_columns("file"), pa.concat_tables([first] * files).combine_chunks())


CODECS = ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]


@pytest.mark.parametrize(("codec", "pages"), [*itertools.product(CODECS, ["1.0", "2.0"])])
def test_codecs(tmp_path: Path, codec: str, pages: str) -> None:
    pq.write_table(
        TABLE,
        tmp_path / "t.parquet",
        compression=codec,
        data_page_version=pages,
        row_group_size=1_100,
        data_page_size=2_000,
        write_batch_size=64,
        write_page_checksum=codec != "gzip",
        write_page_index=codec in ("zstd", "none"),
    )
    same_as_pyarrow(tmp_path / "t.parquet")


def test_each_column_has_its_own_codec(tmp_path: Path) -> None:
    codecs = dict(zip(TABLE.column_names, itertools.cycle(CODECS), strict=False))
    codecs["list.list.element"] = codecs.pop("list")
    pq.write_table(TABLE, tmp_path / "t.parquet", compression=codecs)
    same_as_pyarrow(tmp_path / "t.parquet")


NUMBERS = ["id", "i32"]
STRINGS = ["few", "long", "bytes"]
FLOATS = ["x", "f"]
ENCODINGS = {
    "PLAIN": [*NUMBERS, *STRINGS, *FLOATS, "flag", "fixed", "list.list.element"],
    "DELTA_BINARY_PACKED": [*NUMBERS, "list.list.element"],
    "DELTA_LENGTH_BYTE_ARRAY": STRINGS,
    "DELTA_BYTE_ARRAY": [*STRINGS, "fixed"],
    "BYTE_STREAM_SPLIT": [*NUMBERS, *FLOATS, "fixed"],
    "RLE": ["flag"],
}


@pytest.mark.parametrize(
    ("encoding", "pages", "codec"),
    [*itertools.product(ENCODINGS, ["1.0", "2.0"], ["none", "zstd"])],
)
def test_encodings(tmp_path: Path, encoding: str, pages: str, codec: str) -> None:
    columns = ENCODINGS[encoding]
    pq.write_table(
        TABLE.select([column.partition(".")[0] for column in columns]),
        tmp_path / "t.parquet",
        use_dictionary=False,
        # Booleans have no encoding to choose: RLE comes with the second version of pages.
        column_encoding=None if encoding == "RLE" else dict.fromkeys(columns, encoding),
        data_page_version=pages,
        compression=codec,
        data_page_size=1_000,
        write_batch_size=50,
        row_group_size=1_300,
    )
    written = pq.read_metadata(tmp_path / "t.parquet").row_group(0)
    used = {e for i in range(written.num_columns) for e in written.column(i).encodings}
    if encoding != "RLE" or pages == "2.0":
        assert encoding in used
    same_as_pyarrow(tmp_path / "t.parquet")


@pytest.mark.parametrize("pages", ["1.0", "2.0"])
@pytest.mark.parametrize("limit", [100, 1 << 20])
def test_dictionaries(tmp_path: Path, pages: str, limit: int) -> None:
    """Whole column chunks by dictionary, and those that leave it half way."""
    pq.write_table(
        TABLE,
        tmp_path / "t.parquet",
        dictionary_pagesize_limit=limit,
        data_page_version=pages,
        data_page_size=1_000,
        write_batch_size=50,
    )
    same_as_pyarrow(tmp_path / "t.parquet")


@pytest.mark.parametrize("rows_per_page", [1, 13, 1_000])
def test_rows_per_page(tmp_path: Path, rows_per_page: int) -> None:
    pq.write_table(
        TABLE.slice(0, 500),
        tmp_path / "t.parquet",
        max_rows_per_page=rows_per_page,
        write_batch_size=rows_per_page,
        write_page_index=True,
    )
    same_as_pyarrow(tmp_path / "t.parquet")


WAYS: dict[str, dict[str, Any]] = {
    "checksums": {"write_page_checksum": True},
    "no statistics": {"write_statistics": False},
    "statistics of one column": {"write_statistics": ["id"]},
    "page index": {"write_page_index": True},
    "bloom filters": {"bloom_filter_options": {"id": True, "few": {"ndv": 20, "fpp": 0.01}}},
    "format 1.0": {"version": "1.0"},
    "format 2.4": {"version": "2.4"},
    "no Arrow schema": {"store_schema": False},
    "other names of lists": {"use_compliant_nested_type": False},
    "chunks by content": {"use_content_defined_chunking": True},
    "flavour of Spark": {"flavor": "spark"},
    "sorting columns": {"sorting_columns": [pq.SortingColumn(0)]},
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_write(tmp_path: Path, way: str) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(TABLE, path, row_group_size=1_000, data_page_size=3_000, **WAYS[way])
    expected = same_as_pyarrow(path)
    for filters in ("id between 1500 and 1600", "few = 'sensor-3'", "x is null", "few = 'no'"):
        read = hr.scan(path).filter(filters).to_arrow()
        same(read, hr.scan(path, skipping=False).filter(filters).to_arrow())
        assert read.num_rows < expected.num_rows
