"""Clients of /v1/live that are slow, killed, too many, or there when the server stops."""

from __future__ import annotations

import re
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from live_client import Data, LiveClient, append, numbers, rows
from server_process import ServerProcess

MakeBuffer = Callable[..., str]
StartServer = Callable[..., ServerProcess]
WAIT_SECONDS = 30.0


def health(server: ServerProcess) -> dict[str, int]:
    live: dict[str, int] = httpx.get(f"{server.url}/v1/health").json()["live"]
    return live


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def rss_bytes(server: ServerProcess) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


BIG = "x" * 2000


def big_rows(first: int, count: int) -> list[dict[str, Any]]:
    return [{"n": n, "text": BIG} for n in range(first, first + count)]


def test_stalled_latest_gets_what_is_current(start_server: StartServer) -> None:
    """It is told how much it missed; nobody else notices; memory stays where it is."""
    server = start_server("--live-queue", "256KiB", "--memory-limit", "512MiB")
    with server.client() as client:
        client.post("/buffers", json={"buffer_id": "w", "window_size": 2000})
        append(client, "w", big_rows(0, 1))
        stalled = [LiveClient(server.port, receive_bytes=4096) for _ in range(8)]
        for each in stalled:
            each.subscribe("w", rate=100)
        with LiveClient(server.port) as quick:
            quick.subscribe("w", rate=100, policy="all")
            seen = numbers(quick, 0)
            held = 0
            for first in range(1, 30_001, 50):
                append(client, "w", big_rows(first, 50))
                seen += numbers(quick, first + 49)
                if first == 7_501:
                    held = rss_bytes(server)
            assert seen == list(range(30_001))
            # 45 MB have come since; the window has 4 MB, and 8 queues of 256 KiB are 2 MB.
            assert rss_bytes(server) - held < 16 << 20
            figures = health(server)
            assert figures["slow_subscriptions"] == 8
            assert figures["queued_bytes"] < 8 * (512 << 10)
        for each in stalled:
            got: list[int] = []
            skipped = 0
            while not got or got[-1] != 30_000:
                message = each.message()
                if isinstance(message, Data):
                    if not message.is_schema:
                        got += message.table()["n"].to_pylist()
                else:
                    skipped += message["skipped"]["rows"]
                    assert message["skipped"]["total"] == skipped
            assert got == sorted(set(got))
            assert len(got) + skipped == 30_001
            assert skipped > 20_000
            each.socket.close()
        assert health(server)["rows_skipped"] > 160_000


def test_stalled_all_is_ended(start_server: StartServer) -> None:
    server = start_server("--live-queue", "256KiB")
    with server.client() as client:
        client.post("/buffers", json={"buffer_id": "w", "window_size": 2000})
        append(client, "w", big_rows(0, 1))
        stalled = LiveClient(server.port, receive_bytes=4096)
        stalled.subscribe("w", policy="all", rate=100)
        with LiveClient(server.port) as quick:
            quick.subscribe("w", policy="all", rate=100)
            seen = numbers(quick, 0)
            while health(server)["clients"] > 1:
                append(client, "w", big_rows(len(seen), 50))
                seen += numbers(quick, len(seen) + 49)
                assert len(seen) < 100_000
            assert seen == list(range(len(seen)))
        assert "headrace_live_fallen_behind_total 1" in httpx.get(f"{server.url}/metrics").text
        stalled.socket.close()


def test_behind_is_told_with_a_code(start_server: StartServer) -> None:
    """A client that reads again in time hears why it is ended."""
    server = start_server("--live-queue", "256KiB")
    with server.client() as client:
        client.post("/buffers", json={"buffer_id": "w", "window_size": 10})
        append(client, "w", big_rows(0, 1))
        with LiveClient(server.port) as live:
            live.subscribe("w", policy="all")
            append(client, "w", big_rows(1, 500))  # more than the window: lost before they show
            assert live.code() == 4001


def test_shutdown_says_so(start_server: StartServer) -> None:
    server = start_server()
    with server.client() as client:
        client.post("/buffers", json={"buffer_id": "w"})
        append(client, "w", rows(0, 1))
    idle, following = LiveClient(server.port), LiveClient(server.port)
    stalled = LiveClient(server.port, receive_bytes=4096)
    following.subscribe("w")
    stalled.subscribe("w")
    server.send(signal.SIGINT)
    assert idle.code() == 1001
    assert following.code() == 1001
    server.wait()
    for each in (idle, following, stalled):
        each.socket.close()


def test_killed_clients_are_forgotten(start_server: StartServer) -> None:
    server = start_server()
    with server.client() as client:
        client.post("/buffers", json={"buffer_id": "w"})
        append(client, "w", rows(0, 1))
        clients = [LiveClient(server.port) for _ in range(20)]
        for each in clients:
            each.subscribe("w")
        assert health(server)["subscriptions"] == 20
        for each in clients:  # as the system does for a process that is killed
            linger = b"\1\0\0\0\0\0\0\0"
            each.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            each.socket.close()
        wait_until(lambda: health(server)["clients"] == 0)
        figures = health(server)
        assert (figures["subscriptions"], figures["queued_bytes"]) == (0, 0)
        append(client, "w", rows(1, 1))


def test_limits_of_clients(start_server: StartServer) -> None:
    server = start_server("--live-clients", "2")
    first, second = LiveClient(server.port), LiveClient(server.port)
    third = LiveClient(server.port)
    assert (first.status, second.status, third.status) == (101, 101, 503)
    first.socket.close()
    wait_until(lambda: health(server)["clients"] == 1)
    fourth = LiveClient(server.port)
    assert fourth.status == 101
    with server.client() as client:
        client.post("/buffers", json={"buffer_id": "w"})
        append(client, "w", rows(0, 1))
    for _ in range(64):
        fourth.subscribe("w", tail=0)
        assert fourth.data().is_schema
    fourth.send({"subscribe": {"table": "w"}})
    assert fourth.refusal()["error"]["code"] == "too_large"
    for each in (second, third, fourth):
        each.socket.close()


def test_figures(server: ServerProcess, client: httpx.Client, make_buffer: MakeBuffer) -> None:
    name = make_buffer()
    append(client, name, rows(0, 1))
    with LiveClient(server.port) as live:
        live.subscribe(name)
        assert numbers(live, 0) == [0]
        text = httpx.get(f"{server.url}/metrics").text
        assert "headrace_live_clients 1" in text
        assert "headrace_live_subscriptions 1" in text
        assert "headrace_live_rows_total" in text
        assert re.search(r'route="/v1/live",status="101"', text)


def test_many_share_one_batch(start_server: StartServer) -> None:
    """What is taken for one is taken for all that ask for the same on a thread."""
    server = start_server("--threads", "2")
    with server.client() as client:
        client.post("/buffers", json={"buffer_id": "w"})
        append(client, "w", rows(0, 1))
        clients = [LiveClient(server.port) for _ in range(40)]
        for each in clients:
            each.subscribe("w", tail=0, policy="all")
        for n in range(1, 21):
            append(client, "w", rows(n, 1))
            for each in clients:
                assert numbers(each, n) == [n]
        text = httpx.get(f"{server.url}/metrics").text
        found = re.search(r"^headrace_live_batches_total (\d+)", text, re.MULTILINE)
        assert found and int(found[1]) <= 40
        for each in clients:
            each.socket.close()
