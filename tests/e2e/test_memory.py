"""The memory limit holds: what does not fit is refused, and the process stays small."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import numpy as np
import pyarrow as pa
from server_process import ServerProcess

StartServer = Callable[..., ServerProcess]
LIMIT = 64_000_000
PROCESS = 96 << 20  # what the process itself may take, with Arrow loaded


def chunk(rows: int, columns: int) -> bytes:
    rng = np.random.default_rng(3)
    table = pa.table({f"c{k}": rng.normal(size=rows) for k in range(columns)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def append(client: httpx.Client, name: str, body: bytes, kind: str) -> httpx.Response:
    headers = {"content-type": kind}
    return client.post("/append", params={"buffer_id": name}, content=body, headers=headers)


def fill(client: httpx.Client, name: str, body: bytes, kind: str) -> int:
    """Appends until refused; returns how many appends went in."""
    created = client.post("/buffers", json={"buffer_id": name, "window_size": 50_000_000})
    assert created.status_code == 200, created.text
    for count in range(1000):
        answer = append(client, name, body, kind)
        if answer.status_code != 200:
            assert answer.status_code == 507, answer.text
            error = answer.json()["error"]
            assert error["code"] == "memory_limit"
            assert "window" in error["message"], "the message says who holds what"
            return count
    raise AssertionError("never refused")


def test_a_full_budget_refuses_and_stays_bounded(start_server: StartServer) -> None:
    server = start_server("--memory-limit", "64MB")
    arrow = "application/vnd.apache.arrow.stream"
    body = chunk(50_000, 5)  # 2 MB
    text = b'{"x": 1.25, "y": 2, "s": "some text"}\n' * 20_000
    with server.client() as client:
        taken = fill(client, "a", body, arrow)
        assert taken >= 8, "most of the budget is for data"
        before = client.get("/buffers/a").json()
        for _ in range(5):
            assert append(client, "a", body, arrow).status_code == 507
            features = client.post("/features", json={"buffer_id": "a"})
            assert features.status_code == 507
            assert append(client, "a", text, "application/x-ndjson").status_code in (413, 507)
        after = client.get("/buffers/a").json()
        assert {**after, "memory_bytes": 0} == {**before, "memory_bytes": 0}
        assert after["size"] == taken * 50_000
        # What is refused is the large thing; a small one may still have room, or is refused too.
        client.post("/append", json={"buffer_id": "a", "data": {"c0": 1.0}})
        assert client.get("/buffers/a/data", params={"tail": 1}).status_code == 200

        assert client.delete("/buffers/a").status_code == 200
        assert fill(client, "b", body, arrow) >= taken - 1, "what was held is free again"
        assert client.post("/buffers/b/clear").status_code == 200
        assert append(client, "b", body, arrow).status_code == 200
        assert client.delete("/buffers/b").status_code == 200
        assert fill(client, "c", text, "application/x-ndjson") >= 8
        # Long answers do not need room for the whole of them.
        accept = {"accept": "application/x-ndjson"}
        with client.stream("GET", "/buffers/c/data", headers=accept) as answer:
            assert answer.status_code == 200
            lines = sum(part.count(b"\n") for part in answer.iter_raw())
        assert lines == client.get("/buffers/c").json()["size"]
    peak = server.peak_rss_bytes()
    print(f"peak RSS {peak / 2**20:.0f} MiB at a limit of {LIMIT / 2**20:.0f} MiB")
    assert peak <= LIMIT + PROCESS


def test_a_steady_stream_does_not_grow(start_server: StartServer) -> None:
    server = start_server("--memory-limit", "64MB")
    body = chunk(10_000, 5)
    kind = "application/vnd.apache.arrow.stream"
    with server.client() as client:
        client.post("/buffers", json={"buffer_id": "a", "window_size": 20_000})
        held = []
        for round_number in range(60):
            assert append(client, "a", body, kind).status_code == 200
            assert client.get("/buffers/a/data", params={"tail": 1}).status_code == 200
            if round_number >= 20:
                held.append(client.get("/buffers/a").json()["memory_bytes"])
        assert max(held) <= 4 * 20_000 * 5 * 8
        used = httpx.get(f"{server.url}/v1/health").json()["memory"]["used_bytes"]
        assert used < LIMIT // 4
    assert server.peak_rss_bytes() <= LIMIT + PROCESS
