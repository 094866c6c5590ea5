"""Scans written to files: what pyarrow reads back, and what failures leave behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

import headrace as hr


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    rows = 50_000
    random = np.random.default_rng(5)
    table = pa.table(
        {
            "id": np.arange(rows),
            "fare": random.normal(20, 5, rows),
            "vendor": pa.array(random.choice(["A", "B", "C"], rows)),
        }
    )
    pq.write_table(table, tmp_path / "trips.parquet", row_group_size=7_000)
    return tmp_path / "trips.parquet"


def test_parquet_reads_back(trips: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    scan = hr.scan(trips, memory_limit="64MB").filter("fare > 20").select("id", "vendor")
    written = scan.sink_parquet(out, compression="zstd", row_group_rows=10_000)
    back = pq.read_table(out)
    assert back.equals(scan.to_arrow())
    assert written.rows == back.num_rows
    assert written.bytes == out.stat().st_size
    chunk = pq.ParquetFile(out).metadata.row_group(0).column(0)
    assert chunk.compression == "ZSTD"
    assert pq.ParquetFile(out).metadata.row_group(0).num_rows <= 10_000


@pytest.mark.parametrize("name", ["o.arrow", "o.arrows", "o.csv", "o.csv.gz", "o.ndjson"])
def test_the_extension_is_the_format(trips: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    written = hr.scan(trips).limit(1_000).sink(out)
    assert written.rows == 1_000
    if name == "o.arrow":
        assert pa.ipc.open_file(out).read_all().num_rows == 1_000
    elif name == "o.arrows":
        assert pa.ipc.open_stream(out.read_bytes()).read_all().num_rows == 1_000
    elif "csv" in name:
        assert pa.csv.read_csv(out).column("id").to_pylist() == list(range(1_000))
    else:
        assert len(out.read_text().splitlines()) == 1_000


def test_partitions_read_back(trips: Path, tmp_path: Path) -> None:
    out = tmp_path / "by-vendor"
    hr.scan(trips).sink(out, partition_by="vendor")
    back = pa.dataset.dataset(out, partitioning="hive").to_table()
    assert back.num_rows == 50_000
    again = hr.scan(out).filter("vendor = 'B'").count()
    assert again == hr.scan(trips).filter("vendor = 'B'").count()
    with pytest.raises(hr.NameExists):
        hr.scan(trips).sink(out, partition_by="vendor")


def test_a_failure_leaves_what_was_there(trips: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    out.write_bytes(b"as it was")
    damaged = tmp_path / "damaged.parquet"
    data = bytearray(trips.read_bytes())
    data[len(data) // 2] ^= 0xFF
    data[len(data) // 2 + 1] ^= 0xFF
    damaged.write_bytes(bytes(data))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(hr.HeadraceError):
        hr.scan([trips, tmp_path / "no.parquet"]).sink(out)
    with pytest.raises(hr.InvalidArgument):
        hr.scan(trips).sink(tmp_path / "out.xyz")
    with pytest.raises(hr.InvalidArgument):
        hr.scan(trips).sink(out, compression="zip")
    assert out.read_bytes() == b"as it was"
    assert sorted(tmp_path.iterdir()) == before
