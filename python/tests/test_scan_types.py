"""Every type that pyarrow writes to Parquet comes back from a scan as pyarrow reads it."""

import decimal
import random as py_random
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import headrace as hr
from scan_oracle import same, same_as_pyarrow, some

ROWS = 1_000
RANDOM = np.random.default_rng(8)


def whole(kind: str) -> pa.Array:
    """Numbers over the whole range, its ends included."""
    limits = np.iinfo(kind)
    values = RANDOM.integers(limits.min, limits.max, ROWS, dtype=kind, endpoint=True)
    values[:3] = [limits.min, limits.max, 0]
    return some(RANDOM, values)


def floats(kind: str) -> pa.Array:
    values = RANDOM.normal(size=ROWS).astype(kind)
    values[:5] = [np.nan, np.inf, -np.inf, 0.0, -0.0]
    return some(RANDOM, values)


def decimals(kind: pa.DataType) -> pa.Array:
    with decimal.localcontext() as context:
        context.prec = 80
        top = 10**kind.precision - 1
        seeded = py_random.Random(4)
        values = [0, top, -top, *(seeded.randint(-top, top) for _ in range(ROWS - 3))]
        scaled = [decimal.Decimal(v).scaleb(-kind.scale) for v in values]
        return pa.array([v if i % 10 else None for i, v in enumerate(scaled)], kind)


def times(kind: pa.DataType, end: int) -> pa.Array:
    numbers = some(RANDOM, RANDOM.integers(0, end, ROWS))
    return numbers.cast(pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)


def stamps(kind: pa.DataType) -> pa.Array:
    end = 2**62 if kind.unit == "ns" else 4 * 10**9 * {"s": 1, "ms": 10**3, "us": 10**6}[kind.unit]
    return some(RANDOM, RANDOM.integers(-end, end, ROWS)).view(kind)


def words(kind: pa.DataType) -> pa.Array:
    texts = ["", "a", "äöü\N{GRINNING FACE}", "x" * 13, "y" * 500, "\0"]
    values = [texts[i % 6] + (str(i) if i % 4 else "") for i in range(ROWS)]
    return pa.array([v if i % 10 else None for i, v in enumerate(values)], pa.string()).cast(kind)


def lists(kind: pa.DataType) -> pa.Array:
    rows = [
        None if i % 9 == 0 else [None if k == 2 else k for k in range(i % 5)] for i in range(ROWS)
    ]
    return pa.array(rows, kind)


def nested() -> pa.Array:
    """A list of structs of maps of lists, each level null or empty somewhere."""
    kind = pa.list_(
        pa.struct(
            {
                "a": pa.int32(),
                "m": pa.map_(
                    pa.string(), pa.list_(pa.struct({"x": pa.float64(), "s": pa.string()}))
                ),
            }
        )
    )
    rows: list[Any] = []
    for i in range(ROWS):
        leaf = [None, [], [None], [{"x": i / 4, "s": None}, {"x": None, "s": f"s{i}"}]][i % 4]
        pairs = [None, [], [("k", leaf)], [("k", leaf), ("l", None)]][i // 4 % 4]
        rows.append(
            [None, [], [None, {"a": i, "m": pairs}], [{"a": None, "m": pairs}]][i // 16 % 4]
        )
    return pa.array(rows, kind)


def per_row(make: Callable[[int], Any], kind: pa.DataType | None = None) -> pa.Array:
    """What `make` gives for each row, every ninth null."""
    return pa.array([None if i % 9 == 0 else make(i) for i in range(ROWS)], kind)


UNITS = ("s", "ms", "us", "ns")
ZONES = (None, "UTC", "Europe/Zurich", "+05:30")
INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
DECIMALS = [
    pa.decimal32(9, 2),
    pa.decimal64(18, 0),
    *(pa.decimal128(*digits) for digits in [(1, 0), (5, 5), (10, 3), (38, 10)]),
    *(pa.decimal256(*digits) for digits in [(39, 0), (76, 38)]),
]
TEXTS = [
    *(pa.string(), pa.large_string(), pa.string_view()),
    *(pa.binary(), pa.large_binary(), pa.binary_view()),
]

COLUMNS: dict[str, pa.Array] = {
    **{kind: whole(kind) for kind in INTEGERS},
    **{kind: floats(kind) for kind in ("float16", "float32", "float64")},
    "bool": some(RANDOM, RANDOM.random(ROWS) < 0.5),
    **{str(kind): decimals(kind) for kind in DECIMALS},
    "date32": per_row(lambda i: (i - 500) * 1_600, pa.int32()).view(pa.date32()),
    "date64": per_row(lambda i: (i - 500) * 86_400_000, pa.int64()).view(pa.date64()),
    "time32[s]": times(pa.time32("s"), 86_400),
    "time32[ms]": times(pa.time32("ms"), 86_400_000),
    "time64[us]": times(pa.time64("us"), 86_400 * 10**6),
    "time64[ns]": times(pa.time64("ns"), 86_400 * 10**9),
    **{
        str(kind): stamps(kind)
        for kind in (pa.timestamp(unit, zone) for unit in UNITS for zone in ZONES)
    },
    **{f"duration[{unit}]": stamps(pa.timestamp(unit)).view(pa.duration(unit)) for unit in UNITS},
    **{str(kind): words(kind) for kind in TEXTS},
    "fixed": per_row(lambda i: i.to_bytes(5, "big"), pa.binary(5)),
    "uuid": per_row(lambda i: uuid.UUID(int=i).bytes, pa.uuid()),
    "json": per_row(lambda i: f'{{"a": {i}}}', pa.json_()),
    "null": pa.nulls(ROWS),
    "dictionary": words(pa.string()).dictionary_encode(),
    "dictionary of large strings": words(pa.large_string()).dictionary_encode(),
    "small dictionary": per_row(
        lambda i: ["a", "b", ""][i % 3], pa.dictionary(pa.int8(), pa.string())
    ),
    "dictionary of numbers": whole("int32").dictionary_encode(),
    "list": lists(pa.list_(pa.int64())),
    "large list": lists(pa.large_list(pa.int16())),
    "list of strings": per_row(lambda i: [f"s{k}" for k in range(i % 4)]),
    "fixed list": per_row(lambda i: [i, None, 3], pa.list_(pa.int32(), 3)),
    "list of lists": per_row(lambda i: [[1] * k for k in range(i % 4)]),
    "struct": per_row(lambda i: {"a": i, "b": None if i % 2 else {"c": str(i)}}),
    "map": per_row(
        lambda i: [(f"k{k}", k) for k in range(i % 4)], pa.map_(pa.string(), pa.int32())
    ),
    "nested": nested(),
    "list of decimals": per_row(lambda i: [decimal.Decimal(i) / 4], pa.list_(pa.decimal128(9, 2))),
    "list of stamps": per_row(lambda i: [i, None], pa.list_(pa.timestamp("ms", "UTC"))),
    "list of dictionaries": pa.ListArray.from_arrays(
        pa.array(range(ROWS + 1), pa.int32()), words(pa.string()).dictionary_encode()
    ),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column(tmp_path: Path, name: str) -> None:
    table = pa.table({"before": np.arange(ROWS), "c": COLUMNS[name]})
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, row_group_size=300, data_page_size=500, write_batch_size=32)
    expected = same_as_pyarrow(path)
    # Rows apart from each other, and the column read late.
    picked = "before between 5 and 7 or before between 290 and 640 or before = 999"
    rows = [*range(5, 8), *range(290, 641), 999]
    same(hr.scan(path).filter(picked).to_arrow(), expected.take(rows))


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_written_plainly(tmp_path: Path, name: str) -> None:
    """Without dictionaries, Arrow's schema and nulls: as many other writers do."""
    column = COLUMNS[name]
    there = [i for i, valid in enumerate(column.is_valid().to_pylist()) if valid]
    pq.write_table(
        pa.table({"c": pa.concat_arrays([column.slice(i, 1) for i in there or [0]])}),
        tmp_path / "t.parquet",
        use_dictionary=False,
        store_schema=False,
        data_page_version="2.0",
        row_group_size=300,
    )
    # UUID and JSON are extension types only where Arrow wrote that they are.
    same_as_pyarrow(tmp_path / "t.parquet", arrow_extensions_enabled=False)


def test_all_columns_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(COLUMNS), path, row_group_size=450, compression="zstd")
    same_as_pyarrow(path)


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_int96(tmp_path: Path, zone: str | None) -> None:
    path = tmp_path / "t.parquet"
    table = pa.table({"i": np.arange(ROWS), "t": stamps(pa.timestamp("ns", zone))})
    pq.write_table(table, path, use_deprecated_int96_timestamps=True, row_group_size=300)
    assert pq.ParquetFile(path).schema.column(1).physical_type == "INT96"
    expected = same_as_pyarrow(path)
    same(hr.scan(path).filter("t is null").to_arrow(), expected.filter(expected["t"].is_null()))
    top = expected["t"].drop_null().cast(pa.int64()).to_numpy().max()
    row = expected.filter(pa.compute.equal(expected["t"].cast(pa.int64()), top))
    same(hr.scan(path).filter(f"i = {row['i'][0].as_py()}").to_arrow(), row)


def test_decimals_as_integers(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table = pa.table({"a": decimals(pa.decimal128(9, 2)), "b": decimals(pa.decimal128(18, 4))})
    pq.write_table(table, path, store_decimal_as_integer=True, row_group_size=300)
    assert pq.ParquetFile(path).schema.column(0).physical_type == "INT32"
    same_as_pyarrow(path)


def test_required_columns(tmp_path: Path) -> None:
    """Columns that cannot be null have no definition levels."""
    fields = [
        pa.field("i", pa.int64(), nullable=False),
        pa.field("s", pa.string(), nullable=False),
        pa.field("l", pa.list_(pa.field("item", pa.int8(), nullable=False)), nullable=False),
        pa.field("o", pa.struct([pa.field("a", pa.int8(), nullable=False)]), nullable=False),
    ]
    rows = {
        "i": list(range(ROWS)),
        "s": [str(i) for i in range(ROWS)],
        "l": [[1] * (i % 3) for i in range(ROWS)],
        "o": [{"a": i % 100} for i in range(ROWS)],
    }
    pq.write_table(pa.table(rows, pa.schema(fields)), tmp_path / "t.parquet", data_page_size=400)
    same_as_pyarrow(tmp_path / "t.parquet")


def test_metadata_is_kept(tmp_path: Path) -> None:
    table = pa.table({"a": [1]}).replace_schema_metadata({"k": "v"})
    pq.write_table(table, tmp_path / "t.parquet")
    assert hr.scan(tmp_path).to_arrow().num_rows == 1
