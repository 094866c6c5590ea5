"""The Unix socket: every call works there, and rows in memory are handed over uncopied."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from server_process import BINARY, ServerProcess, clean_environment

import headrace as hr

ROWS = 400_000
SHARED_TYPE = "application/vnd.headrace.shared-rows"
ACCEPT = f"{SHARED_TYPE}, application/vnd.apache.arrow.stream;q=0.9"


def make_rows() -> pa.Table:
    random = np.random.default_rng(11)
    words = pa.array([None if k % 9 == 0 else f"word {k % 100}" for k in range(ROWS)])
    return pa.table(
        {
            "number": pa.array(np.arange(ROWS)),
            "value": pa.array(random.normal(size=ROWS), mask=random.random(ROWS) < 0.1),
            "word": words,
            "label": words.dictionary_encode(),
            "flag": pa.array(random.random(ROWS) < 0.5),
            "parts": pa.array([[k] * (k % 3) for k in range(ROWS)]),
        }
    )


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    return make_rows()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("unix") / "headrace.sock"


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, path: Path, rows: pa.Table
) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("unix-server")
    process = ServerProcess(folder, "--unix-socket", str(path)).start()
    with hr.Client(process.url) as client:
        client.put_table("rows", rows)
    yield process
    process.stop()
    assert not path.exists(), "the socket is left behind"


@pytest.fixture
def near(server: ServerProcess, path: Path) -> Iterator[hr.Client]:
    with hr.Client(f"unix:{path}") as client:
        yield client


def test_only_this_user_may_connect(server: ServerProcess, path: Path) -> None:
    mode = path.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_every_call_works_there(near: hr.Client) -> None:
    buffer = near.buffer("near", create=True, window_size=10)
    buffer.append([{"x": 1.0}, {"x": 2.0}])
    assert near.table("buffers.near").collect().num_rows == 2
    near.delete("near")


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_any_http_client_reads_there(server: ServerProcess, path: Path) -> None:
    url = "http://localhost/v1/tables/rows?limit=2&columns=number&format=csv"
    said = subprocess.run(
        ["curl", "-sS", "--max-time", "20", "--unix-socket", str(path), url],
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.split() == ['"number"', "0", "1"]


def test_rows_are_the_same_without_a_copy(near: hr.Client, rows: pa.Table) -> None:
    before = resident_private_bytes()
    frame = near.table("rows").collect()
    read = pa.table(frame)
    assert resident_private_bytes() - before < 4 << 20  # of some 30 MB
    assert read.equals(rows)
    assert pl.DataFrame(frame).equals(pl.DataFrame(rows))


def resident_private_bytes() -> int:
    """Memory of this process that it shares with nobody."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    kib = [int(line.split()[1]) for line in lines if line.startswith("Private_Dirty:")]
    return kib[0] * 1024


@pytest.mark.parametrize("first, count", [(0, 1), (1, 7), (12_345, 100_000), (ROWS - 1, 5), (0, 0)])
def test_pages_and_columns(near: hr.Client, rows: pa.Table, first: int, count: int) -> None:
    chosen = ["word", "value", "parts", "label", "flag"]
    asked = near.table("rows").select(*chosen).offset(first).limit(count)
    assert pa.table(asked.collect()).equals(rows.select(chosen).slice(first, count))


def test_what_is_computed_comes_as_ever(near: hr.Client, rows: pa.Table) -> None:
    small = near.table("rows").filter("number < 1000 and flag").collect()
    numbers = rows["number"].to_numpy()
    flags = rows["flag"].to_numpy(zero_copy_only=False)
    assert small.num_rows == int(((numbers < 1000) & flags).sum())
    assert near.table("rows").count() == ROWS


def test_batches_are_iterated(near: hr.Client, rows: pa.Table) -> None:
    with iter(near.table("rows")) as batches:
        assert sum(batch.num_rows for batch in batches) == ROWS
        assert batches.collect().num_rows == 0


def test_rows_outlive_the_table_and_the_server(
    start_server: Callable[..., ServerProcess], tmp_path: Path, rows: pa.Table
) -> None:
    path = tmp_path / "short-lived.sock"
    server = start_server("--unix-socket", str(path))
    with hr.Client(f"unix:{path}") as client:
        client.put_table("rows", rows)
        read = pa.table(client.table("rows").collect())
        client.drop_table("rows")
        assert read.equals(rows)
        used = client.health()["memory"]["used_bytes"]
        assert used < 4 << 20, "a dropped table is not counted any more"
        server.stop()
        assert read.equals(rows)


def test_many_at_a_time_leave_no_descriptor(near: hr.Client, rows: pa.Table) -> None:
    def read(number: int) -> bool:
        wanted = near.table("rows").offset(number * 1000).limit(1000)
        return pa.table(wanted.collect()).equals(rows.slice(number * 1000, 1000))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(64)))
    near.close()
    open_now = len(os.listdir("/proc/self/fd"))
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(64)))
    near.close()
    assert len(os.listdir("/proc/self/fd")) <= open_now


def test_tcp_clients_get_no_places(server: ServerProcess) -> None:
    answer = httpx.get(f"{server.url}/v1/tables/rows?limit=3", headers={"Accept": ACCEPT})
    assert answer.headers["content-type"].startswith("application/vnd.apache.arrow.stream")
    assert pa.ipc.open_stream(answer.content).read_all().num_rows == 3


def test_head_hands_nothing_over(server: ServerProcess, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(20)
        raw.connect(str(path))
        raw.sendall(
            f"HEAD /v1/tables/rows HTTP/1.1\r\nHost: x\r\nAccept: {ACCEPT}\r\n\r\n".encode()
        )
        data, descriptors, _, _ = socket.recv_fds(raw, 65536, 4)
    assert data.startswith(b"HTTP/1.1 200")
    assert descriptors == []


def test_pipelined_answers_keep_their_descriptors(server: ServerProcess, path: Path) -> None:
    request = f"GET /v1/tables/rows?limit=1 HTTP/1.1\r\nHost: x\r\nAccept: {ACCEPT}\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(20)
        raw.connect(str(path))
        raw.sendall(request.encode() * 5)
        raw.shutdown(socket.SHUT_WR)
        received, descriptors = b"", []
        while True:
            data, some, _, _ = socket.recv_fds(raw, 65536, 16)
            if not data:
                break
            received += data
            descriptors += some
    assert received.count(b"HTTP/1.1 200") == 5
    assert len(descriptors) == 5
    for descriptor in descriptors:
        with pytest.raises(OSError):
            os.ftruncate(descriptor, 0)
        os.close(descriptor)


def test_a_client_that_leaves_at_once_harms_nobody(near: hr.Client, path: Path) -> None:
    request = f"GET /v1/tables/rows HTTP/1.1\r\nHost: x\r\nAccept: {ACCEPT}\r\n\r\n".encode()

    def leave() -> None:
        for _ in range(50):
            with socket.socket(socket.AF_UNIX) as raw:
                raw.connect(str(path))
                raw.sendall(request)

    leavers = [threading.Thread(target=leave) for _ in range(4)]
    for leaver in leavers:
        leaver.start()
    for leaver in leavers:
        leaver.join(60)
    assert near.table("rows").limit(1).collect().num_rows == 1


def refused(path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BINARY), "serve", "--port", "0", "--unix-socket", path],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(),
    )


def test_a_socket_in_use_is_refused(server: ServerProcess, path: Path) -> None:
    said = refused(str(path))
    assert said.returncode == 7
    assert str(path) in said.stderr
    with hr.Client(f"unix:{path}") as client:  # whose socket it still is
        assert client.table("rows").limit(1).collect().num_rows == 1


def test_another_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "precious.txt"
    path.write_text("precious")
    assert refused(str(path)).returncode == 7
    assert path.read_text() == "precious"


@pytest.mark.parametrize("path", ["/no/such/folder/socket", "/tmp/" + "x" * 200])
def test_paths_that_cannot_be(path: str) -> None:
    said = refused(path)
    assert said.returncode == 2
    assert path in said.stderr


def test_what_a_killed_server_left_is_replaced(
    start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    path = tmp_path / "left.sock"
    killed = start_server("--unix-socket", str(path))
    killed.kill()
    assert path.exists()
    server = start_server("--unix-socket", str(path))
    with hr.Client(f"unix:{path}") as client:
        assert client.tables() == []
    server.stop()
    assert not path.exists()


def test_no_server_there(tmp_path: Path) -> None:
    path = tmp_path / "nobody.sock"
    with pytest.raises(hr.Unavailable, match="nobody"):
        hr.Client(f"unix:{path}").tables()
    with pytest.raises(hr.InvalidArgument):
        hr.Client("unix:")
