"""Every client reads the same as pyarrow, and notices what breaks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import duckdb
import httpx
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from live_client import append, rows
from server_process import ROOT, ServerProcess
from table_data import arrow_stream, trips

import headrace as hr

sys.path.insert(0, str(ROOT / "clients" / "tk"))
from headrace_tk.server import Server, ServerFailed

GO = ROOT / "tools" / "go.sh"
ROWS = 30_000
WAIT_SECONDS = 60.0
STREAM = {"Content-Type": "application/vnd.apache.arrow.stream"}


@pytest.fixture(scope="session")
def headrace_read(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of clients/go."""
    if subprocess.run([GO, "version"], capture_output=True).returncode != 0:
        pytest.skip("no Go of version 1.25 or newer: tools/setup.sh test installs it")
    binary = tmp_path_factory.mktemp("go") / "headrace-read"
    subprocess.run(
        [GO, "build", "-o", binary, "./cmd/headrace-read"],
        cwd=ROOT / "clients" / "go",
        check=True,
        timeout=600,
    )
    return binary


READ_WITH_REACT = """
import { readArrow } from "@headrace/react";
try {
  const { schema, batches } = await readArrow(process.argv[2], new AbortController().signal);
  const plain = (value) => (typeof value === "bigint" ? Number(value) : value);
  const columns = schema.fields.map(({ name }) => [
    name,
    batches.flatMap((batch) => [...batch.getChild(name)].map(plain)),
  ]);
  console.log(JSON.stringify({ columns: Object.fromEntries(columns) }));
} catch (error) {
  console.log(JSON.stringify({ error: error.name, code: error.code }));
}
"""
BUNDLE = """
import { build } from "vite";
const [entry, outDir] = process.argv.slice(1);
await build({ logLevel: "warn", ssr: { noExternal: true }, build: { ssr: entry, outDir } });
"""


@pytest.fixture(scope="session")
def react_read(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, object]]:
    """Reads a URL as the page does, in Node.js."""
    folder = tmp_path_factory.mktemp("react")
    (folder / "read.js").write_text(READ_WITH_REACT)
    node = str(ROOT / "tools" / "node.sh")
    subprocess.run(
        [node, "--input-type=module", "-e", BUNDLE, "--", folder / "read.js", folder / "out"],
        cwd=ROOT / "web",
        check=True,
        timeout=120,
    )
    (made,) = (folder / "out").glob("read.*js")

    def read(url: str) -> dict[str, object]:
        command = [node, str(made), url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        answer: dict[str, object] = json.loads(done.stdout)
        return answer

    return read


@pytest.fixture(scope="module")
def table(server: ServerProcess) -> Iterator[pa.Table]:
    """As pyarrow reads it."""
    url = f"{server.url}/v1/tables/clients-trips"
    assert httpx.put(url, content=arrow_stream(trips(ROWS)), headers=STREAM).status_code == 201
    with urlopen(f"{url}?format=arrows") as answer:
        read = pa.ipc.open_stream(answer.read()).read_all()
    assert read.equals(trips(ROWS))
    yield read
    httpx.delete(url)


@pytest.fixture
def url(server: ServerProcess, table: pa.Table) -> str:
    return f"{server.url}/v1/tables/clients-trips"


def run(*command: object) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, timeout=WAIT_SECONDS)


@pytest.mark.parametrize("codecs", ["", "zstd,lz4"])
def test_go(
    headrace_read: Path, server: ServerProcess, table: pa.Table, tmp_path: Path, codecs: str
) -> None:
    out = tmp_path / "out.arrows"
    done = run(headrace_read, "-url", server.url, "-codecs", codecs, "-o", out, "clients-trips")
    assert (done.returncode, done.stderr) == (0, "")
    with pa.memory_map(str(out)) as file:
        assert pa.ipc.open_stream(file).read_all().equals(table)


def test_go_tells_columns(headrace_read: Path, server: ServerProcess, table: pa.Table) -> None:
    asked = ("-columns", "fare,vendor", "-filter", "n >= 100", "-limit", "1000")
    done = run(headrace_read, "-url", server.url, *asked, "clients-trips")
    assert done.returncode == 0, done.stderr
    fares = table.slice(100, 1000)["fare"]
    line = next(each.split() for each in done.stdout.splitlines() if each.startswith("fare"))
    assert line[:3] == ["fare", "float64", str(fares.null_count)]
    expected = [pc.min(fares).as_py(), pc.max(fares).as_py(), pc.mean(fares).as_py()]
    assert [float(word) for word in line[3:]] == pytest.approx(expected, rel=1e-12)
    assert done.stdout.endswith("1000 rows\n")


def test_go_follows_a_window(
    headrace_read: Path, server: ServerProcess, client: httpx.Client, tmp_path: Path
) -> None:
    client.post("/buffers", json={"buffer_id": "clients-live", "window_size": 1000})
    append(client, "clients-live", rows(0, 10))
    out = tmp_path / "out.arrows"
    command = [headrace_read, "-url", server.url, "-live", "-rows", "200", "-o", out]
    with subprocess.Popen([*map(str, command), "clients-live"]) as reader:
        first = 10
        deadline = time.monotonic() + WAIT_SECONDS
        while reader.poll() is None:
            assert time.monotonic() < deadline
            append(client, "clients-live", rows(first, 5))
            first += 5
    assert reader.returncode == 0
    with pa.memory_map(str(out)) as file:
        read = pa.ipc.open_stream(file).read_all()
    assert read["n"].to_pylist() == list(range(read.num_rows))
    assert read.num_rows >= 200
    client.delete("/buffers/clients-live")


def test_what_the_page_of_clients_says(
    headrace_read: Path, start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "clients.md").read_text()
    flights = ROOT / "node_modules" / "vega-datasets" / "data" / "flights-3m.parquet"
    server = start_server("--demo", "--demo-data", str(flights))
    go, curl = re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    here = go.replace("headrace-read", f"headrace-read -url {server.url}")
    here = here.replace("go run", f"{GO} run")
    done = subprocess.run(
        ["bash", "-euc", here], cwd=ROOT, capture_output=True, text=True, timeout=WAIT_SECONDS
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "distance" in done.stdout
    (python,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    call = f"{curl}{sys.executable} - <<'PYTHON'\n{python}assert late.fetchall() and delays.height"
    here = f"{call}\nPYTHON\n".replace("localhost:14345", f"127.0.0.1:{server.port}")
    done = subprocess.run(
        ["bash", "-euc", here], cwd=tmp_path, capture_output=True, text=True, timeout=WAIT_SECONDS
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_go_tells_refusals(headrace_read: Path, server: ServerProcess) -> None:
    done = run(headrace_read, "-url", server.url, "nothing-of-that-name")
    assert (done.returncode, done.stdout) == (1, "")
    assert "(unknown_name)" in done.stderr


def test_react(react_read: Callable[[str], dict[str, object]], url: str, table: pa.Table) -> None:
    names = ["n", "fare", "vendor", "ok"]
    read = react_read(f"{url}?columns={','.join(names)}")
    assert read == {"columns": {name: table[name].to_pylist() for name in names}}
    assert react_read(f"{url}?columns=nothing") == {"error": "ServerError", "code": "unknown_name"}


def test_python(server: ServerProcess, table: pa.Table) -> None:
    with hr.Client(server.url) as client:
        assert pa.table(client.table("clients-trips").collect()).equals(table)
        with client.subscribe("clients-trips") as once:
            assert pa.Table.from_batches(list(once)).equals(table)


def test_tk_by_pages(server: ServerProcess, table: pa.Table) -> None:
    pages = []
    cursor = None
    while True:
        page = Server(server.url).page("clients-trips", 7000, cursor=cursor)
        pages.append(page.rows)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(pages) == 5
    assert pa.concat_tables(pages).equals(table)


def test_curl_and_duckdb(url: str, table: pa.Table, tmp_path: Path) -> None:
    for kind in ("parquet", "csv"):
        out = tmp_path / f"trips.{kind}"
        curl = run("curl", "-sSf", f"{url}?format={kind}", "-o", out)
        assert curl.returncode == 0, curl.stderr
        query = f"select count(*), sum(n), avg(fare), count(vendor) from '{out}'"
        found = duckdb.sql(query).fetchall()[0]
        fare = pc.mean(table["fare"]).as_py()
        expected = (ROWS, pc.sum(table["n"]).as_py(), fare, pc.count(table["vendor"]).as_py())
        assert found == pytest.approx(expected)


def test_polars_reads_the_url(url: str, table: pa.Table) -> None:
    expected = pl.DataFrame(table)
    with urlopen(f"{url}?format=arrows") as answer:
        assert pl.read_ipc_stream(answer.read()).equals(expected)
    assert pl.read_parquet(f"{url}?format=parquet").equals(expected)
    few = pl.read_csv(f"{url}?format=csv&columns=n,fare&filter=n+%3C+100")
    assert few.equals(expected.select("n", "fare").head(100))


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of a table whose second file ends too soon, which shows when it is read."""
    folder = tmp_path_factory.mktemp("cut")
    data = folder / "data"
    data.mkdir()
    for number in range(2):
        (data / f"{number}.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(400_000)))
    server = ServerProcess(folder, "--load", f"cut={data}").start()
    with (data / "1.csv").open("r+b") as file:
        file.seek(2_000_000)
        file.write(b'"')  # a quote that nothing closes
    yield server
    server.stop()


def test_a_failure_in_mid_stream_is_an_error_of_every_client(
    headrace_read: Path, react_read: Callable[[str], dict[str, object]], cut: ServerProcess
) -> None:
    url = f"{cut.url}/v1/tables/cut"
    curl = run("curl", "-sS", "-w", "%{http_code}", "-o", os.devnull, f"{url}?format=arrows")
    assert (curl.returncode, curl.stdout) == (18, "200"), "it fails behind the first byte"
    go = run(headrace_read, "-url", cut.url, "cut")
    assert go.returncode == 1
    assert "broke off" in go.stderr
    assert react_read(url) == {"error": "TruncatedError"}
    with hr.Client(cut.url) as client, pytest.raises(hr.HeadraceIOError):
        client.table("cut").collect()
    with pytest.raises(ServerFailed):
        Server(cut.url)._get("/v1/tables/cut?format=arrows", "*/*")


def test_a_reader_that_is_killed_is_noticed(
    headrace_read: Path, start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    (tmp_path / "long.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(2_000_000)))
    server = start_server("--load", f"long={tmp_path}/long.csv")

    def connections() -> int:
        """Beside the one that asks."""
        text = httpx.get(f"{server.url}/metrics").text
        found = re.search(r"^headrace_http_connections (\d+)", text, re.MULTILINE)
        assert found
        return int(found[1]) - 1

    command = [str(headrace_read), "-url", server.url, "-o", "-", "long"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stdout.read(1000)  # and no more: the pipe is full, and so is the socket
        assert connections() == 1
        reader.kill()
    with server.client() as client:
        client.post("/buffers", json={"buffer_id": "w"})
        append(client, "w", rows(0, 1))
    deadline = time.monotonic() + WAIT_SECONDS
    while connections() > 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)

    def followers() -> int:
        count: int = httpx.get(f"{server.url}/v1/health").json()["live"]["clients"]
        return count

    command = [str(headrace_read), "-url", server.url, "-live", "-o", "-", "w"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as follower:
        assert follower.stdout is not None
        assert follower.stdout.read(8)
        assert followers() == 1
        follower.kill()
    while followers() > 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)
