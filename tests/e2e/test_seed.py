"""The seed: its eight calls field for field, its Python example as it stands."""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
import re
import runpy
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from server_process import ROOT, ServerProcess

MakeBuffer = Callable[..., str]

READINGS = [
    {"temperature": 72.5, "humidity": 45.2, "pressure": 1013.25},
    {"temperature": 73.1, "humidity": 44.8, "pressure": 1013.10},
    {"temperature": 71.9, "humidity": 46.0, "pressure": 1013.50},
]
EXAMPLE = ROOT / "examples" / "custom_feature_pipeline.py"
EXAMPLE_SHA256 = "68f15414cc9454493a3b398e81b3f20d61bfd64a98da7c7d9dacbd8af0e75999"
LINE = re.compile(r"Sample (\d+): rolling_mean_5=(-?\d+\.\d\d)")
STATISTICS = [
    "buffer_id",
    "size",
    "window_size",
    "columns",
    "numeric_columns",
    "memory_bytes",
    "append_count",
    "avg_append_ms",
]


@pytest.fixture
def sensor_data(client: httpx.Client) -> Iterator[str]:
    """The document's buffer."""
    answer = client.post("/buffers", json={"buffer_id": "sensor-data", "window_size": 1000})
    assert answer.status_code == 200
    yield "sensor-data"
    client.delete("/buffers/sensor-data")


def ok(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def append(client: httpx.Client, buffer: str, data: Any) -> Any:
    return ok(client.post("/append", json={"buffer_id": buffer, "data": data}))


def test_create(client: httpx.Client) -> None:
    created = ok(client.post("/buffers", json={"buffer_id": "sensor-data", "window_size": 1000}))
    assert created == {
        "object": "buffer_created",
        "buffer_id": "sensor-data",
        "window_size": 1000,
        "status": "created",
    }
    assert list(created) == ["object", "buffer_id", "window_size", "status"]
    client.delete("/buffers/sensor-data")


def test_append_one_then_many(client: httpx.Client, sensor_data: str) -> None:
    one = append(client, sensor_data, READINGS[0])
    assert list(one) == ["object", "buffer_id", "appended", "buffer_size", "avg_append_ms"]
    assert (one["object"], one["buffer_id"]) == ("append_result", "sensor-data")
    assert (one["appended"], one["buffer_size"]) == (1, 1)
    assert 0 <= one["avg_append_ms"] < 1000
    many = append(client, sensor_data, READINGS)
    assert (many["appended"], many["buffer_size"]) == (3, 4)


def test_features(client: httpx.Client, sensor_data: str) -> None:
    append(client, sensor_data, READINGS)
    body = {
        "buffer_id": "sensor-data",
        "rolling_windows": [5, 10, 20],
        "include_rolling_stats": ["mean", "std", "min", "max"],
        "include_lags": True,
        "lag_periods": [1, 2, 3],
        "tail": 5,
    }
    features = ok(client.post("/features", json=body))
    assert list(features) == ["object", "buffer_id", "rows", "columns", "data"]
    assert (features["object"], features["rows"]) == ("polars_data", 3)
    names = ["temperature", "humidity", "pressure"]
    derived = [
        name
        for column in names
        for name in [
            *(
                f"{column}_rolling_{s}_{w}"
                for w in (5, 10, 20)
                for s in ("mean", "std", "min", "max")
            ),
            *(f"{column}_lag_{n}" for n in (1, 2, 3)),
        ]
    ]
    assert features["columns"] == names + derived
    for row in features["data"]:
        assert list(row) == features["columns"]
    last = features["data"][-1]
    assert last["temperature"] == 71.9
    assert last["temperature_rolling_mean_5"] == pytest.approx(72.5)
    assert last["temperature_rolling_std_5"] == pytest.approx(0.6)
    assert last["temperature_lag_1"] == 73.1
    assert last["temperature_lag_2"] == 72.5
    assert last["temperature_lag_3"] == 0.0
    # The document's defaults are the same call.
    assert ok(client.post("/features", json={"buffer_id": "sensor-data", "tail": 5})) == features


def test_list_and_statistics(client: httpx.Client, sensor_data: str) -> None:
    append(client, sensor_data, READINGS)
    append(client, sensor_data, {"temperature": 70.0, "room": "a"})
    listed = ok(client.get("/buffers"))
    assert list(listed) == ["object", "data", "total"]
    assert listed["object"] == "list"
    assert listed["total"] == len(listed["data"])
    (mine,) = [stats for stats in listed["data"] if stats["buffer_id"] == "sensor-data"]
    assert list(mine) == STATISTICS
    assert mine == ok(client.get("/buffers/sensor-data"))
    assert (mine["size"], mine["window_size"], mine["append_count"]) == (4, 1000, 4)
    assert mine["columns"] == ["temperature", "humidity", "pressure", "room"]
    assert mine["numeric_columns"] == ["temperature", "humidity", "pressure"]
    assert mine["memory_bytes"] > 0


def test_data(client: httpx.Client, sensor_data: str) -> None:
    append(client, sensor_data, READINGS)
    data = ok(client.get("/buffers/sensor-data/data"))
    assert data == {
        "object": "polars_data",
        "buffer_id": "sensor-data",
        "rows": 3,
        "columns": ["temperature", "humidity", "pressure"],
        "data": READINGS,
    }
    assert ok(client.get("/buffers/sensor-data/data", params={"tail": 2}))["data"] == READINGS[1:]
    with_features = ok(
        client.get("/buffers/sensor-data/data", params={"tail": 1, "with_features": "true"})
    )
    assert with_features["rows"] == 1
    assert len(with_features["columns"]) == 48
    assert with_features["data"][0]["humidity_lag_1"] == 44.8


def test_clear_keeps_the_schema_and_delete_forgets(client: httpx.Client, sensor_data: str) -> None:
    append(client, sensor_data, READINGS)
    cleared = ok(client.post("/buffers/sensor-data/clear"))
    assert cleared == {"cleared": True, "buffer_id": "sensor-data", "size": 0}
    stats = ok(client.get("/buffers/sensor-data"))
    assert (stats["size"], stats["append_count"]) == (0, 0)
    assert stats["columns"] == ["temperature", "humidity", "pressure"]
    assert ok(client.get("/buffers/sensor-data/data"))["data"] == []
    deleted = ok(client.delete("/buffers/sensor-data"))
    assert deleted == {"deleted": True, "buffer_id": "sensor-data"}
    assert client.get("/buffers/sensor-data").status_code == 404


def test_an_empty_buffer_reads_as_no_rows(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    name = make_buffer()
    empty = {"object": "polars_data", "buffer_id": name, "rows": 0, "columns": [], "data": []}
    assert ok(client.get(f"/buffers/{name}/data")) == empty
    assert ok(client.post("/features", json={"buffer_id": name})) == empty
    assert append(client, name, [])["appended"] == 0


def test_cold_start(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    """The document's table; its 45.83 at tick 5 is an error, the sample deviation is 46.90."""
    name = make_buffer(window_size=100)
    ask = {"buffer_id": name, "rolling_windows": [5], "tail": 1}
    seen: list[dict[str, float]] = []
    for amount in [100, 150, 120, 80, 200]:
        append(client, name, {"amount": amount})
        seen += ok(client.post("/features", json=ask))["data"]
    mean_and_std = [(r["amount_rolling_mean_5"], r["amount_rolling_std_5"]) for r in seen]
    assert mean_and_std[0] == (100.0, 0.0)
    assert mean_and_std[1] == (125.0, pytest.approx(35.36, abs=0.005))
    assert mean_and_std[4] == (130.0, pytest.approx(46.90, abs=0.005))
    assert all(math.isfinite(value) for row in seen for value in row.values())
    assert (seen[0]["amount_rolling_min_5"], seen[0]["amount_lag_1"]) == (100.0, 0.0)


def test_the_window_slides(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    name = make_buffer(window_size=100)
    append(client, name, [{"amount": i} for i in range(1, 101)])
    after = append(client, name, {"amount": 101})
    assert after["buffer_size"] == 100
    rows = ok(client.get(f"/buffers/{name}/data"))["data"]
    assert [row["amount"] for row in rows] == list(range(2, 102))
    # The oldest shown row has its full window, which the rows before it are kept for.
    features = ok(client.post("/features", json={"buffer_id": name, "rolling_windows": [2]}))
    assert features["data"][0]["amount_rolling_mean_2"] == 1.5
    assert features["data"][0]["amount_lag_1"] == 1


def test_a_longer_request_counts_whole(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    name = make_buffer(window_size=3)
    result = append(client, name, [{"x": i} for i in range(10)])
    assert (result["appended"], result["buffer_size"]) == (10, 3)


def test_types_as_rows_bring_them(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    """One batch and as many single appends give the same data."""
    rows = [
        {"n": 1, "late": None},
        {"n": None, "s": "a"},
        {"n": 2.5, "late": True, "s": None},
        {"s": 'ü\u0000"\\', "n": -0.0},
    ]
    batch, singles = make_buffer(), make_buffer()
    append(client, batch, rows)
    for row in rows:
        append(client, singles, row)
    data = ok(client.get(f"/buffers/{batch}/data"))
    assert data["columns"] == ["n", "late", "s"]
    assert data["data"] == [{"n": None, "late": None, "s": None} | row for row in rows]
    assert ok(client.get(f"/buffers/{singles}/data"))["data"] == data["data"]
    assert ok(client.get(f"/buffers/{batch}"))["numeric_columns"] == ["n"]


def test_the_example_prints_features_from_sample_20_on(
    server: ServerProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unmodified: only the port that it talks to and the pauses that it makes are ours."""

    class ClientOfThisServer(httpx.AsyncClient):
        """The example has port 14345 in it; the test's server has another one."""

        async def request(self, method: str, url: Any, **options: Any) -> httpx.Response:
            assert str(url).startswith("http://localhost:14345/"), url
            answer = await super().request(
                method, httpx.URL(url).copy_with(host="127.0.0.1", port=server.port), **options
            )
            assert answer.status_code == 200, answer.text
            return answer

    sleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda _: sleep(0))
    monkeypatch.setattr(httpx, "AsyncClient", ClientOfThisServer)
    random.seed(5)
    runpy.run_path(str(EXAMPLE), run_name="__main__")

    random.seed(5)
    values = [72 + random.gauss(0, 2) for _ in range(100)]
    printed = [LINE.fullmatch(line) for line in capsys.readouterr().out.splitlines()]
    assert [int(line[1]) for line in printed if line] == list(range(20, 100))
    assert len(printed) == 80
    for line in printed:
        assert line is not None
        i = int(line[1])
        assert float(line[2]) == pytest.approx(statistics.fmean(values[i - 4 : i + 1]), abs=0.006)
    with server.client() as client:
        assert client.get("/buffers/custom-features").status_code == 404


def test_the_example_is_the_documents() -> None:
    """Whoever changes the example changes what its users were promised."""
    assert hashlib.sha256(EXAMPLE.read_bytes()).hexdigest() == EXAMPLE_SHA256
