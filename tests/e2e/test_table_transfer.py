"""How rows travel: packed, cached, in parts, slowly, and not to their end."""

from __future__ import annotations

import gzip
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import table_data
from server_process import ServerProcess
from table_data import ARROW_STREAM

PROCESS = 96 << 20  # what the process itself may take, with Arrow loaded
LIMIT = 64_000_000
BIG_ROWS = 2_000_000
BIG_COLUMNS = 8


def write_numbers(path: Path, rows: int = BIG_ROWS) -> None:
    """Random doubles, which nothing makes smaller."""
    random = np.random.default_rng(7)
    table = pa.table({f"c{k}": random.normal(size=rows) for k in range(BIG_COLUMNS)})
    pq.write_table(table, path, row_group_size=250_000, use_dictionary=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("transfer")
    table_data.write_trips(folder / "trips")
    (folder / "big").mkdir()
    write_numbers(folder / "big" / "0.parquet")
    (folder / "long").mkdir()
    for number in range(60):
        (folder / "long" / f"{number:02}.parquet").symlink_to(folder / "big" / "0.parquet")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[ServerProcess]:
    options = ["--memory-limit", str(LIMIT)]
    for name in ("trips", "big", "long"):
        options += ["--load", f"{name}={folder / name}"]
    process = ServerProcess(folder / "server", *options).start()
    yield process
    process.stop()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as opened:
        opened.headers["accept-encoding"] = "identity"
        yield opened


def raw(answer: httpx.Response) -> bytes:
    return b"".join(answer.iter_raw())


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, zstd;q=0.5", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("br, deflate", None),
        ("*", "zstd"),
        ("identity", None),
        ("gzip;q=0, identity", None),
        ("identity;q=0, gzip", "gzip"),
    ],
)
def test_content_codings(client: httpx.Client, accepted: str, coding: str | None) -> None:
    plain = client.get("/v1/tables/trips?format=csv").content
    with client.stream(
        "GET", "/v1/tables/trips?format=csv", headers={"accept-encoding": accepted}
    ) as answer:
        body = raw(answer)
    assert answer.headers.get("content-encoding") == coding
    assert "accept-encoding" in answer.headers["vary"].lower()
    if coding == "gzip":
        assert gzip.decompress(body) == plain
    elif coding == "zstd":
        with pa.CompressedInputStream(pa.BufferReader(body), "zstd") as stream:
            assert stream.read() == plain
    else:
        assert body == plain
    assert coding is None or len(body) < len(plain) / 2


@pytest.mark.parametrize("accepted", ["identity;q=0", "*;q=0", "br, *;q=0"])
def test_no_coding_is_left(client: httpx.Client, accepted: str) -> None:
    answer = client.get("/v1/tables/trips", headers={"accept-encoding": accepted})
    assert answer.status_code == 406
    assert "gzip" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("codecs", "given"), [('"lz4"', "lz4"), ('"lz4, zstd"', "zstd"), ("snappy", "")]
)
def test_packed_buffers_and_never_both(client: httpx.Client, codecs: str, given: str) -> None:
    plain = client.get("/v1/tables/trips?format=arrows")
    accept = {"accept": f"{ARROW_STREAM}; codecs={codecs}"}
    packed = client.get("/v1/tables/trips", headers=accept)
    expected = f"{ARROW_STREAM}; codecs={given}" if given else ARROW_STREAM
    assert packed.headers["content-type"] == expected
    read = [pa.ipc.open_stream(answer.content).read_all() for answer in (plain, packed)]
    assert read[0].equals(read[1])
    assert not given or len(packed.content) < len(plain.content)
    both = client.get("/v1/tables/trips", headers={**accept, "accept-encoding": "gzip"})
    assert "codecs" not in both.headers["content-type"] or "content-encoding" not in both.headers
    assert pa.ipc.open_stream(both.content).read_all().equals(read[0])


def test_entity_tags(client: httpx.Client, folder: Path) -> None:
    first = client.get("/v1/tables/trips", params={"limit": 5})
    tag = first.headers["etag"]
    again = client.get("/v1/tables/trips", params={"limit": 5}, headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    others = [
        client.get("/v1/tables/trips", params={"limit": 6}),
        client.get("/v1/tables/trips", params={"limit": 5, "format": "csv"}),
        client.get("/v1/tables/trips", params={"limit": 5}, headers={"accept-encoding": "gzip"}),
    ]
    assert len({tag, *(answer.headers["etag"] for answer in others)}) == 4
    path = folder / "trips" / "0.parquet"
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime + 10))
    touched = client.get("/v1/tables/trips", params={"limit": 5}, headers={"if-none-match": tag})
    assert touched.status_code == 200


def test_ranges_of_a_body_of_known_length(client: httpx.Client) -> None:
    url = "/v1/tables/trips?format=arrow&limit=500"
    whole = client.get(url)
    assert whole.headers["accept-ranges"] == "bytes"
    size = len(whole.content)
    assert int(whole.headers["content-length"]) == size
    for asked, begin, end in (("0-9", 0, 10), ("100-", 100, size), ("-7", size - 7, size)):
        part = client.get(url, headers={"range": f"bytes={asked}"})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{size}"
        assert part.content == whole.content[begin:end]
    beyond = client.get(url, headers={"range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    other = client.get(url, headers={"range": "bytes=0-9", "if-range": '"another"'})
    assert (other.status_code, other.content) == (200, whole.content)
    for strange in ("bytes=9-1", "rows=0-1", "bytes=x-", "bytes=0-1,5-6"):
        assert client.get(url, headers={"range": strange}).status_code == 200


def test_head_file_names_and_other_origins(client: httpx.Client) -> None:
    head = client.head("/v1/tables/trips", params={"format": "parquet", "limit": 5})
    assert (head.status_code, head.content) == (200, b"")
    whole = client.get("/v1/tables/trips", params={"format": "parquet", "limit": 5})
    assert head.headers["content-length"] == str(len(whole.content))
    assert "content-length" not in client.head("/v1/tables/big?format=csv").headers
    assert head.headers["content-disposition"] == 'attachment; filename="trips.parquet"'
    assert head.headers["x-next-cursor"] and head.headers["etag"]
    shown = client.get("/v1/tables/trips?limit=1", headers={"origin": "http://elsewhere"})
    assert shown.headers["content-disposition"] == 'inline; filename="trips.json"'
    assert shown.headers["access-control-allow-origin"] == "*"
    for exposed in ("X-Next-Cursor", "ETag", "Content-Disposition", "X-Rows-Missed"):
        assert exposed in shown.headers["access-control-expose-headers"]


def held(server: ServerProcess) -> int:
    memory = httpx.get(f"{server.url}/v1/health", timeout=60).json()["memory"]
    return int(memory["used_bytes"])


def cpu_ticks(server: ServerProcess) -> int:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def eventually(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def ask(server: ServerProcess, target: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    client.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    return client


def read_to_end(client: socket.socket) -> int:
    size = 0
    while part := client.recv(1 << 20):
        size += len(part)
    return size


def test_slow_readers_hold_no_more_than_their_queue(server: ServerProcess) -> None:
    """Four clients take the beginning and stall; others are served; then they take the rest."""
    slow = [ask(server, "/v1/tables/big?format=arrows") for _ in range(4)]
    for client in slow:
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
    answer = httpx.get(f"{server.url}/v1/tables/trips?limit=10", timeout=60)
    assert len(answer.json()) == 10
    for client in slow:
        assert read_to_end(client) > BIG_ROWS * BIG_COLUMNS * 8
        client.close()
    peak = server.peak_rss_bytes()
    print(f"peak RSS {peak / 2**20:.0f} MiB at a limit of {LIMIT / 2**20:.0f} MiB")
    assert peak <= LIMIT + PROCESS


def test_a_client_that_is_killed_ends_the_work(server: ServerProcess) -> None:
    before = held(server)
    url = f"{server.url}/v1/tables/long?format=csv"
    with subprocess.Popen(["curl", "-sN", url], stdout=subprocess.PIPE) as curl:
        assert curl.stdout is not None
        assert curl.stdout.read(100_000)
        curl.kill()
    eventually(lambda: held(server) <= before + (1 << 20), "the reader was not closed")


def test_a_client_that_leaves_before_the_first_byte_ends_the_work(server: ServerProcess) -> None:
    """It would take this long: all of 960 million values are looked at, and none fits."""
    before = cpu_ticks(server)
    client = ask(server, "/v1/tables/long?filter=c0%20*%20c1%20%2B%20c2%20%3E%201e9")
    eventually(lambda: cpu_ticks(server) > before + 20, "the work did not begin")
    client.close()

    def is_quiet() -> bool:
        ticks = cpu_ticks(server)
        time.sleep(0.5)
        return cpu_ticks(server) - ticks <= 5

    eventually(is_quiet, "the work went on")


def test_the_first_batch_does_not_wait_for_the_last(server: ServerProcess) -> None:
    begin = time.monotonic()
    client = ask(server, "/v1/tables/long?format=arrows&columns=c0")
    assert client.recv(100).startswith(b"HTTP/1.1 200")
    first = time.monotonic() - begin
    size = read_to_end(client)
    whole = time.monotonic() - begin
    client.close()
    assert size > 60 * BIG_ROWS * 8
    print(f"first byte after {first * 1000:.1f} ms of {whole * 1000:.0f}")
    assert first < whole / 2


def test_a_file_that_ends_too_soon_is_noticed(
    start_server: Callable[..., ServerProcess], folder: Path, tmp_path: Path
) -> None:
    for number in range(2):
        shutil.copy(folder / "big" / "0.parquet", tmp_path / f"{number}.parquet")
    server = start_server("--load", f"cut={tmp_path}")
    with (tmp_path / "1.parquet").open("r+b") as file:
        file.truncate(1_000_000)
    url = f"{server.url}/v1/tables/cut"
    taken = 0
    with (
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream("GET", url, params={"format": "arrows"}, timeout=60) as answer,
    ):
        assert answer.status_code == 200
        for part in answer.iter_raw():
            taken += len(part)
    assert taken > BIG_ROWS * 8, "the good file came"
    done = subprocess.run(["curl", "-s", "-o", "/dev/null", f"{url}?format=csv"], timeout=60)
    assert done.returncode == 18, "curl says: partial file"
    # What is known before the first byte is an answer of its own.
    early = httpx.get(url, params={"offset": BIG_ROWS, "limit": 5}, timeout=60)
    assert early.status_code == 422, early.text
    assert early.json()["error"]["code"] == "corrupt_file"
    assert httpx.get(url, params={"limit": 5}, timeout=60).status_code == 200
