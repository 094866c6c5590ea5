"""200 WebSocket clients on one window at 1,000 appends a second, 20 of them stalled."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from report import Report, percentile
from server import Server, serve

CLIENTS = 200
STALLED = 20
APPENDS_PER_SECOND = 1_000
WINDOW_SIZE = 10_000


class Appender:
    """One connection that appends a row at a time and waits for the answer."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.next_row = 0

    def append(self) -> float:
        """Microseconds until the answer."""
        n = self.next_row
        row = {"n": n, "a": n / 3, "b": n / 7, "c": n % 11 / 2, "d": -n / 2}
        body = json.dumps({"buffer_id": "live", "data": row}).encode()
        head = (
            f"POST /v1/ml/polars/append HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        start = time.perf_counter_ns()
        self.socket.sendall(head.encode() + body)
        answer = self.socket.recv(4096)
        taken = (time.perf_counter_ns() - start) / 1e3
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode())
        self.next_row += 1
        return taken

    def run(self, seconds: float) -> list[float]:
        taken = []
        start = time.perf_counter()
        for number in range(int(seconds * APPENDS_PER_SECOND)):
            due = start + number / APPENDS_PER_SECOND
            while (wait := due - time.perf_counter()) > 0:
                time.sleep(wait)
            taken.append(self.append())
        return taken


def create(server: Server) -> None:
    body = json.dumps({"buffer_id": "live", "window_size": WINDOW_SIZE}).encode()
    url = f"{server.url}/v1/ml/polars/buffers"
    with urllib.request.urlopen(urllib.request.Request(url, body)) as answer:
        answer.read()


def metrics(server: Server) -> str:
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        text: str = answer.read().decode()
        return text


def within(text: str, bound: str) -> int:
    """How many appends the server answered within `bound` seconds; "+Inf": all."""
    found = re.search(
        r'^headrace_http_request_duration_seconds_bucket\{[^}]*polars/append"[^}]*le="'
        + re.escape(bound)
        + r'"\} (\d+)',
        text,
        re.MULTILINE,
    )
    return int(found[1]) if found else 0


def figure(text: str, name: str) -> int:
    found = re.search(rf"^headrace_live_{name} (\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


@contextlib.contextmanager
def followers(server: Server) -> Iterator[Callable[[], dict[str, int]]]:
    """Clients in a process of their own; what is given ends them and says what they saw."""
    child = Path(__file__).with_name("live_child.py")
    command = [sys.executable, str(child), str(server.port), str(CLIENTS - STALLED), str(STALLED)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the clients did not come up")

        def stop() -> dict[str, int]:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write("stop\n")
            seen: dict[str, int] = json.loads(process.stdout.readline())
            return seen

        yield stop
    finally:
        process.stdin.close()
        process.wait(timeout=20)


def run(report: Report) -> None:
    seconds = 5.0 if report.quick else 30.0
    with serve() as server:
        create(server)
        appender = Appender(server.port)
        appender.run(1 if report.quick else WINDOW_SIZE / APPENDS_PER_SECOND)
        alone = appender.run(seconds)
        before_text = metrics(server)
        with followers(server) as stop:
            appender.run(2)
            before = server.status_kib("VmRSS")
            followed = appender.run(seconds)
            time.sleep(0.5)
            text = metrics(server)
            grown = server.status_kib("VmRSS") - before
            open_clients = figure(text, "clients")
            last_row = appender.next_row
            seen = stop()
    in_time = (within(text, "0.001") - within(before_text, "0.001")) / (
        within(text, "+Inf") - within(before_text, "+Inf")
    )
    report.check(f"live: {seen['closed']} clients that read were ended", seen["closed"] == 0)
    report.check(f"live: {seen['silent']} clients heard nothing", seen["silent"] == 0)
    report.check(f"live: {seen['wrong']} rows out of order", seen["wrong"] == 0)
    report.check(f"live: {seen['rows']} of {last_row} rows came", seen["rows"] == last_row)
    report.check(f"live: RSS grew by {grown} KiB", grown < 16 << 10)
    report.figures["live"] = {
        "alone_p99_us": percentile(alone, 0.99),
        "p50_us": percentile(followed, 0.5),
        "p99_us": percentile(followed, 0.99),
        "served_within_1_ms": in_time,
        "rss_growth_kib": grown,
        "open_clients": open_clients,
        **seen,
    }
    rows = [
        [title] + [f"{percentile(taken, share):.0f}" for share in (0.5, 0.99, 0.999)]
        for title, taken in (("nobody listens", alone), ("200 clients", followed))
    ]
    title = f"Append of one row over HTTP, {APPENDS_PER_SECOND:,} a second, µs seen by the client"
    report.table(title, ["", "p50", "p99", "p99.9"], rows)
    rows = [
        ["appends that the server answered within 1 ms", f"{100 * in_time:.2f} %"],
        ["clients that read and were ended", str(seen["closed"])],
        ["messages that they got, a second", f"{seen['messages'] / (seconds + 2.5):.0f}"],
        [
            "record batches encoded, a second",
            f"{figure(text, 'batches_total') / (seconds + 2.5):.0f}",
        ],
        ["resident memory, grown in that time", f"{grown / 1024:.1f} MiB"],
        ["clients open in the end (stalled ones may be ended)", str(open_clients)],
    ]
    report.table(f"{CLIENTS} clients, {STALLED} of them stalled", ["", ""], rows)
