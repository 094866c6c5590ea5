"""The command: options, mistakes, ports, signals, memory, the demo, the corners of HTTP."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from server import BINARY, PREFIX, ROOT, Server, clean_environment

Serve = Callable[..., Server]
FLIGHTS = ROOT / "node_modules" / "vega-datasets" / "data" / "flights-3m.parquet"


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BINARY), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env=clean_environment(**env),
    )


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode not in (0, -6, -11)
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


def test_help_and_version() -> None:
    assert run("--version").stdout.startswith("headrace ")
    for arguments in (["--help"], ["serve", "--help"]):
        done = run(*arguments)
        assert done.returncode == 0
        assert "serve" in done.stdout or "--port" in done.stdout


def test_mistakes_are_one_line() -> None:
    refused(run("serve", "--prot", "1"), "--prot", "--port")
    refused(run("serve", "--port", "http"), "port")
    refused(run("serve", "--port", "70000"), "port")
    refused(run("serve", "--memory-limit", "lots"), "lots")
    refused(run("serve", "--config", "/nowhere/headrace.toml"), "/nowhere/headrace.toml")
    refused(run("serve", "--demo", "--demo-data", "/nowhere.parquet", "--port", "0"), "/nowhere")
    refused(run("sevre"), "sevre")
    refused(run("serve", HEADRACE_PORT="x"), "HEADRACE_PORT")


def test_a_bad_file_is_located(tmp_path: Path) -> None:
    config = tmp_path / "headrace.toml"
    config.write_text('port = 1\nhots = "x"\n')
    refused(run("serve", "--config", str(config)), "hots", "host")
    config.write_text("port = = 1\n")
    refused(run("serve", "--config", str(config)), "headrace.toml:1")


def test_a_port_in_use(serve: Serve) -> None:
    server = serve()
    done = run("serve", "--port", str(server.port))
    refused(done, str(server.port))
    assert done.returncode == 7


def test_flag_before_variable_before_file(serve: Serve, tmp_path: Path) -> None:
    config = tmp_path / "headrace.toml"
    config.write_text('memory-limit = "1GB"\n')

    def limit(*options: str, **env: str) -> int:
        server = serve("--config", str(config), *options, env=env)
        health = httpx.get(f"{server.url}/v1/health").json()
        return int(health["memory"]["limit_bytes"])

    assert limit() == 10**9
    assert limit(HEADRACE_MEMORY_LIMIT="2GB") == 2 * 10**9
    assert limit("--memory-limit", "3GB", HEADRACE_MEMORY_LIMIT="2GB") == 3 * 10**9


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_signals_drain(serve: Serve, with_signal: signal.Signals) -> None:
    server = serve()
    with httpx.Client(base_url=server.url) as http:
        assert http.get("/v1/health").json()["status"] == "ok"
        start = time.monotonic()
        assert server.stop(with_signal) == 0  # although the connection is kept alive
        assert time.monotonic() - start < 5


def test_memory_is_bounded_and_refused(serve: Serve) -> None:
    limit = 64 * 10**6
    server = serve("--memory-limit", "64MB")
    with httpx.Client(base_url=server.url, timeout=60) as http:
        body = {"buffer_id": "big", "window_size": 50_000_000}
        assert http.post(f"{PREFIX}/buffers", json=body).status_code == 200
        lines = "\n".join(json.dumps({"a": i * 1.5, "b": i, "c": "x" * 20}) for i in range(20_000))
        taken = 0
        for _ in range(400):
            answer = http.post(
                f"{PREFIX}/append",
                params={"buffer_id": "big"},
                content=lines,
                headers={"Content-Type": "application/x-ndjson"},
            )
            if answer.status_code != 200:
                break
            taken += 20_000
        assert answer.status_code == 507, answer.text
        assert answer.json()["error"]["code"] == "memory_limit"
        assert http.get(f"{PREFIX}/buffers/big").json()["size"] == taken > 100_000
        assert http.delete(f"{PREFIX}/buffers/big").status_code == 200
        assert http.post(f"{PREFIX}/buffers", json=body).status_code == 200
    assert server.peak_rss_bytes() <= limit + 96 * 2**20


def test_the_demo_moves(serve: Serve) -> None:
    assert FLIGHTS.is_file(), "run tools/setup.sh test first"
    server = serve("--demo", "--demo-data", str(FLIGHTS), "--demo-speed", "6000")
    with httpx.Client(base_url=server.url) as http:
        deadline = time.monotonic() + 20
        counts: set[int] = set()
        while len(counts) < 3:
            assert time.monotonic() < deadline
            stats = http.get(f"{PREFIX}/buffers/flights").json()
            counts.add(stats["append_count"])
        assert stats["size"] == 10_000
        row = http.post(f"{PREFIX}/features", json={"buffer_id": "flights", "tail": 1}).json()
        assert row["rows"] == 1
        assert row["data"][0]["date"].startswith("2001-")


def test_http_corners(serve: Serve) -> None:
    server = serve()
    with httpx.Client(base_url=server.url) as http:
        head = http.head("/v1/health")
        assert head.status_code == 200 and head.content == b""
        preflight = http.options(
            f"{PREFIX}/append",
            headers={
                "Origin": "http://page.example",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type",
            },
        )
        assert preflight.status_code in (200, 204)
        assert preflight.headers["Access-Control-Allow-Origin"] in ("*", "http://page.example")
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        metrics = http.get("/metrics")
        assert metrics.status_code == 200 and "headrace" in metrics.text
        http.post(f"{PREFIX}/buffers", json={"buffer_id": "a.b:c-d_e"})
        assert http.get(f"{PREFIX}/buffers/a%2Eb%3Ac-d_e").status_code == 200

        def pieces() -> object:
            yield b'{"buffer_id": "a.b:c-d_e", '
            yield b'"data": {"v": 1}}'

        chunked = http.post(f"{PREFIX}/append", content=pieces())
        assert chunked.json()["appended"] == 1


def test_pipelined_requests(serve: Serve) -> None:
    server = serve()
    request = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request * 50)
        answers = b""
        while answers.count(b"HTTP/1.1 200") < 50:
            piece = connection.recv(1 << 16)
            assert piece
            answers += piece
