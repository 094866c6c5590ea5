"""`--demo`: real flights in a window that is full from the start, and moves."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from server_process import ROOT, ServerProcess

StartServer = Callable[..., ServerProcess]
DATA = Path(
    os.environ.get(
        "HEADRACE_DEMO_DATA",
        ROOT / "node_modules" / "vega-datasets" / "data" / "flights-3m.parquet",
    )
).resolve()
PROCESS = 96 << 20


@pytest.fixture(autouse=True)
def data() -> None:
    if not DATA.exists():
        pytest.fail(f"no {DATA}: run `make setup-serve`, or set HEADRACE_DEMO_DATA")


def statistics(client: httpx.Client) -> dict[str, int]:
    answer = client.get("/buffers/flights")
    assert answer.status_code == 200, answer.text
    stats: dict[str, int] = answer.json()
    return stats


def wait_for_appends(client: httpx.Client, count: int) -> dict[str, int]:
    deadline = time.monotonic() + 60
    while (stats := statistics(client))["append_count"] < count:
        assert time.monotonic() < deadline, "the feed does not move"
        time.sleep(0.02)
    return stats


def test_flights_are_there_at_once_and_move(start_server: StartServer) -> None:
    server = start_server("--demo", "--demo-data", str(DATA))
    with server.client() as client:
        stats = statistics(client)
        assert stats["size"] == stats["window_size"] == 10_000
        assert stats["columns"] == ["date", "delay", "distance", "origin", "destination"]
        assert stats["numeric_columns"] == ["delay", "distance"]
        row = client.post("/features", json={"buffer_id": "flights", "tail": 1}).json()["data"][0]
        assert row["date"].startswith("2001-01-01T")
        assert row["distance_rolling_mean_20"] > 0
        later = wait_for_appends(client, stats["append_count"] + 5)
        assert later["size"] == 10_000
        dates = [row["date"] for row in client.get("/buffers/flights/data").json()["data"]]
        assert dates == sorted(dates)
    assert server.stop() < 8


def test_the_whole_file_goes_through_in_little_memory(start_server: StartServer) -> None:
    """Three million rows at the highest speed, in time order, over and over."""
    server = start_server(
        *["--demo", "--demo-data", str(DATA), "--demo-speed", "1e9", "--memory-limit", "64MB"]
    )
    with server.client() as client:
        wait_for_appends(client, 3_010_000)
        assert client.get("/buffers/flights/data", params={"tail": 1}).status_code == 200
        peak = server.peak_rss_bytes()
    assert server.stop() < 8
    assert 'msg="demo feed begins anew" buffer=flights rows=3000000' in server.log()
    assert peak <= 64_000_000 + PROCESS


def test_deleting_the_buffer_ends_the_feed_and_nothing_else(start_server: StartServer) -> None:
    server = start_server("--demo", "--demo-data", str(DATA), "--demo-window", "10")
    with server.client() as client:
        assert statistics(client)["size"] == 10
        assert client.delete("/buffers/flights").status_code == 200
        deadline = time.monotonic() + 60
        while "demo feed ends" not in server.log():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert client.get("/buffers").json()["total"] == 0
