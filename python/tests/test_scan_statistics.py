"""Statistics that say too little, or nothing that makes sense: no row is lost to them."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import headrace as hr
from scan_oracle import same

ROWS = 4_000
GROUP = 1_000


def behind_the_pages(path: Path) -> int:
    """Where the page index begins, and the footer: all but the data."""
    written = pq.read_metadata(path)
    ends = [0]
    for group in range(written.num_row_groups):
        for column in range(written.num_columns):
            chunk = written.row_group(group).column(column)
            start = chunk.dictionary_page_offset or chunk.data_page_offset
            ends.append(start + chunk.total_compressed_size)
    return max(ends)


def patch(path: Path, changes: list[tuple[bytes, bytes]]) -> None:
    """Replaces bounds of one length by others, in the page index and the footer."""
    content = path.read_bytes()
    start = behind_the_pages(path)
    head, tail = content[:start], content[start:]
    for number, (old, new) in enumerate(changes):
        assert len(old) == len(new)
        assert old in tail, old
        tail = tail.replace(old, b"\0patched%03d" % number * 99)  # not to be found again
        changes[number] = (b"\0patched%03d" % number * 99, new)
    for old, new in changes:
        tail = tail.replace(old, new)
    path.write_bytes(head + tail)


def bounds(
    table: pa.Table, column: str, encode: Callable[[Any], bytes]
) -> list[tuple[bytes, bytes]]:
    """Least and greatest value of each row group, as statistics have them."""
    groups = (table[column].slice(i, GROUP) for i in range(0, ROWS, GROUP))
    found = (pa.compute.min_max(group).as_py() for group in groups)
    return [(encode(both["min"]), encode(both["max"])) for both in found]


def as_number(value: int) -> bytes:
    return struct.pack("<q", value)


def as_double(value: float) -> bytes:
    return struct.pack("<d", value)


@pytest.fixture
def table() -> pa.Table:
    rows = np.arange(ROWS)
    return pa.table(
        {
            "i": rows * 7_000_000_000 + 3,
            "x": rows * 1.25 + 0.375,
            "s": [f"key-{i:08}" for i in rows],
            "n": rows,
        }
    )


def write(table: pa.Table, path: Path, pages: bool) -> None:
    pq.write_table(
        table,
        path,
        row_group_size=GROUP,
        use_dictionary=False,
        # One page for a row group, so that the page index has the same bounds.
        write_page_index=pages,
        compression="none",
    )


def check(path: Path, table: pa.Table, filters: list[str]) -> None:
    for text in filters:
        print(text)
        expected = hr.scan(path, skipping=False).filter(text).to_arrow()
        same(hr.scan(path).filter(text).to_arrow(), expected)
        assert expected.num_rows > 0, "a filter that finds nothing shows nothing"


FILTERS = [
    *("i = 7000000003", "i > 27989000000000", "i != 3 and x != 0.375"),
    *("x = 0.375", "x <= 1.625", "x between 1000 and 2000"),
    *("s = 'key-00000007'", "s > 'key-00003990'"),
]


@pytest.mark.parametrize("pages", [False, True])
def test_the_wrong_way_round(tmp_path: Path, table: pa.Table, pages: bool) -> None:
    path = tmp_path / "t.parquet"
    write(table, path, pages)
    changes: list[tuple[bytes, bytes]] = []
    for column, encode in (("i", as_number), ("x", as_double), ("s", str.encode)):
        for low, high in bounds(table, column, encode):
            changes += [(low, high), (high, low)]
    patch(path, changes)
    statistics = pq.read_metadata(path).row_group(0).column(0).statistics
    assert statistics is None or not statistics.has_min_max or statistics.min > statistics.max
    check(path, table, FILTERS)


@pytest.mark.parametrize("pages", [False, True])
@pytest.mark.parametrize("which", ["min", "max", "both"])
def test_nan(tmp_path: Path, table: pa.Table, pages: bool, which: str) -> None:
    path = tmp_path / "t.parquet"
    write(table, path, pages)
    nan = as_double(float("nan"))
    changes: list[tuple[bytes, bytes]] = []
    for low, high in bounds(table, "x", as_double):
        changes += [(low, nan)] * (which != "max") + [(high, nan)] * (which != "min")
    patch(path, changes)
    check(path, table, [*FILTERS, "x > 4000", "not (x > 4000)", "x < 10", "x in (0.375, 1000.375)"])


@pytest.mark.parametrize("pages", [False, True])
def test_truncated(tmp_path: Path, table: pa.Table, pages: bool) -> None:
    """Bounds that no row has: a shorter minimum and a raised maximum are what truncation leaves."""
    path = tmp_path / "t.parquet"
    write(table, path, pages)
    changes: list[tuple[bytes, bytes]] = []
    for low, high in bounds(table, "s", str.encode):
        changes += [(low, low[:-4] + b"\0\0\0\0"), (high, high[:-4] + b"\x7f\x7f\x7f\x7f")]
    patch(path, changes)
    check(
        path,
        table,
        [*FILTERS, "s >= 'key-0000' and n < 2", "s != 'key-00000000'", "not (s < 'key-00003')"],
    )


def test_longer_than_what_is_kept(tmp_path: Path) -> None:
    """Writers leave out bounds of long values, and cut them in the page index."""
    prefix = "p" * 6_000
    values = [f"{prefix}{i:04}" for i in range(400)]
    table = pa.table({"s": values, "n": range(400)})
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, row_group_size=100, data_page_size=50_000, write_batch_size=10,
                   write_page_index=True, use_dictionary=False)  # fmt: skip
    check(
        path,
        table,
        [f"s = '{values[123]}'", f"s > '{values[390]}'", f"s < '{prefix}0002'", "s > 'p'"],
    )


@pytest.mark.parametrize("pages", [False, True])
def test_zeros(tmp_path: Path, pages: bool) -> None:
    """0.0 and -0.0 are one number, whichever of them the bounds have."""
    values = [0.0, -0.0] * (ROWS // 2)
    for column in (values, [0.0] * ROWS, [-0.0] * ROWS):
        table = pa.table({"x": column, "n": range(ROWS)})
        path = tmp_path / "t.parquet"
        write(table, path, pages)
        check(
            path, table, ["x = 0.0", "x = -0.0", "x >= 0", "x <= -0.0", "x in (0.0)", "x in (-0.0)"]
        )
        assert hr.scan(path).filter("x = -0.0").count() == ROWS
        assert hr.scan(path).filter("x != 0.0").count() == 0


def test_nothing_but_nan_and_null(tmp_path: Path) -> None:
    columns = {
        "nan": pa.array([float("nan")] * ROWS),
        "null": pa.nulls(ROWS, pa.float64()),
        "both": pa.array([float("nan"), None] * (ROWS // 2)),
        "n": pa.array(range(ROWS)),
    }
    pq.write_table(
        pa.table(columns), tmp_path / "t.parquet", row_group_size=900, write_page_index=True
    )
    scan = hr.scan(tmp_path)
    assert scan.filter("nan != 1").count() == ROWS
    assert scan.filter("nan > 1 or nan <= 1").count() == 0
    assert scan.filter("null is null").count() == ROWS
    assert scan.filter("both is null").count() == ROWS // 2
    assert scan.filter("both != 3").count() == ROWS // 2
    assert scan.filter("not (both > 3)").count() == ROWS // 2


@pytest.mark.parametrize("unsigned", ["uint8", "uint32", "uint64"])
def test_numbers_without_sign(tmp_path: Path, unsigned: str) -> None:
    """Half of them would be negative if the bounds were taken to have a sign."""
    end = np.iinfo(unsigned).max
    values = np.array([0, 1, end // 2, end // 2 + 1, end] * 100, unsigned)
    pq.write_table(pa.table({"u": values}), tmp_path / "t.parquet", row_group_size=10)
    for text, share in [(f"u > {end // 2}", 2), ("u >= 1", 4), (f"u = {end // 2 + 1}", 1)]:
        assert hr.scan(tmp_path).filter(text).count() == share * 100


def test_texts_beyond_ascii(tmp_path: Path) -> None:
    """Order is by bytes without sign; writers of old had it otherwise."""
    texts = ["a", "z", "é", "\N{GRINNING FACE}"]
    pq.write_table(pa.table({"s": texts * 50}), tmp_path / "t.parquet", row_group_size=4)
    for number, text in enumerate(texts):
        assert hr.scan(tmp_path).filter(f"s >= '{text}'").count() == 50 * (4 - number)
        assert hr.scan(tmp_path).filter(f"s = '{text}'").count() == 50
