"""Damaged and missing files: one typed error that names the place, and nothing half written."""

import gzip
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import headrace as hr

ROWS = 9_000
GROUP = 3_000
COLUMNS = ["id", "value", "name", "list"]


def make_table() -> pa.Table:
    rng = np.random.default_rng(6)
    return pa.table(
        {
            "id": np.arange(ROWS),
            "value": rng.random(ROWS),
            "name": [f"name-{i * 7919 % ROWS}" for i in range(ROWS)],
            "list": [[i, i + 1] for i in range(ROWS)],
        }
    )


TABLE = make_table()


def write(path: Path, codec: str = "none") -> None:
    pq.write_table(
        TABLE,
        path,
        row_group_size=GROUP,
        compression=codec,
        use_dictionary=False,
        write_page_checksum=True,
        data_page_size=4_000,
    )


def pages_of(path: Path, row_group: int, column: int) -> range:
    chunk = pq.read_metadata(path).row_group(row_group).column(column)
    return range(chunk.data_page_offset, chunk.data_page_offset + chunk.total_compressed_size)


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(content)


WAYS: dict[str, Callable[[hr.Scan, Path], object]] = {
    "batches": lambda scan, out: list(scan),
    "collect": lambda scan, out: scan.collect(),
    "stream": lambda scan, out: pa.RecordBatchReader.from_stream(scan).read_all(),
    "parquet": lambda scan, out: scan.sink(out / "out.parquet"),
    "Arrow": lambda scan, out: scan.sink(out / "out.arrow"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("codec", ["none", "zstd"])
@pytest.mark.parametrize("column", range(len(COLUMNS)))
def test_a_flipped_bit_is_located(tmp_path: Path, column: int, codec: str, way: str) -> None:
    """Checksums are looked at for every page that is read, whatever its column is read by."""
    path, out = tmp_path / "t.parquet", tmp_path / "out"
    out.mkdir()
    write(path, codec)
    pages = pages_of(path, 1, column)
    flip(path, pages.start + len(pages) * 2 // 3)
    error = (pa.ArrowException, OSError) if way == "stream" else hr.CorruptFile
    with pytest.raises(error, match=f"t.parquet.*row group 1.*{COLUMNS[column]}") as raised:
        WAYS[way](hr.scan(path), out)
    if isinstance(raised.value, hr.CorruptFile):
        file, group, name = raised.value.location
        assert (file, group) == (str(path), "1")
        assert str(name).startswith(COLUMNS[column])
    assert list(out.iterdir()) == []
    # What does not touch the page is as before.
    others = [name for name in COLUMNS if name != COLUMNS[column]]
    assert hr.scan(path).select(others).to_arrow().equals(TABLE.select(others))
    assert hr.scan(path).limit(GROUP).to_arrow().equals(TABLE.slice(0, GROUP))


def test_batches_before_the_damage_come_and_then_the_error(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write(path)
    flip(path, pages_of(path, 2, 0).stop - 9)
    rows = 0
    batches = iter(hr.scan(path))
    with pytest.raises(hr.CorruptFile):
        for batch in batches:
            rows += batch.num_rows
    assert rows < ROWS
    with pytest.raises((hr.CorruptFile, StopIteration)) as again:
        next(batches)
    assert again.type is hr.CorruptFile, "an end after an error would be taken for the whole"


@pytest.mark.parametrize("seed", range(6))
def test_cut_off(tmp_path: Path, seed: int) -> None:
    """A file that ends early, anywhere, is refused when it is opened or read."""
    path = tmp_path / "t.parquet"
    write(path, "zstd")
    content = path.read_bytes()
    rng = random.Random(seed)
    for length in [
        0,
        1,
        4,
        11,
        12,
        len(content) - 1,
        *(rng.randrange(len(content)) for _ in range(20)),
    ]:
        print(f"seed {seed}: {length} of {len(content)} bytes")
        path.write_bytes(content[:length])
        with pytest.raises(hr.CorruptFile, match=r"t\.parquet") as raised:
            hr.scan(path).collect()
        assert raised.value.location[0] == str(path)


def test_a_page_that_is_cut_out(tmp_path: Path) -> None:
    """The footer is whole and its offsets are not."""
    path = tmp_path / "t.parquet"
    write(path)
    content = path.read_bytes()
    pages = pages_of(path, 1, 1)
    path.write_bytes(content[: pages.start + 100] + content[pages.start + 900 :])
    with pytest.raises(hr.CorruptFile, match=r"t\.parquet"):
        hr.scan(path).collect()


def test_one_damaged_file_among_many(tmp_path: Path) -> None:
    for i in range(20):
        write(tmp_path / f"{i:02}.parquet")
    flip(tmp_path / "13.parquet", pages_of(tmp_path / "13.parquet", 0, 1).start + 5_000)
    for ordered in (True, False):
        with pytest.raises(hr.CorruptFile) as raised:
            hr.scan(tmp_path, ordered=ordered).collect()
        assert raised.value.location[0] == str(tmp_path / "13.parquet")
    assert hr.scan(tmp_path).select("id").collect().num_rows == 20 * ROWS
    (tmp_path / "07.parquet").write_bytes(b"PAR1, one would think, but no PAR1")
    with pytest.raises(hr.CorruptFile, match=r"07\.parquet"):
        hr.scan(tmp_path)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet")
    for path in ("no.parquet", "*.arrow", "no/*.parquet", "no/", "**/*.ndjson"):
        with pytest.raises(hr.UnknownName) as raised:
            hr.scan(tmp_path / path)
        assert path.rstrip("/") in str(raised.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(hr.UnknownName):
        hr.scan(tmp_path / "empty")
    with pytest.raises(hr.UnknownName):
        hr.scan([tmp_path / "a.parquet", tmp_path / "b.parquet"])


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").symlink_to(tmp_path / "gone.parquet")
    with pytest.raises((hr.UnknownName, hr.HeadraceIOError), match=r"a\.parquet"):
        hr.scan(tmp_path / "a.parquet")


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder, and for as long as it is there no right to read everything."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    user = os.geteuid()
    yield folder
    os.seteuid(user)
    shutil.rmtree(folder)


def test_a_file_that_may_not_be_read(nobody: Path) -> None:
    write(nobody / "a.parquet")
    (nobody / "a.parquet").chmod(0)
    if os.geteuid() == 0:
        os.seteuid(65534)
    with pytest.raises(hr.HeadraceIOError, match=r"a\.parquet"):
        hr.scan(nobody)


def test_a_file_that_goes_away(tmp_path: Path) -> None:
    """Between the footer and the rows: what was opened is read to its end, or an error says so."""
    write(tmp_path / "a.parquet")
    scan = hr.scan(tmp_path)
    (tmp_path / "a.parquet").unlink()
    try:
        assert scan.to_arrow().equals(TABLE)
    except hr.HeadraceIOError as error:
        assert "a.parquet" in str(error)


def test_foreign_files_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet")
    for hidden in (".hidden", "_SUCCESS", "_metadata", ".a.parquet.crc"):
        (tmp_path / hidden).write_text("passed over")
    assert hr.scan(tmp_path).num_rows == ROWS
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(hr.InvalidArgument, match=r"notes\.txt"):
        hr.scan(tmp_path)
    assert hr.scan(tmp_path / "*.parquet").num_rows == ROWS


def test_another_format_by_this_name(tmp_path: Path) -> None:
    write(tmp_path / "as.arrow")
    pa.csv.write_csv(TABLE.select(["id"]), tmp_path / "as.parquet")
    for name in ("as.arrow", "as.parquet"):
        with pytest.raises(hr.CorruptFile, match=name):
            hr.scan(tmp_path / name).collect()


@pytest.mark.parametrize("codec", [None, "zstd", "lz4"])
def test_arrow_files_that_are_cut_off(tmp_path: Path, codec: str | None) -> None:
    path = tmp_path / "t.arrow"
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with pa.ipc.new_file(path, TABLE.schema, options=options) as writer:
        writer.write_table(TABLE, max_chunksize=1_000)
    content = path.read_bytes()
    for length in (0, 5, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(hr.CorruptFile, match=r"t\.arrow"):
            hr.scan(path).collect()


def test_packed_text_that_is_cut_off(tmp_path: Path) -> None:
    lines = "\n".join(["a,b", *(f"{i},{i * 7919 % 1009}" for i in range(50_000))]) + "\n"
    content = gzip.compress(lines.encode())
    path = tmp_path / "t.csv.gz"
    path.write_bytes(content)
    assert hr.scan(path).collect().num_rows == 50_000
    for length in (len(content) - 1, len(content) // 2, 20):
        path.write_bytes(content[:length])
        with pytest.raises(hr.CorruptFile, match=r"t\.csv\.gz"):
            hr.scan(path).sink(tmp_path / "out.parquet")
        assert not (tmp_path / "out.parquet").exists()


def test_text_with_a_value_of_another_type(tmp_path: Path) -> None:
    path = tmp_path / "t.ndjson"
    path.write_text('{"a": 1}\n' * 400_000 + '{"a": "one"}\n')
    with pytest.raises(hr.TypeMismatch, match=r"t\.ndjson"):
        hr.scan(path).collect()
    path.write_text('{"a": 1}\n' * 10 + '{"a": ')
    with pytest.raises(hr.CorruptFile, match=r"t\.ndjson"):
        hr.scan(path).collect()


@pytest.mark.parametrize("kind", [pa.int64(), pa.string()])
def test_levels_of_a_time_before_rle(tmp_path: Path, kind: pa.DataType) -> None:
    """BIT_PACKED levels, which nobody has written for ten years, are refused and not misread."""
    table = pa.table({"a": pa.array(["1", None, "2"]).cast(kind)})
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, use_dictionary=False, compression="none")
    start = pages_of(path, 0, 0).start
    content = path.read_bytes()
    rle, bit_packed = b"\x15\x06", b"\x15\x08"  # fields of the page's header in compact Thrift
    at = content.index(rle + rle, start)
    path.write_bytes(content[:at] + bit_packed + content[at + 2 :])
    with pytest.raises(hr.HeadraceError, match=r"t\.parquet.*row group 0.*a.*BIT_PACKED") as raised:
        hr.scan(path).collect()
    assert raised.value.code == "not_implemented"
