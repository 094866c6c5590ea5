"""`headrace scan` and `headrace inspect`: a real process, files, pipes and a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import numpy as np
import polars as pl
import polars.testing
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from server_process import BINARY, clean_environment

SECONDS = 60.0
USAGE, DAMAGED, UNKNOWN, MEMORY, IO = 2, 3, 4, 5, 7
TICKS = 200_000


def ticks(rows: int = TICKS) -> pa.Table:
    random = np.random.default_rng(7)
    return pa.table(
        {
            "ts": pa.array(np.arange(rows) * 1_000_000_000, pa.timestamp("ns", "UTC")),
            "id": pa.array(np.arange(rows)),
            "fare": pa.array(random.random(rows) * 100, mask=random.random(rows) < 0.1),
            "vendor": pa.array(random.choice(["A", "B", "C", 'D, "E"'], rows)),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files of 200,000 ticks in all, and one of a million long values."""
    path = tmp_path_factory.mktemp("files")
    table = ticks()
    pq.write_table(table.slice(0, 150_000), path / "trips_1.parquet", row_group_size=40_000)
    pq.write_table(table.slice(150_000), path / "trips_2.parquet", row_group_size=40_000)
    return path


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Work for some seconds: the rows of one file, many times."""
    path = tmp_path_factory.mktemp("big")
    pq.write_table(ticks(), path / "a.parquet", row_group_size=20_000, compression="zstd")
    for i in range(60):
        os.link(path / "a.parquet", path / f"b{i}.parquet")
    return path


def run(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [BINARY, *arguments], capture_output=True, env=clean_environment(), timeout=SECONDS, cwd=cwd
    )


def scan(*arguments: str | Path) -> bytes:
    done = run("scan", *arguments)
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout


def refusal(*arguments: str | Path, status: int) -> str:
    done = run(*arguments)
    assert done.returncode == status, done
    assert done.stdout == b""
    assert done.stderr.startswith(b"headrace: "), done
    return done.stderr.decode()


def test_a_pipe_gets_csv(folder: Path) -> None:
    out = scan(f"{folder}/*.parquet", "--select", "id,vendor", "--where", "fare > 50")
    expected = pl.from_arrow(ticks()).filter(pl.col("fare") > 50).select("id", "vendor")
    assert pl.read_csv(io.BytesIO(out)).equals(expected)


def test_offset_and_limit(folder: Path) -> None:
    out = scan(folder, "--offset", "149998", "--limit", "4", "--select", "id")
    assert out.decode().split() == ['"id"', "149998", "149999", "150000", "150001"]


@pytest.mark.parametrize("name", ["arrow", "arrows", "parquet", "csv", "ndjson", "json"])
@pytest.mark.parametrize("to", ["pipe", "file"])
def test_formats(folder: Path, tmp_path: Path, name: str, to: str) -> None:
    arguments = [folder, "--select", "id,fare,vendor", "--where", "vendor != 'C'", "--limit", "999"]
    if to == "pipe":
        out = scan(*arguments, "--format", name)
    else:
        file = tmp_path / f"out.{name}"
        file.write_bytes(b"what was there")
        assert scan(*arguments, "--output", file) == b""
        assert os.listdir(tmp_path) == [file.name]
        out = file.read_bytes()
    read = {
        "arrow": lambda: pl.from_arrow(pa.feather.read_table(pa.BufferReader(out))),
        "arrows": lambda: pl.from_arrow(pa.ipc.open_stream(out).read_all()),
        "parquet": lambda: pl.read_parquet(io.BytesIO(out)),
        "csv": lambda: pl.read_csv(io.BytesIO(out)),
        "ndjson": lambda: pl.read_ndjson(io.BytesIO(out)),
        "json": lambda: pl.DataFrame(json.loads(out)),
    }[name]()
    table = pl.from_arrow(ticks())
    assert isinstance(table, pl.DataFrame)
    expected = table.filter(pl.col("vendor") != "C").head(999).select("id", "fare", "vendor")
    assert pl.DataFrame(read).equals(expected)


def test_threads_and_memory_do_not_change_the_rows(folder: Path) -> None:
    once = scan(folder, "--threads", "1", "--memory", "16MB")
    assert once == scan(folder, "--threads", "4", "--memory", "64MB")
    mixed = scan(folder, "--threads", "4", "--unordered")
    assert sorted(mixed.splitlines()) == sorted(once.splitlines())


def test_groups(folder: Path) -> None:
    out = scan(
        folder, "--where", "fare > 10", "--group-by", "vendor", "--agg", "mean(fare) as m, count(*)"
    )
    table = pl.from_arrow(ticks())
    assert isinstance(table, pl.DataFrame)
    expected = table.filter(pl.col("fare") > 10).group_by("vendor")
    expected = expected.agg(pl.col("fare").mean().alias("m"), pl.len().alias("count(*)"))
    got = pl.read_csv(io.BytesIO(out), schema_overrides={"count(*)": pl.UInt32})
    pl.testing.assert_frame_equal(got, expected.sort("vendor"), rel_tol=1e-12)
    assert scan(folder, "--agg", "count(*) as n").split() == [b'"n"', str(TICKS).encode()]


def test_order_and_sample(folder: Path) -> None:
    first = scan(folder, "--order-by", "-fare,id", "--limit", "3", "--select", "id")
    table = pl.from_arrow(ticks())
    assert isinstance(table, pl.DataFrame)
    top = table.sort("fare", "id", descending=[True, False], nulls_last=True).head(3)
    assert [int(line) for line in first.split()[1:]] == top["id"].to_list()
    once = scan(folder, "--sample", "50", "--seed", "3", "--select", "id").split()
    assert len(once) == 51
    again = scan(folder, "--sample", "50", "--seed", "3", "--select", "id", "--threads", "1")
    assert again.split() == once
    each = scan(folder, "--sample", "5", "--stratify", "vendor", "--select", "vendor")
    assert len(each.splitlines()) == 21


def test_a_chart(folder: Path) -> None:
    chart = ["--downsample", "m4", "--x", "ts", "--y", "id", "--points", "40"]
    out = scan(folder, *chart, "--from", "1970-01-01 00:01", "--to", "3600000000000")
    ids = pl.read_csv(io.BytesIO(out))["id"].to_list()
    assert (ids[0], ids[-1]) == (60, 3599)
    assert len(ids) <= 40
    assert (
        "row groups 1 of 6"
        in scan(folder, *chart, "--to", "1970-01-01 01:00", "--explain").decode()
    )


def test_names_the_file(folder: Path) -> None:
    out = scan(folder, "--source-file", "file", "--where", "id in (1, 199999)", "--select", "file")
    assert re.findall(rb"trips_\d", out) == [b"trips_1", b"trips_2"]


def test_explain_reads_no_rows(folder: Path) -> None:
    out = scan(folder, "--where", "id >= 199000", "--explain").decode()
    assert "row groups 1 of 6" in out
    assert "by statistics: 5 row groups" in out


def test_table_as_a_format(folder: Path) -> None:
    out = scan(folder, "--format", "table", "--select", "id,ts", "--rows", "4").decode()
    cells = [
        ("id", "ts"),
        ("int64", "timestamp[ns, tz=UTC]"),
        ("─" * 6, "─" * 21),
        ("0", "1970-01-01 00:00:00Z"),
        ("1", "1970-01-01 00:00:01Z"),
        ("…", "…"),
        ("199998", "1970-01-03 07:33:18Z"),
        ("199999", "1970-01-03 07:33:19Z"),
    ]
    assert out.splitlines() == [*(f"{a:>6}  {b:>21}" for a, b in cells), "200,000 rows"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--where", "fare >"], USAGE, "^"),
        (["--where", "vendr > 3"], UNKNOWN, "did you mean 'vendor'?"),
        (["--where", "vendor > 3"], DAMAGED, "vendor"),
        (["--select", "vendr"], UNKNOWN, "did you mean 'vendor'?"),
        (["--x", "ts"], USAGE, "--x: x goes with downsample"),
        (["--order-by", "far"], UNKNOWN, "did you mean 'fare'?"),
        (["--limit", "x"], USAGE, "--limit: 'x'"),
        (["--memory", "100kB"], MEMORY, "at least"),
        (["--output", "/no/such/folder/x.csv"], IO, "/no/such/folder/x.csv"),
    ],
)
def test_refusals(folder: Path, arguments: list[str], status: int, said: str) -> None:
    assert said in refusal("scan", folder, *arguments, status=status)


def test_what_is_not_there() -> None:
    assert "absent" in refusal("scan", "absent.parquet", status=UNKNOWN)
    assert "absent" in refusal("inspect", "absent.parquet", status=IO)


def test_a_damaged_file_is_named(folder: Path, tmp_path: Path) -> None:
    content = bytearray((folder / "trips_1.parquet").read_bytes())
    (tmp_path / "cut.parquet").write_bytes(content[:-9])
    assert "cut.parquet" in refusal("scan", tmp_path / "cut.parquet", status=DAMAGED)
    assert "cut.parquet" in refusal("inspect", tmp_path / "cut.parquet", status=DAMAGED)
    # Damage in the middle: what was written before it must not look like a whole file.
    content[len(content) // 2 : len(content) // 2 + 200_000] = bytes(200_000)
    (tmp_path / "torn.parquet").write_bytes(content)
    out = tmp_path / "out" / "x.csv"
    out.parent.mkdir()
    said = refusal("scan", tmp_path / "torn.parquet", "--output", out, status=DAMAGED)
    assert "torn.parquet" in said
    assert os.listdir(out.parent) == []


def test_head_is_a_quiet_end(big: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" scan "$1" --format ndjson | head -3', BINARY, big],
        capture_output=True,
        env=clean_environment(),
        timeout=SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [0, 1, 2]


def wait_for_output(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], SECONDS)[0]


def interrupt(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    return process.wait(SECONDS), time.monotonic() - start


def test_ctrl_c_ends_a_scan_whose_pipe_is_full(big: Path) -> None:
    with subprocess.Popen(
        [BINARY, "scan", big],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
    ) as process:
        wait_for_output(process)  # and then takes nothing
        status, seconds = interrupt(process)
        assert status == 130
        assert seconds < 5
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_ctrl_c_takes_the_unfinished_file_away(big: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("what was there")
    with subprocess.Popen(
        [BINARY, "scan", big, "--output", target], stderr=subprocess.PIPE, env=clean_environment()
    ) as process:
        deadline = time.monotonic() + SECONDS
        while not any(f.stat().st_size > 0 for f in tmp_path.glob(".out.csv.*")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.001)
        status, seconds = interrupt(process)
        assert status == 130
        assert seconds < 5
    assert os.listdir(tmp_path) == ["out.csv"]
    assert target.read_text() == "what was there"


def in_terminal(*arguments: str | Path, columns: int = 60, until: str | None = None) -> str:
    """What the command draws on a terminal; with `until` it gets Ctrl-C when that was seen."""
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [BINARY, *arguments], stdin=other, stdout=other, stderr=other, env=clean_environment()
    )
    os.close(other)
    drawn = b""
    deadline = time.monotonic() + SECONDS
    with contextlib.suppress(OSError):  # EIO is the end
        while select.select([main], [], [], deadline - time.monotonic())[0]:
            drawn += os.read(main, 65536)
            if until is not None and until in drawn.decode("utf-8", "replace"):
                process.send_signal(signal.SIGINT)
                until = None
    os.close(main)
    assert process.wait(SECONDS) in (0, 130)
    return drawn.decode().replace("\r\n", "\n")


def test_a_terminal_gets_a_table(folder: Path) -> None:
    drawn = in_terminal("scan", folder, "--where", "fare is null", "--select", "id,fare,vendor")
    plain = re.sub(r"\x1b\[\d*[mK]|\r", "", drawn)
    lines = plain.splitlines()
    rows = pl.from_arrow(ticks()).filter(pl.col("fare").is_null())  # type: ignore[union-attr]
    assert lines[0].split() == ["id", "fare", "vendor"]
    assert lines[1].split() == ["int64", "double", "string"]
    assert lines[-1] == f"{len(rows):,} rows"
    assert [int(line.split()[0]) for line in lines[3:23]] == rows["id"][:20].to_list()
    assert lines[23].split() == ["…", "…", "…"]
    assert [int(line.split()[0]) for line in lines[24:44]] == rows["id"][-20:].to_list()
    assert "\x1b[2m" in drawn  # nulls are dim


def test_the_table_fits_the_terminal(folder: Path) -> None:
    drawn = in_terminal("scan", folder, "--limit", "3", columns=30)
    plain = re.sub(r"\x1b\[\d*[mK]|\r", "", drawn)
    assert all(len(line) <= 30 for line in plain.splitlines()), plain
    assert "…" in plain


def test_progress_and_ctrl_c_in_a_terminal(big: Path) -> None:
    # Nothing passes, and the terminal says so until it is stopped.
    drawn = in_terminal("scan", big, "--where", "id + fare < -1", columns=100, until="memory")
    assert re.search(r"0 rows · .* · 0 rows/s · memory .* of ", drawn), drawn
    assert drawn.endswith("\r\x1b[K")


def test_inspect_says_what_pyarrow_says(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(
        ticks(1000),
        path,
        row_group_size=600,
        compression={"ts": "zstd", "id": "snappy", "fare": "none", "vendor": "gzip"},
        write_page_index=True,
    )
    found = json.loads(run("inspect", path, "--json").stdout)
    expected = pq.read_metadata(path)
    assert found["num_rows"] == expected.num_rows
    assert found["created_by"] == expected.created_by
    assert found["file_bytes"] == path.stat().st_size
    assert found["row_group_rows"] == [600, 400]
    for i, column in enumerate(found["columns"]):
        for group, chunk in enumerate(column["row_groups"]):
            said = expected.row_group(group).column(i)
            assert column["name"] == said.path_in_schema
            assert column["type"] == said.physical_type
            assert chunk["compression"].upper() == said.compression
            assert set(chunk["encodings"]) == set(said.encodings)
            assert chunk["compressed_bytes"] == said.total_compressed_size
            assert chunk["bytes"] == said.total_uncompressed_size
            assert chunk["null_count"] == said.statistics.null_count
            assert chunk["column_index"] and chunk["offset_index"]
            assert chunk["bloom_filter_bytes"] is None
    assert found["columns"][1]["row_groups"][1]["min"] == "600"
    assert found["columns"][0]["row_groups"][0]["max"].startswith("1970-01-01 00:09:59")


def test_inspect_counts_pages(folder: Path) -> None:
    found = json.loads(run("inspect", folder / "trips_1.parquet", "--pages", "--json").stdout)
    for column in found["columns"]:
        for rows, chunk in zip(found["row_group_rows"], column["row_groups"], strict=True):
            data = [page for page in chunk["pages"] if page["kind"] != "dictionary"]
            assert sum(page["num_values"] for page in data) == rows


def test_inspect_for_people(folder: Path) -> None:
    out = run("inspect", folder / "trips_1.parquet", "--pages").stdout.decode()
    assert "rows        150000 in 4 row groups" in out
    assert re.search(r"^vendor +BYTE_ARRAY String +snappy", out, re.MULTILINE)
    assert "RLE_DICTIONARY" in out
