"""The command itself: help, options from three places, mistakes in one line, signals."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from server_process import BINARY, ServerProcess, clean_environment

StartServer = Callable[..., ServerProcess]
BAD_CONFIG, IO_ERROR = 2, 7


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BINARY, *arguments],
        capture_output=True,
        text=True,
        env=clean_environment(**variables),
        timeout=60,
    )


def refusal(*arguments: str, status: int = BAD_CONFIG, **variables: str) -> str:
    """What the command says when it refuses: one line and a status, nothing else."""
    done = run(*arguments, **variables)
    assert done.returncode == status, done
    assert done.stdout == ""
    assert re.fullmatch(r"headrace: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


def test_help() -> None:
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "serve" in done.stdout
    done = run("serve", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for option in ["host", "port", "memory-limit", "config", "log-level", "log-format", "demo"]:
        assert f"--{option}" in done.stdout
        assert "HEADRACE_" + option.upper().replace("-", "_") in done.stdout
    assert "14345" in done.stdout


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"headrace \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "headrace serve"),
        ("serv", "did you mean 'serve'?"),
        ("serve --prot 1", "did you mean '--port'?"),
        ("serve --port", "--port"),
        ("serve --port x", "--port: 'x' is not a port"),
        ("serve --port 65536", "65536"),
        ("serve --memory-limit lots", "--memory-limit: 'lots' is not a size"),
        ("serve --log-level loud", "trace, debug, info"),
        ("serve extra", "'extra'"),
        ("serve --host 999.1.1.1", "999.1.1.1"),
    ],
)
def test_mistakes(arguments: str, said: str) -> None:
    assert said in refusal(*shlex.split(arguments))


def test_bad_variable() -> None:
    assert "HEADRACE_PORT: 'x'" in refusal("serve", HEADRACE_PORT="x")


def test_bad_config_files(tmp_path: Path) -> None:
    config = tmp_path / "headrace.toml"
    config.write_text("port = 1\nhost = = 2\n")
    assert f"{config}:2:8: " in refusal("serve", "--config", str(config))
    config.write_text("\nmemory-limt = '1GB'\n")
    said = refusal("serve", "--config", str(config))
    assert f"{config}:2:1: unknown key 'memory-limt': did you mean 'memory-limit'?" in said
    config.write_text("port = 'x'\n")
    assert f"{config}:1:8: port: 'x'" in refusal("serve", HEADRACE_CONFIG=str(config))
    absent = str(tmp_path / "absent.toml")
    assert absent in refusal("serve", "--config", absent, status=IO_ERROR)


def test_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert str(port) in refusal("serve", "--port", str(port), status=IO_ERROR)


def test_port_of_another_server(start_server: StartServer) -> None:
    """Two servers do not share a port, as sockets may that both ask for it."""
    server = start_server()
    assert str(server.port) in refusal("serve", "--port", str(server.port), status=IO_ERROR)


def test_absent_demo_data() -> None:
    said = refusal("serve", "--demo", "--demo-data", "/no/such.parquet", status=IO_ERROR)
    assert "npm install vega-datasets" in said


def test_port_file_that_cannot_be_written() -> None:
    refusal("serve", "--port", "0", "--port-file", "/no/such/folder/port", status=IO_ERROR)


def test_flag_before_variable_before_file(start_server: StartServer, tmp_path: Path) -> None:
    config = tmp_path / "headrace.toml"
    config.write_text('memory-limit = "100MB"\nlog-format = "json"\nlog-level = "debug"\n')
    server = start_server("--config", str(config))
    assert memory_limit(server) == 100_000_000
    server = start_server("--config", str(config), HEADRACE_MEMORY_LIMIT="200MB")
    assert memory_limit(server) == 200_000_000
    server = start_server(
        "--memory-limit",
        "300MB",
        HEADRACE_CONFIG=str(config),
        HEADRACE_MEMORY_LIMIT="200MB",
        HEADRACE_LOG_LEVEL="info",
    )
    assert memory_limit(server) == 300_000_000
    server.stop()
    lines = [json.loads(line) for line in server.log().splitlines()]
    assert {line["level"] for line in lines} == {"info"}


def memory_limit(server: ServerProcess) -> int:
    limit: int = httpx.get(f"{server.url}/v1/health").json()["memory"]["limit_bytes"]
    return limit


def test_the_log_is_structured(start_server: StartServer) -> None:
    server = start_server("--log-format", "json", "--log-level", "debug", HEADRACE_PROT="1")
    httpx.get(f"{server.url}/v1/health")
    server.stop()
    lines = [json.loads(line) for line in server.log().splitlines()]
    assert all({"ts", "level", "msg"} <= line.keys() for line in lines)
    start = next(line for line in lines if line["msg"] == "listening")
    assert start["url"] == server.url
    assert start["memory_limit_bytes"] > 0
    assert re.fullmatch(r"\d+\.\d+\.\d+", start["version"])
    assert start["simd"]
    (warning,) = [line["msg"] for line in lines if line["level"] == "warn"]
    assert "did you mean HEADRACE_PORT?" in warning
    requests = [line for line in lines if line.get("target") == "/v1/health"]
    assert requests[-1]["status"] == 200
    assert [line["msg"] for line in lines][-2:] == ["draining", "stopped"]
    assert lines[-1]["clean"] is True


def test_logfmt_is_the_default(start_server: StartServer) -> None:
    server = start_server()
    server.stop()
    for line in server.log().splitlines():
        assert re.match(r"ts=\S+Z level=info msg=\S+", line), line
    assert f"url={server.url}" in server.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_drain_under_load(start_server: StartServer, number: signal.Signals) -> None:
    server = start_server()
    with server.client() as client:
        assert client.post("/buffers", json={"buffer_id": "x"}).status_code == 200
    stopped = threading.Event()
    odd: list[object] = []
    answered = 0

    def load() -> None:
        nonlocal answered
        body = {"buffer_id": "x", "data": [{"v": k} for k in range(200)]}
        with server.client() as client:
            while not stopped.is_set():
                try:
                    answer = client.post("/append", json=body)
                except httpx.TransportError:
                    return  # no new connections
                if answer.status_code not in (200, 503):
                    odd.append(answer.text)
                answered += 1

    threads = [threading.Thread(target=load) for _ in range(6)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 30
    while answered < 50 and time.monotonic() < deadline:
        time.sleep(0.01)
    took = server.stop(number)
    stopped.set()
    for thread in threads:
        thread.join(60)
    assert answered >= 50
    assert not odd
    assert took < 8, "the drain is bounded, and nothing here takes long"


def test_a_request_in_flight_is_finished(start_server: StartServer) -> None:
    """A body that is half sent when SIGTERM comes is waited for and answered."""
    server = start_server()
    body = b'{"buffer_id": "x", "window_size": 10}'
    with socket.create_connection(("127.0.0.1", server.port), 30) as client:
        head = (
            f"POST /v1/ml/polars/buffers HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        client.sendall(head.encode() + body[:10])
        wait_for_log(server, client)
        server.send()
        deadline = time.monotonic() + 30
        while "draining" not in server.log() and time.monotonic() < deadline:
            time.sleep(0.01)
        client.sendall(body[10:])
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert b"buffer_created" in answer
    server.wait()


def wait_for_log(server: ServerProcess, client: socket.socket) -> None:
    """Until the server has surely read what the client sent: it answers a later request."""
    assert httpx.get(f"{server.url}/v1/health").status_code == 200
    assert client.fileno() >= 0


def test_idle_connections_do_not_hold_the_drain(start_server: StartServer) -> None:
    """Neither one that never asked for anything, nor one that is kept alive after an answer."""
    server = start_server()
    with socket.create_connection(("127.0.0.1", server.port), 30), server.client() as kept_alive:
        assert kept_alive.get("/buffers").status_code == 200
        assert server.stop() < 5


def test_a_stuck_request_is_cut_off(start_server: StartServer) -> None:
    server = start_server("--drain-timeout", "0.5")
    with socket.create_connection(("127.0.0.1", server.port), 30) as client:
        client.sendall(
            b"POST /v1/ml/polars/append HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
        )
        wait_for_log(server, client)
        took = server.stop()
    assert 0.3 < took < 8
    assert "clean=false" in server.log()


def test_a_second_signal_ends_at_once(start_server: StartServer) -> None:
    server = start_server("--drain-timeout", "60")
    with socket.create_connection(("127.0.0.1", server.port), 30) as client:
        client.sendall(
            b"POST /v1/ml/polars/append HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
        )
        wait_for_log(server, client)
        server.send(signal.SIGINT)
        deadline = time.monotonic() + 30
        while "draining" not in server.log() and time.monotonic() < deadline:
            time.sleep(0.01)
        server.send(signal.SIGINT)
        assert server.process.wait(10) == -signal.SIGINT


def test_restart_on_the_same_port(start_server: StartServer) -> None:
    """A server that has just served can be started again at once."""
    first = start_server()
    port = first.port
    with first.client() as client:
        assert client.post("/buffers", json={"buffer_id": "x"}).status_code == 200
        first.stop()
    second = start_server("--port", str(port))
    assert second.port == port
    with second.client() as client:
        # Windows live in memory.
        assert client.get("/buffers").json()["total"] == 0


def test_ipv6_and_names(start_server: StartServer) -> None:
    server = start_server("--host", "localhost")
    assert httpx.get(f"http://localhost:{server.port}/v1/health").status_code == 200


def test_max_body(start_server: StartServer) -> None:
    server = start_server("--max-body", "1kB")
    with server.client() as client:
        assert client.post("/buffers", json={"buffer_id": "x"}).status_code == 200
        body = {"buffer_id": "x", "data": {"s": "y" * 1000}}
        answer = client.post("/append", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
