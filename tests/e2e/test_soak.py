"""32 clients append and read at the same time: no error, no torn row, nothing lost."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from typing import Any

import numpy as np
import pyarrow as pa
from server_process import PREFIX, ServerProcess

CLIENTS = 32
SOAK_SECONDS = float(os.environ.get("HEADRACE_SOAK_SECONDS", "4"))
WINDOW = 5000
ARROW = "application/vnd.apache.arrow.stream"


class SoakClient(threading.Thread):
    """Appends numbered rows in batches and checks what it reads, until told to stop.

    Row `seq` of a client holds a = seq, b = 2 seq, c = -seq, a text, and how many rows of its batch
    follow.
    """

    def __init__(self, number: int, port: int, buffer: str, stop: threading.Event) -> None:
        super().__init__(name=f"client-{number}")
        self.number = number
        self.buffer = buffer
        self.stop = stop
        self.rng = random.Random(number)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.sent = 0
        self.requests = 0
        self.seen_appends = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                self.append()
                self.rng.choice([self.read_rows, self.read_features, self.read_statistics])()
        except BaseException as failure:
            self.failure = failure
            self.stop.set()
        finally:
            self.connection.close()

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
        self.connection.request(method, PREFIX + path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status == 200, f"{method} {path}: {answer.status} {content[:500]!r}"
        self.requests += 1
        return content

    def append(self) -> None:
        size = self.rng.choice([1, 1, 3, 20])
        rows = [
            {
                "client": self.number,
                "a": seq,
                "b": 2 * seq,
                "c": -float(seq),
                "text": f"row {seq} of {self.number}",
                "one": 1.0,
                "left": self.sent + size - 1 - seq,
            }
            for seq in range(self.sent, self.sent + size)
        ]
        body = {"buffer_id": self.buffer, "data": rows if size > 1 else rows[0]}
        answer = json.loads(self.call("POST", "/append", json.dumps(body).encode()))
        assert answer["appended"] == size
        assert answer["buffer_size"] <= WINDOW
        self.sent += size

    def read_rows(self) -> None:
        content = self.call("GET", f"/buffers/{self.buffer}/data", Accept=ARROW)
        self.check(pa.ipc.open_stream(content).read_all())

    def read_features(self) -> None:
        ask = {"buffer_id": self.buffer, "rolling_windows": [5], "lag_periods": [1], "tail": 500}
        content = self.call("POST", "/features", json.dumps(ask).encode(), Accept=ARROW)
        table = pa.ipc.open_stream(content).read_all()
        column = {name: table[name].to_numpy() for name in table.column_names}
        self.check(table)
        assert (column["one_rolling_mean_5"] == 1).all()
        assert (column["one_rolling_std_5"] == 0).all()
        # Features of the very rows that they stand beside.
        assert (column["a_lag_1"][1:] == column["a"][:-1]).all()
        assert (column["a_rolling_max_5"] >= column["a"]).all()
        assert (column["b_rolling_max_5"] == 2 * column["a_rolling_max_5"]).all()

    def read_statistics(self) -> None:
        stats = json.loads(self.call("GET", f"/buffers/{self.buffer}"))
        assert stats["append_count"] >= max(self.seen_appends, self.sent)
        assert stats["size"] == min(stats["append_count"], WINDOW)
        self.seen_appends = stats["append_count"]

    def check(self, table: pa.Table) -> None:
        table.validate(full=True)
        assert 0 < table.num_rows <= WINDOW
        column: dict[str, Any] = {
            name: table[name].to_numpy() for name in ["client", "a", "b", "c", "left"]
        }
        a, left, client = column["a"], column["left"], column["client"]
        assert (column["b"] == 2 * a).all(), "torn row"
        assert (column["c"] == -a).all(), "torn row"
        texts = table["text"].to_pylist()
        assert texts == [f"row {n} of {c}" for n, c in zip(a, client, strict=True)], "torn row"
        for number in np.unique(client):
            mine = a[client == number]
            assert (np.diff(mine) == 1).all(), f"rows of client {number} lost or out of order"
            if number == self.number:
                assert mine[-1] == self.sent - 1, "an append that was answered is not seen"
        # Where a batch goes on, the next row is its next row; and no batch is cut off at the end.
        inside = left[:-1] > 0
        assert (client[1:] == client[:-1])[inside].all(), "half a batch"
        assert (left[1:] == left[:-1] - 1)[inside].all(), "half a batch"
        assert left[-1] == 0, "half a batch"


def test_soak(server: ServerProcess) -> None:
    with server.client() as client:
        created = client.post("/buffers", json={"buffer_id": "soak", "window_size": WINDOW})
        assert created.status_code == 200
    stop = threading.Event()
    clients = [SoakClient(number, server.port, "soak", stop) for number in range(CLIENTS)]
    start = time.monotonic()
    for each in clients:
        each.start()
    stop.wait(SOAK_SECONDS)
    stop.set()
    for each in clients:
        each.join(60)
        assert not each.is_alive()
    failures = [each for each in clients if each.failure]
    if failures:
        raise AssertionError(failures[0].name) from failures[0].failure
    requests = sum(each.requests for each in clients)
    print(f"{requests} requests in {time.monotonic() - start:.1f} s")
    assert all(each.requests > 0 for each in clients)
    with server.client() as client:
        stats = client.get("/buffers/soak").json()
        assert stats["append_count"] == sum(each.sent for each in clients)
        client.delete("/buffers/soak")


def test_buffers_come_and_go_under_load(server: ServerProcess) -> None:
    """Create, append, clear and delete of one name by many clients: each answer is a legal one."""
    stop = threading.Event()
    statuses: list[set[int]] = []

    def churn(number: int) -> None:
        rng = random.Random(number)
        seen: set[int] = set()
        statuses.append(seen)
        with server.client() as client:
            while not stop.is_set():
                name = f"churn-{rng.randrange(3)}"
                call = rng.choice(["create", "append", "append", "features", "clear", "delete"])
                answer = {
                    "create": lambda n: client.post("/buffers", json={"buffer_id": n}),
                    "append": lambda n: client.post(
                        "/append", json={"buffer_id": n, "data": {"x": 1.5}}
                    ),
                    "features": lambda n: client.post("/features", json={"buffer_id": n}),
                    "clear": lambda n: client.post(f"/buffers/{n}/clear"),
                    "delete": lambda n: client.delete(f"/buffers/{n}"),
                }[call](name)
                seen.add(answer.status_code)

    threads = [threading.Thread(target=churn, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    stop.wait(min(SOAK_SECONDS, 3))
    stop.set()
    for thread in threads:
        thread.join(60)
    assert len(statuses) == 8
    assert set().union(*statuses) <= {200, 404, 409}
    with server.client() as client:
        for number in range(3):
            client.delete(f"/buffers/churn-{number}")
