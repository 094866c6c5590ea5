"""/v1/live: what is appended arrives, once and in order, whoever else is slow."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import Any

import httpx
import polars as pl
import pyarrow as pa
import pytest
from live_client import TEXT, Data, LiveClient, append, frame, numbers, rows
from server_process import ServerProcess

MakeBuffer = Callable[..., str]


def ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def test_state_then_changes(
    server: ServerProcess, client: httpx.Client, make_buffer: MakeBuffer
) -> None:
    name = make_buffer(window_size=100)
    append(client, name, rows(0, 150))
    with LiveClient(server.port) as live:
        said = live.subscribe(f"buffers.{name}", id="mine")
        assert said == {
            "id": "mine",
            "number": 1,
            "table": f"buffers.{name}",
            "first_row": 50,
            "follows": True,
        }
        schema = live.data()
        assert schema.is_schema
        assert schema.table().schema.names == ["n", "x", "text"]
        state = live.data()
        assert state.is_state
        assert state.table().to_pylist() == rows(50, 100)
        append(client, name, rows(150, 3))
        change = live.data()
        assert not change.is_state
        assert change.table().to_pylist() == rows(150, 3)


def test_tail_columns_filter_and_features(
    server: ServerProcess, client: httpx.Client, make_buffer: MakeBuffer
) -> None:
    name = make_buffer(window_size=100)
    append(client, name, rows(0, 30))
    features = {"rolling_windows": [5], "include_rolling_stats": ["mean"], "lag_periods": [1]}
    with LiveClient(server.port) as live:
        live.subscribe(
            name,
            features=features | {"columns": ["x"]},
            columns=["n", "x_rolling_mean_5"],
            filter="n % 2 = 0 and x_lag_1 > 0",
            tail=10,
        )
        assert live.data().table().schema.names == ["n", "x_rolling_mean_5"]
        append(client, name, rows(30, 10))
        seen: list[dict[str, Any]] = []
        while not seen or seen[-1]["n"] != 38:
            seen += live.data().table().to_pylist()
    frame = pl.DataFrame(rows(0, 40)).with_columns(
        pl.col("x").rolling_mean(5, min_samples=1).alias("x_rolling_mean_5")
    )
    wanted = frame.filter((pl.col("n") % 2 == 0) & (pl.col("n") >= 20))
    assert [row["n"] for row in seen] == wanted["n"].to_list()
    assert [row["x_rolling_mean_5"] for row in seen] == pytest.approx(
        wanted["x_rolling_mean_5"].to_list()
    )


@pytest.mark.parametrize("seed", range(3))
def test_every_row_once_and_in_order(
    server: ServerProcess, client: httpx.Client, make_buffer: MakeBuffer, seed: int
) -> None:
    """Policy "all", appends of any size at any time, clients that come in between."""
    chance = random.Random(seed)
    name = make_buffer(window_size=5_000)
    total = 4_000
    append(client, name, rows(0, 100))
    before = LiveClient(server.port)
    before.subscribe(name, policy="all", rate=chance.choice([5, 30, 500]))
    done = 100
    late: LiveClient | None = None
    while done < total:
        count = min(total - done, chance.choice([1, 1, 2, 10, 300]))
        append(client, name, rows(done, count))
        done += count
        if late is None and done > total / 2:
            late = LiveClient(server.port)
            late.subscribe(name, policy="all", rate=200)
    assert late is not None
    assert numbers(before, total - 1) == list(range(total))
    assert numbers(late, total - 1) == list(range(total))
    before.socket.close()
    late.socket.close()


def test_small_window_loses_nothing(
    server: ServerProcess, client: httpx.Client, make_buffer: MakeBuffer
) -> None:
    """More rows between two messages than the window has: "all" is woken before they leave."""
    name = make_buffer(window_size=200)
    append(client, name, rows(0, 1))
    with LiveClient(server.port) as live:
        live.subscribe(name, policy="all", rate=2)
        for first in range(1, 1001, 10):
            append(client, name, rows(first, 10))
        assert numbers(live, 1000) == list(range(1001))


def test_rate_bounds_messages(
    server: ServerProcess, client: httpx.Client, make_buffer: MakeBuffer
) -> None:
    name = make_buffer(window_size=10_000)
    append(client, name, rows(0, 1))
    with LiveClient(server.port) as live:
        live.subscribe(name, rate=10, tail=0)
        assert live.data().is_schema
        start = time.monotonic()
        done = 1
        while time.monotonic() < start + 1:
            append(client, name, rows(done, 1))
            done += 1
        messages = 0
        seen: list[int] = []
        while not seen or seen[-1] != done - 1:
            seen += live.data().table()["n"].to_pylist()
            messages += 1
        elapsed = time.monotonic() - start
        assert seen == list(range(1, done))
        assert messages <= elapsed * 10 + 2


def test_two_subscriptions_and_unsubscribe(
    server: ServerProcess, client: httpx.Client, make_buffer: MakeBuffer
) -> None:
    one, other = make_buffer(), make_buffer()
    append(client, one, rows(0, 1))
    append(client, other, rows(100, 1))
    with LiveClient(server.port) as live:
        live.subscribe(one, id="a", tail=0)
        assert live.data().is_schema
        live.subscribe(other, id=7, tail=0)
        assert live.data().is_schema
        live.send({"subscribe": {"table": one, "id": "a"}})
        assert live.refusal()["error"]["code"] == "name_exists"
        append(client, other, rows(101, 1))
        change = live.data()
        assert (change.number, change.table()["n"].to_pylist()) == (2, [101])
        live.send({"unsubscribe": 7})
        assert live.control("unsubscribed") == {"id": 7}
        append(client, other, rows(102, 1))
        append(client, one, rows(1, 1))
        change = live.data()
        assert (change.number, change.table()["n"].to_pylist()) == (1, [1])
        live.send({"unsubscribe": 7})
        refusal = live.refusal()
        assert (refusal["error"]["code"], refusal["id"]) == ("unknown_name", 7)


def test_append_over_the_socket(
    server: ServerProcess, client: httpx.Client, make_buffer: MakeBuffer
) -> None:
    name = make_buffer()
    with LiveClient(server.port) as live:
        live.send({"append": {"buffer_id": name, "data": rows(0, 2)}})
        assert live.control("appended")["buffer_size"] == 2
        live.send_binary(b"\0" * 8)
        refusal = live.refusal()
        assert (refusal["error"]["code"], refusal["refused"]) == ("invalid_argument", "append")
        live.send({"append_to": name})
        assert live.control("append_to") == {"buffer_id": name}
        live.send_binary(ipc(pa.Table.from_pylist(rows(2, 3))))
        answer = live.control("appended")
        assert (answer["buffer_id"], answer["appended"], answer["buffer_size"]) == (name, 3, 5)
        live.send_binary(ipc(pa.Table.from_pylist(rows(5, 5_000))))  # long: on the pool
        assert live.control("appended")["buffer_size"] == 1000
        live.send({"append": {"buffer_id": name, "data": rows(5_005, 2_000)}})
        assert live.control("appended")["appended"] == 2000
        live.send_binary(b"no arrow")
        assert live.refusal()["error"]["code"] == "malformed_body"
        live.send({"append": {"buffer_id": name, "data": [{"n": "text"}]}})
        refusal = live.refusal()
        assert refusal["error"]["code"] == "type_mismatch"
        assert refusal["error"]["location"] == ["append", "data", "0", "n"]
    last = client.get(f"/buffers/{name}/data", params={"tail": 1}).json()["data"]
    assert last == rows(7_004, 1)


@pytest.mark.parametrize(
    ("message", "code", "location", "words"),
    [
        ("nonsense", "invalid_argument", ["message"], ""),
        ('{"subscribe": {"table": ', "invalid_argument", ["message"], ""),
        ('{"subscribe": {"table": }}', "malformed_body", ["subscribe"], ""),
        ('{"subscrbe": {}}', "invalid_argument", ["message", "subscrbe"], "'subscribe'"),
        ('{"subscribe": {}}', "invalid_argument", ["subscribe", "table"], ""),
        ({"table": "e2e-none"}, "unknown_name", ["subscribe", "table"], ""),
        ({"fliter": "n > 1"}, "invalid_argument", ["subscribe", "fliter"], "'filter'"),
        ({"filter": "n >"}, "invalid_argument", ["subscribe", "filter"], ""),
        ({"filter": "m > 1"}, "unknown_name", ["subscribe", "filter", "m"], "'n'"),
        ({"columns": ["nn"]}, "unknown_name", ["subscribe", "columns", "nn"], "'n'"),
        ({"rate": 0}, "invalid_argument", ["subscribe", "rate"], ""),
        ({"policy": "some"}, "invalid_argument", ["subscribe", "policy"], ""),
        ({"tail": -1}, "invalid_argument", ["subscribe", "tail"], ""),
        ({"id": []}, "invalid_argument", ["subscribe", "id"], ""),
        (
            {"features": {"rolling_window": [3]}},
            "invalid_argument",
            ["subscribe", "features", "rolling_window"],
            "'rolling_windows'",
        ),
        (
            {"features": {"rolling_windows": [0]}},
            "invalid_argument",
            ["subscribe", "features", "rolling_windows", "0"],
            "",
        ),
    ],
)
def test_refusals(
    server: ServerProcess,
    client: httpx.Client,
    make_buffer: MakeBuffer,
    message: str | dict[str, Any],
    code: str,
    location: list[str],
    words: str,
) -> None:
    name = make_buffer()
    append(client, name, rows(0, 3))
    with LiveClient(server.port) as live:
        if isinstance(message, str):
            live.send_raw(live_text(message))
        else:
            live.send({"subscribe": {"table": name} | message})
        error = live.refusal()["error"]
        assert error["code"] == code, error
        if location[1:2] == ["filter"]:
            assert error["location"][:2] == location[:2]
        else:
            assert error["location"] == location, error
        assert words in error["message"]
        live.subscribe(name)  # the connection goes on


def live_text(text: str) -> bytes:
    return frame(TEXT, text.encode())


def test_many_refusals_end_it(server: ServerProcess) -> None:
    with LiveClient(server.port) as live:
        for _ in range(100):
            live.send({"unsubscribe": 1})
        assert live.code() == 1008


def test_schema_changes(
    server: ServerProcess, client: httpx.Client, make_buffer: MakeBuffer
) -> None:
    name = make_buffer()
    append(client, name, [{"n": 1}])
    with LiveClient(server.port) as live:
        live.subscribe(name, policy="all")
        assert live.data().is_schema
        assert live.data().table().to_pylist() == [{"n": 1}]
        append(client, name, [{"n": 2, "more": True}])
        assert live.data().is_schema
        assert live.data().table().to_pylist() == [{"n": 2, "more": True}]
        append(client, name, [{"n": 2.5, "more": None}])
        schema = live.data()
        assert schema.is_schema
        assert schema.table().schema.field("n").type == pa.float64()
        assert live.data().table().to_pylist() == [{"n": 2.5, "more": None}]


def test_clear_and_drop(
    server: ServerProcess, client: httpx.Client, make_buffer: MakeBuffer
) -> None:
    name = make_buffer()
    append(client, name, rows(0, 5))
    with LiveClient(server.port) as live:
        live.subscribe(name, id="w", policy="all")
        assert live.data().is_schema
        assert numbers(live, 4) == [0, 1, 2, 3, 4]
        client.post(f"/buffers/{name}/clear")
        assert live.control("cleared") == {"id": "w"}
        append(client, name, rows(9, 1))
        assert live.data().table()["n"].to_pylist() == [9]
        client.delete(f"/buffers/{name}")
        assert live.control("closed") == {"id": "w", "reason": "dropped", "rows": 6}
        live.send({"subscribe": {"table": name, "id": "w"}})
        assert live.refusal()["error"]["code"] == "unknown_name"


def test_a_table_is_sent_once(server: ServerProcess) -> None:
    table = pa.table(
        {
            "n": range(200_000),
            "word": pa.array([f"word {n % 5}" for n in range(200_000)]).dictionary_encode(),
        }
    )
    url = f"{server.url}/v1/tables/live-once"
    media_type = "application/vnd.apache.arrow.stream"
    httpx.put(url, content=ipc(table), headers={"Content-Type": media_type})
    with LiveClient(server.port) as live:
        said = live.subscribe("live-once", filter="n % 2 = 0", id=1)
        assert said["follows"] is False
        parts: list[pa.Table] = []
        while True:
            message = live.message()
            if not isinstance(message, Data):
                break
            if not message.is_schema:
                parts.append(message.table())
        assert message["closed"] == {"id": 1, "reason": "end", "rows": 100_000}
        assert len(parts) > 1
        read = pa.concat_tables(parts)
        assert read["n"].to_pylist() == list(range(0, 200_000, 2))
        assert read["word"].cast(pa.string())[7].as_py() == "word 4"
        live.subscribe("live-once", tail=3, columns=["n"])
        assert live.data().is_schema
        assert live.data().table()["n"].to_pylist() == [199_997, 199_998, 199_999]
        assert live.control("closed")["reason"] == "end"
        live.send({"subscribe": {"table": "live-once", "features": {}}})
        assert live.refusal()["error"]["location"] == ["subscribe", "features"]
    httpx.delete(url)


def test_plain_requests_are_told_to_upgrade(server: ServerProcess) -> None:
    answer = httpx.get(f"{server.url}/v1/live")
    assert answer.status_code == 426
    assert answer.headers["sec-websocket-version"] == "13"
    assert answer.json()["error"]["code"] == "malformed_body"
    assert json.loads(httpx.get(f"{server.url}/openapi.json").text)["paths"]["/v1/live"]
