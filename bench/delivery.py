"""A million rows and pages of them over loopback, beside FastAPI with Polars' writers, Arrow Flight
and a bare socket."""

from __future__ import annotations

import contextlib
import functools
import http.client
import io
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import datasets
import polars as pl
import pyarrow as pa
import pyarrow.flight as fl
import pyarrow.parquet as pq
from report import BUILD, Report
from server import START_SECONDS, serve

PAGE_ROWS = 10_000
CONNECTIONS = (1, 8, 32)
FORMATS = {"arrows": "Arrow stream", "csv": "CSV", "json": "JSON rows", "parquet": "Parquet"}
FASTAPI = {"arrows": "/data/arrow_ipc", "csv": "/data/csv", "parquet": "/data/parquet"}
Times = tuple[float, float, int]  # seconds until the end and the first byte; bytes
_buffer = memoryview(bytearray(4 << 20))


def run(report: Report) -> None:
    rows = datasets.answer_rows(report.quick)
    table = datasets.answer_table(rows)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serve("--max-body", "200MB"))
        ports = {
            name: stack.enter_context(_peer(name, report))
            for name in ("fastapi", "flight", "socket")
        }
        _put(server.port, table)
        _check(report, server.port, table)
        _whole(report, server.port, ports, rows)
        _pages(report, server.port, ports["fastapi"])


def _whole(report: Report, port: int, ports: dict[str, int], rows: int) -> None:
    runs: dict[str, Callable[[], Times]] = {
        "bare socket, the Arrow stream's bytes": functools.partial(_bare, ports["socket"]),
        "Arrow Flight, do_get": functools.partial(_flight, ports["flight"]),
    }
    for name, title in FORMATS.items():
        target = f"/v1/tables/answer?format={name}"
        runs[f"{title}, Headrace"] = functools.partial(_get, port, target)
        if name in FASTAPI:
            peer = functools.partial(_get, ports["fastapi"], FASTAPI[name])
            runs[f"{title}, FastAPI and Polars"] = peer
    taken: dict[str, list[Times]] = {name: [once()] for name, once in runs.items()}
    for _ in range(5 if report.quick else 11):
        for name, once in runs.items():
            taken[name].append(once())
    lines = []
    figures = {}
    for name, times in taken.items():
        whole = 1e3 * statistics.median(each[0] for each in times[1:])
        first = 1e3 * statistics.median(each[1] for each in times[1:])
        size = times[0][2] / 1e6
        figures[name] = {"ms": whole, "first_byte_ms": first, "mb": size}
        lines.append([name, f"{whole:,.0f}", f"{first:.1f}", f"{size:.0f}", f"{size / whole:.2f}"])
    report.figures["delivery"] = figures
    header = ["", "ms", "first byte ms", "MB", "GB/s"]
    report.table(f"{rows:,} rows of 8 columns over one connection, medians", header, lines)


def _pages(report: Report, port: int, fastapi: int) -> None:
    query = f"limit={PAGE_ROWS}"
    targets = {
        "Headrace": (port, f"/v1/tables/answer?format=arrows&{query}"),
        "FastAPI and Polars": (fastapi, f"{FASTAPI['arrows']}?{query}"),
    }
    seconds = 1 if report.quick else 3
    lines = []
    figures = {}
    for connections in CONNECTIONS:
        taken: dict[str, list[dict[str, float]]] = {name: [] for name in targets}
        for _ in range(3):
            for name, (each, target) in targets.items():
                taken[name].append(_load(each, target, connections, seconds))
        medians = {
            name: sorted(each, key=lambda one: one["requests_per_s"])[1]
            for name, each in taken.items()
        }
        figures[str(connections)] = medians
        ratio = (
            medians["Headrace"]["requests_per_s"] / medians["FastAPI and Polars"]["requests_per_s"]
        )
        for name, each in medians.items():
            lines.append(
                [
                    f"{connections}, {name}",
                    f"{each['requests_per_s']:,.0f}",
                    f"{each['p50_us']:,.0f}",
                    f"{each['p99_us']:,.0f}",
                    f"{each['p99_us'] / each['p50_us']:.1f}",
                    f"{ratio:.1f}" if name == "Headrace" else "",
                ]
            )
    report.figures["delivery_pages"] = figures
    header = ["connections", "requests/s", "p50 µs", "p99 µs", "p99 ÷ p50", "× FastAPI"]
    report.table(f"Pages of {PAGE_ROWS:,} rows as Arrow", header, lines)


def _load(port: int, target: str, connections: int, seconds: int) -> dict[str, float]:
    command = [str(BUILD / "bench" / "page_load"), str(port), target]
    done = subprocess.run(
        [*command, str(connections), str(seconds)], check=True, capture_output=True, text=True
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _get(port: int, target: str) -> Times:
    """All of an answer, not taken apart: the connection ends with it."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        return _drain(connection, request.encode())


def _bare(port: int) -> Times:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        return _drain(connection, b"go")


def _drain(connection: socket.socket, request: bytes) -> Times:
    start = time.perf_counter()
    connection.sendall(request)
    size = connection.recv_into(_buffer)
    first = time.perf_counter() - start
    while got := connection.recv_into(_buffer):
        size += got
    return time.perf_counter() - start, first, size


def _flight(port: int) -> Times:
    with fl.connect(f"grpc://127.0.0.1:{port}") as client:
        start = time.perf_counter()
        reader = client.do_get(fl.Ticket(b""))
        size = reader.read_chunk().data.nbytes
        first = time.perf_counter() - start
        with contextlib.suppress(StopIteration):
            while True:
                size += reader.read_chunk().data.nbytes
        return time.perf_counter() - start, first, size


def _put(port: int, table: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    _call(port, "PUT", "/v1/tables/answer", sink.getvalue().to_pybytes())


def _call(port: int, method: str, target: str, body: bytes | None = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    fields = {"Content-Type": "application/vnd.apache.arrow.stream"} if body else {}
    connection.request(method, target, body, fields)
    answer = connection.getresponse()
    if answer.status >= 300:
        raise RuntimeError(answer.read().decode())
    return answer.read()


def _check(report: Report, port: int, table: pa.Table) -> None:
    body = {name: _call(port, "GET", f"/v1/tables/answer?format={name}") for name in FORMATS}
    arrow = pa.ipc.open_stream(body["arrows"]).read_all()
    report.check("delivery: arrows", arrow.equals(table))
    report.check("delivery: parquet", pq.read_table(io.BytesIO(body["parquet"])).equals(table))
    frame = pl.from_arrow(table.drop_columns(["ts"]))
    assert isinstance(frame, pl.DataFrame)
    csv = pl.read_csv(body["csv"])
    report.check("delivery: csv", csv.drop("ts").equals(frame) and csv["ts"][0].endswith("Z"))
    answers = json.loads(body["json"])
    report.check("delivery: json", [row["a"] for row in answers] == frame["a"].to_list())


@contextlib.contextmanager
def _peer(name: str, report: Report) -> Iterator[int]:
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "port"
        script = str(Path(__file__).with_name("delivery_peers.py"))
        command = [sys.executable, script, name, str(port_file)]
        process = subprocess.Popen([*command, *(["--quick"] if report.quick else [])])
        try:
            deadline = time.monotonic() + START_SECONDS
            while not (port_file.exists() and port_file.read_text().strip()):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the peer {name} did not start")
                time.sleep(0.01)
            yield int(port_file.read_text())
        finally:
            process.kill()
            process.wait(timeout=START_SECONDS)
