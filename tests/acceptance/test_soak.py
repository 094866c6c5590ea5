"""Many clients at once: no error, no torn row, no step back in time."""

from __future__ import annotations

import os
import threading
import time

import httpx
import pyarrow as pa
from server import PREFIX, Server

SECONDS = float(os.environ.get("HEADRACE_SOAK_SECONDS", "8"))
CLIENTS = 32
ARROW = "application/vnd.apache.arrow.stream"


class Client(threading.Thread):
    def __init__(self, url: str, number: int, deadline: float) -> None:
        super().__init__()
        self.http = httpx.Client(base_url=url, timeout=30)
        self.number = number
        self.deadline = deadline
        self.rounds = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while time.monotonic() < self.deadline:
                self.append() if self.number % 2 else self.read()
                self.rounds += 1
        except BaseException as error:
            self.error = error
        finally:
            self.http.close()

    def append(self) -> None:
        first = self.rounds * 3
        rows = [
            {"client": self.number, "n": n, "twice": 2.0 * n, "minus": -n, "text": str(n)}
            for n in range(first, first + 3)
        ]
        data = rows if self.rounds % 2 else rows[0]
        answer = self.http.post(f"{PREFIX}/append", json={"buffer_id": "soak", "data": data})
        assert answer.status_code == 200, answer.text

    def read(self) -> None:
        body = {"buffer_id": "soak", "rolling_windows": [5, 50], "lag_periods": [1]}
        answer = self.http.post(f"{PREFIX}/features", json=body, headers={"Accept": ARROW})
        assert answer.status_code == 200, answer.text
        table = pa.ipc.open_stream(answer.content).read_all()
        assert table.num_rows <= 500
        if table.num_rows == 0:
            return
        table.validate(full=True)
        last: dict[int, int] = {}
        columns = [table[name].to_pylist() for name in ("client", "n", "twice", "minus", "text")]
        for client, n, twice, minus, text in zip(*columns, strict=True):
            assert twice == 2 * n and minus == -n and text == str(n)
            assert n > last.get(client, -1)
            last[client] = n
        lags = table["n_lag_1"].to_pylist()
        assert lags[1:] == columns[1][:-1]


def test_clients_appending_and_reading(server: Server) -> None:
    with httpx.Client(base_url=server.url) as http:
        http.post(f"{PREFIX}/buffers", json={"buffer_id": "soak", "window_size": 500})
    deadline = time.monotonic() + SECONDS
    clients = [Client(server.url, number, deadline) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(timeout=SECONDS + 60)
        assert not client.is_alive()
    errors = [client.error for client in clients if client.error]
    assert not errors, errors[0]
    assert all(client.rounds > 0 for client in clients)
