"""hr.scan: files as one table, lazily, in order, inside a byte budget."""

import gc
import os
import subprocess
import sys
import threading
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import headrace as hr

ROWS = 30_000


def make_table(rows: int = ROWS, seed: int = 3) -> pa.Table:
    random = np.random.default_rng(seed)
    fare = random.random(rows) * 100
    fare[random.random(rows) < 0.02] = np.nan
    words = np.array(["A", "B", "C", "it's", "50%", "a_b", "äöü", ""])
    return pa.table(
        {
            "ts": pa.array(np.arange(rows) * 1_000_000_000, pa.timestamp("ns", "UTC")),
            "id": pa.array(np.arange(rows)),
            "small": pa.array(random.integers(-50, 50, rows), pa.int8()),
            "fare": pa.array(fare, mask=random.random(rows) < 0.1),
            "vendor": pa.array(random.choice(words, rows), mask=random.random(rows) < 0.1),
            "flag": pa.array(random.random(rows) < 0.5, mask=random.random(rows) < 0.1),
            "day": pa.array((np.arange(rows) // 1000).astype(np.int32)).cast(pa.date32()),
            "price": pa.array([Decimal(i) / 100 for i in range(rows)], pa.decimal128(12, 2)),
            "odd name": pa.array(np.arange(rows) % 7),
        }
    )


TABLE = make_table()
POLARS = pl.DataFrame(TABLE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows of TABLE in three files."""
    path = tmp_path_factory.mktemp("scan")
    for i, start in enumerate(range(0, ROWS, 10_000)):
        pq.write_table(
            TABLE.slice(start, 10_000),
            path / f"part_{i}.parquet",
            row_group_size=3000,
            write_page_index=i == 1,
        )
    return path


@pytest.fixture
def scan(folder: Path) -> hr.Scan:
    return hr.scan(folder)


def test_all_ways_to_name_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [folder / f"part_{i}.parquet" for i in range(3)]
    for paths in (folder, str(folder), f"{folder}/*.parquet", names, [str(n) for n in names]):
        scan = hr.scan(paths)
        assert scan.files == [str(n) for n in names]
        assert scan.num_rows == ROWS
    monkeypatch.chdir(folder)
    assert hr.scan("part_1.parquet").num_rows == 10_000


@pytest.mark.parametrize("threads", [1, 3])
def test_values_and_order(folder: Path, threads: int) -> None:
    scan = hr.scan(folder, max_concurrent=threads, memory_limit="64MB")
    assert scan.schema == TABLE.schema
    batches = list(scan)
    assert len(batches) > 1
    read = pa.concat_tables([batch.to_arrow() for batch in batches])
    read.validate(full=True)
    assert read.equals(TABLE) or pl.DataFrame(read).equals(POLARS)  # NaN differs from itself
    assert scan.to_polars().equals(POLARS)
    assert pl.DataFrame(scan.to_arrow()).equals(POLARS)
    assert pl.DataFrame(pa.RecordBatchReader.from_stream(scan).read_all()).equals(POLARS)
    assert len(scan.to_pandas()) == ROWS


def test_scans_are_immutable_and_lazy(scan: hr.Scan) -> None:
    derived = scan.select("id", "vendor").filter("fare > 50").offset(3).limit(10)
    assert scan.columns == TABLE.column_names
    assert derived.columns == derived.schema.names == ["id", "vendor"]
    expected = POLARS.filter(pl.col("fare") > 50).select("id", "vendor")
    # NaN is greater than all numbers to Polars, and not comparable here.
    expected = POLARS.filter((pl.col("fare") > 50) & pl.col("fare").is_not_nan())
    assert derived.to_polars().equals(expected.select("id", "vendor")[3:13])
    assert scan.to_polars().equals(POLARS)
    assert derived.to_polars().equals(derived.to_polars())


def test_select(scan: hr.Scan) -> None:
    assert scan.select(["vendor", "id"]).to_polars().equals(POLARS.select("vendor", "id"))
    assert scan.select("id", "vendor").select("vendor").columns == ["vendor"]
    assert scan.select().count() == ROWS
    with pytest.raises(hr.UnknownName, match="did you mean 'vendor'"):
        scan.select("vendr")
    with pytest.raises(hr.UnknownName):
        scan.select("id").select("vendor")
    with pytest.raises(hr.InvalidArgument):
        scan.select("id", "id")


def test_limit_and_offset(scan: hr.Scan) -> None:
    ids = scan.select("id")
    for offset, limit in [(0, 5), (9_998, 4), (29_999, 10), (40_000, 1), (0, 0)]:
        expected = POLARS.select("id").slice(offset, limit)
        assert ids.offset(offset).limit(limit).to_polars().equals(expected)
        assert ids.limit(offset + limit).offset(offset).to_polars().equals(expected)
        assert ids.offset(offset).limit(limit).count() == len(expected)
    assert ids.limit(10).limit(20).count() == 10
    for wrong in (-1, 1.5, True, "3"):
        with pytest.raises((hr.InvalidArgument, hr.TypeMismatch)):
            ids.limit(wrong)  # type: ignore[arg-type]
    with pytest.raises(hr.InvalidArgument):
        ids.limit(3).filter("id > 1")


def test_count(scan: hr.Scan) -> None:
    assert scan.count() == scan.num_rows == ROWS
    assert scan.filter("vendor = 'A'").count() == len(POLARS.filter(pl.col("vendor") == "A"))
    assert scan.filter("vendor = 'A'").limit(7).count() == 7
    assert scan.filter("vendor = 'nobody'").count() == 0


def test_unordered_gives_the_same_rows(folder: Path) -> None:
    scan = hr.scan(folder, ordered=False, max_concurrent=3)
    assert scan.to_polars().sort("id").equals(POLARS)


def test_source_file_column(folder: Path) -> None:
    scan = hr.scan(folder, source_file_column="file")
    assert scan.columns[0] == "file"
    found = scan.filter("id in (5, 15000)").select("file").to_polars()["file"].to_list()
    assert [Path(name).name for name in found] == ["part_0.parquet", "part_1.parquet"]


def test_chunk_rows(folder: Path) -> None:
    scan = hr.scan(folder, chunk_rows=100)
    assert max(len(batch) for batch in scan) == 100
    assert scan.select("id").to_polars().equals(POLARS.select("id"))


def test_explain(scan: hr.Scan) -> None:
    explained = scan.filter("id >= 29500").select("vendor").explain()
    assert (explained.num_files, explained.num_rows) == (3, ROWS)
    assert explained.read_row_groups == 1
    assert explained.read_rows <= 3000
    assert explained.columns == ("vendor",)
    assert explained.filter_columns == ("id",)
    assert sum(skip.rows for skip in explained.skips) == ROWS - explained.read_rows
    assert "row groups 1 of" in str(explained)


def test_frames_of_all_types(scan: hr.Scan) -> None:
    frame = scan.collect()
    assert frame.num_rows == len(frame) == ROWS
    assert frame.columns == TABLE.column_names
    assert frame.numeric_columns == ["id", "small", "fare", "odd name"]
    for row in (0, 9_999, 10_000, ROWS - 1, -1):
        got, expected = frame.row(row), TABLE.slice(row % ROWS, 1).to_pylist()[0]
        assert repr(got) == repr({**expected, "ts": expected["ts"].to_pydatetime()}) or got == {
            **expected
        }
    with pytest.raises(IndexError):
        frame.row(ROWS)
    matrix = frame.to_numpy()
    assert matrix.shape == (ROWS, 4)
    np.testing.assert_array_equal(matrix[:, 1], TABLE["small"].to_numpy().astype(float))
    np.testing.assert_array_equal(matrix[:, 2], POLARS["fare"].to_numpy())
    assert frame["id"].tolist() == list(range(ROWS))
    assert str(frame).startswith(f"Frame: {ROWS} rows")
    assert scan.filter("id < 0").collect().num_rows == 0
    assert "0 rows" in repr(scan.filter("id < 0").collect())


NESTED = pa.table(
    {
        "list": pa.array([[1, None], [], None]),
        "struct": pa.array([{"a": 1, "b": "x"}, {"a": None, "b": None}, None]),
        "map": pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int64())),
        "binary": pa.array([b"\x00\xff", b"", None]),
        "time": pa.array([time(1, 2, 3, 4), time(0), None], pa.time64("us")),
        "naive": pa.array([datetime(2024, 1, 2, 3, 4, 5, 6), datetime(1, 1, 1), None]),
        "date": pa.array([date(2024, 2, 29), date(1900, 1, 1), None]),
        "float": pa.array([1.5, float("inf"), None], pa.float32()),
        "uint": pa.array([0, 2**64 - 1, None], pa.uint64()),
        "dictionary": pa.array(["x", "y", None]).dictionary_encode(),
        "large": pa.array(["x" * 50, "", None], pa.large_string()),
    }
)


def test_rows_of_nested_and_rare_types(tmp_path: Path) -> None:
    pq.write_table(NESTED, tmp_path / "n.parquet")
    frame = hr.scan(tmp_path).collect()
    assert [frame.row(i) for i in range(3)] == NESTED.to_pylist()
    assert frame.to_arrow().equals(NESTED)
    repr(frame)


def test_times_beyond_python_are_text(tmp_path: Path) -> None:
    table = pa.table({"t": pa.array([2**62], pa.timestamp("us"))})
    pq.write_table(table, tmp_path / "t.parquet")
    frame = hr.scan(tmp_path).collect()
    assert isinstance(frame.row(0)["t"], str)
    repr(frame)


def test_repr(scan: hr.Scan, folder: Path) -> None:
    assert repr(scan).startswith("<headrace.Scan 3 files, 30000 rows: ts, id")
    derived = scan.select("id").filter("id > 1").filter(hr.col("id") < 5).limit(3)
    assert 'where (id > 1) and ("id" < 5); limit 3>' in repr(derived)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"paths": "absent.parquet"}, hr.UnknownName),
        ({"paths": []}, hr.InvalidArgument),
        ({"memory_limit": "lots"}, hr.InvalidArgument),
        ({"memory_limit": 0}, hr.InvalidArgument),
        ({"max_concurrent": 0}, hr.InvalidArgument),
        ({"chunk_rows": 0}, hr.InvalidArgument),
    ],
)
def test_refused_arguments(folder: Path, arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        hr.scan(**{"paths": folder, **arguments})
    assert isinstance(raised.value, hr.HeadraceError)


def test_a_limit_that_is_too_small_says_what_works(folder: Path) -> None:
    with pytest.raises(hr.MemoryLimit, match="at least"):
        list(hr.scan(folder, memory_limit="100KB"))


def test_damage_is_located(folder: Path, tmp_path: Path) -> None:
    content = bytearray((folder / "part_0.parquet").read_bytes())
    (tmp_path / "cut.parquet").write_bytes(content[:-9])
    with pytest.raises(hr.CorruptFile, match=r"cut\.parquet"):
        hr.scan(tmp_path / "cut.parquet")
    content[1000 : len(content) // 2] = bytes(len(content) // 2 - 1000)
    (tmp_path / "torn.parquet").write_bytes(content)
    with pytest.raises(hr.CorruptFile) as raised:
        list(hr.scan(tmp_path / "torn.parquet"))
    assert raised.value.location[0] == str(tmp_path / "torn.parquet")


def test_closing(folder: Path) -> None:
    with hr.scan(folder, chunk_rows=100) as scan:
        derived = scan.select("id")
        batches = iter(derived)
        first = next(batches)
    with pytest.raises(hr.Cancelled):
        next(batches)
    assert first["id"].tolist() == list(range(100))  # frames stay
    for reading in (scan.collect, scan.__iter__, derived.to_arrow):
        with pytest.raises(hr.InvalidArgument, match="closed"):
            reading()
    assert "closed" in repr(scan)
    scan.close()
    batches.close()


def threads_of_this_process() -> int:
    """Without those that the allocator keeps to give memory back."""
    tasks = Path("/proc/self/task").iterdir()
    return sum("jemalloc" not in (task / "comm").read_text() for task in tasks)


def ends_with_threads(count: int) -> bool:
    """A thread that was joined is listed for a moment longer."""
    end = monotonic() + 5
    while threads_of_this_process() > count and monotonic() < end:
        sleep(0.001)
    return threads_of_this_process() <= count


def test_leaving_early_stops_the_threads(tmp_path: Path) -> None:
    pq.write_table(make_table(300_000), tmp_path / "a.parquet", row_group_size=20_000)
    scan = hr.scan(tmp_path, max_concurrent=3)
    scan.collect()  # what starts threads once for all has done so
    before = threads_of_this_process()
    for batch in scan:
        assert batch.num_rows
        break
    assert ends_with_threads(before)
    with pytest.raises(ZeroDivisionError):
        for _ in scan:
            raise ZeroDivisionError
    assert ends_with_threads(before)
    with iter(scan) as batches:
        without = threads_of_this_process()
        next(batches)
        assert threads_of_this_process() > without
    assert ends_with_threads(before)
    half_read = iter(scan)
    next(half_read)
    del half_read
    gc.collect()
    assert ends_with_threads(before)


def test_many_threads_take_batches(scan: hr.Scan) -> None:
    """Each batch goes to one of them; a thread that comes beside another is refused or waits."""
    ids: list[int] = []
    lock = threading.Lock()

    def take_all() -> None:
        mine = scan.select("id").to_polars()["id"].to_list()
        with lock:
            ids.extend(mine)

    threads = [threading.Thread(target=take_all) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ids) == 6 * ROWS
    assert sorted(set(ids)) == list(range(ROWS))


def test_collect_says_what_it_needs(tmp_path: Path) -> None:
    rows = 400_000
    table = pa.table({"i": np.arange(rows), "x": np.random.default_rng(1).random(rows)})
    for i in range(8):
        pq.write_table(table, tmp_path / f"{i}.parquet", row_group_size=50_000)
    with pytest.raises(hr.MemoryLimit, match=r"takes about \d+\.\d MiB.*may hold 19") as raised:
        hr.scan(tmp_path, memory_limit="20MB").collect()
    assert raised.value.location == ("memory_limit",)
    with pytest.raises(hr.MemoryLimit, match=r"more than .* at most"):
        hr.scan(tmp_path, memory_limit="20MB").filter("x < 0.9").collect()
    small = hr.scan(tmp_path, memory_limit="20MB").filter("x < 0.001").to_polars()
    assert len(small) == 8 * len(table.filter(pa.compute.less(table["x"], 0.001)))


SCAN_IN_CHILD = """
import sys
import headrace as hr
rows = total = 0
for batch in hr.scan(sys.argv[1], memory_limit=int(sys.argv[2])):
    rows += batch.num_rows
    total += int(batch.to_numpy()[:, 0].sum())
# Not ru_maxrss, which begins with what the parent held when it forked.
(peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")]
print(rows, total, int(peak) * 1024)
"""


def test_memory_stays_below_the_limit(tmp_path: Path) -> None:
    """A table ten times as large as the limit, and a file that is larger than it too."""
    limit = 32 << 20
    rows = 1 << 20
    random = np.random.default_rng(5)
    with pq.ParquetWriter(
        tmp_path / "big.parquet",
        pa.schema(
            [("i", pa.int64()), ("a", pa.float64()), ("b", pa.float64()), ("s", pa.string())]
        ),
        compression="none",
    ) as writer:
        for _ in range(8):
            numbers = random.random(rows)
            writer.write_table(
                pa.table(
                    {
                        "i": np.arange(rows),
                        "a": numbers,
                        "b": numbers + 1,
                        "s": pa.array(np.char.mod("%08d", np.arange(rows)).tolist()),
                    }
                ),
                row_group_size=rows,
            )
    assert (tmp_path / "big.parquet").stat().st_size > 8 * limit
    done = subprocess.run(
        [sys.executable, "-c", SCAN_IN_CHILD, str(tmp_path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    read, total, peak = map(int, done.stdout.split())
    assert (read, total) == (8 * rows, 8 * (rows * (rows - 1) // 2))
    assert peak <= limit + (96 << 20), f"{peak >> 20} MiB"


INTERRUPT_IN_CHILD = """
import os, signal, sys, threading, time
import headrace as hr
scan = hr.scan(sys.argv[1], max_concurrent=int(sys.argv[2])).filter("i + a < -1")  # nothing passes
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
start = time.monotonic()
try:
    if sys.argv[3] == "batches":
        list(scan)
    elif sys.argv[3] == "collect":
        scan.collect()
    else:
        import pyarrow as pa
        try:
            pa.RecordBatchReader.from_stream(scan).read_all()
        except Exception as error:  # pyarrow's own; the interrupt comes behind it
            print(error, file=sys.stderr)
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - start)
"""


@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("way", ["batches", "collect", "stream"])
def test_ctrl_c_stops_a_scan(tmp_path: Path, threads: str, way: str) -> None:
    rows = 200_000
    pq.write_table(
        pa.table({"i": np.arange(rows), "a": np.random.default_rng(1).random(rows)}),
        tmp_path / "a.parquet",
        row_group_size=10_000,
    )
    for i in range(400):
        os.link(tmp_path / "a.parquet", tmp_path / f"b{i}.parquet")
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPT_IN_CHILD, str(tmp_path), threads, way],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.startswith("interrupted"), done
    assert float(done.stdout.split()[1]) < 3.0
