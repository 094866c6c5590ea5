"""The seed: its bodies and answers field for field, its Python example as it stands."""

from __future__ import annotations

import asyncio
import re
import runpy
from pathlib import Path

import httpx
import pytest
from server import PREFIX, ROOT, Server

SENSOR = {"temperature": 72.5, "humidity": 45.2, "pressure": 1013.25}


def test_create_append_features(http: httpx.Client) -> None:
    created = http.post(f"{PREFIX}/buffers", json={"buffer_id": "sensor-data", "window_size": 1000})
    assert created.status_code == 200
    assert created.json() == {
        "object": "buffer_created",
        "buffer_id": "sensor-data",
        "window_size": 1000,
        "status": "created",
    }
    one = http.post(f"{PREFIX}/append", json={"buffer_id": "sensor-data", "data": SENSOR})
    assert one.json()["appended"] == 1
    rows = [SENSOR | {"temperature": t} for t in (72.5, 73.1, 71.9)]
    more = http.post(f"{PREFIX}/append", json={"buffer_id": "sensor-data", "data": rows}).json()
    assert set(more) == {"object", "buffer_id", "appended", "buffer_size", "avg_append_ms"}
    assert (more["object"], more["appended"], more["buffer_size"]) == ("append_result", 3, 4)

    features = http.post(
        f"{PREFIX}/features",
        json={
            "buffer_id": "sensor-data",
            "rolling_windows": [5, 10, 20],
            "include_rolling_stats": ["mean", "std", "min", "max"],
            "include_lags": True,
            "lag_periods": [1, 2, 3],
            "tail": 2,
        },
    ).json()
    assert set(features) == {"object", "buffer_id", "rows", "columns", "data"}
    assert features["object"] == "polars_data"
    assert features["rows"] == len(features["data"]) == 2
    assert len(features["columns"]) == 48
    assert features["columns"][:4] == [*SENSOR, "temperature_rolling_mean_5"]
    assert features["data"][-1]["temperature_lag_1"] == 73.1
    assert list(features["data"][0]) == features["columns"]

    stats = http.get(f"{PREFIX}/buffers/sensor-data").json()
    assert set(stats) == {
        "buffer_id",
        "size",
        "window_size",
        "columns",
        "numeric_columns",
        "memory_bytes",
        "append_count",
        "avg_append_ms",
    }
    listed = http.get(f"{PREFIX}/buffers").json()
    assert listed["object"] == "list"
    assert listed["total"] == len(listed["data"])
    cleared = http.post(f"{PREFIX}/buffers/sensor-data/clear").json()
    assert cleared == {"cleared": True, "buffer_id": "sensor-data", "size": 0}
    assert http.get(f"{PREFIX}/buffers/sensor-data").json()["columns"] == list(SENSOR)
    deleted = http.delete(f"{PREFIX}/buffers/sensor-data").json()
    assert deleted == {"deleted": True, "buffer_id": "sensor-data"}
    assert http.get(f"{PREFIX}/buffers/sensor-data").status_code == 404


def test_cold_start_table(http: httpx.Client, buffer_id: str) -> None:
    http.post(f"{PREFIX}/buffers", json={"buffer_id": buffer_id})
    expected = {1: (100.0, 0.0), 2: (125.0, 35.36), 5: (130.0, 46.90)}
    for tick, amount in enumerate([100, 150, 120, 80, 200], 1):
        http.post(f"{PREFIX}/append", json={"buffer_id": buffer_id, "data": {"amount": amount}})
        answer = http.post(f"{PREFIX}/features", json={"buffer_id": buffer_id, "tail": 1}).json()
        row = answer["data"][0]
        if tick in expected:
            mean, std = expected[tick]
            assert row["amount_rolling_mean_5"] == pytest.approx(mean)
            assert row["amount_rolling_std_5"] == pytest.approx(std, abs=0.005)


def test_python_example_unmodified(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is the seed's text; only the port it talks to and the pause it takes are ours."""
    example = ROOT / "examples" / "custom_feature_pipeline.py"
    assert "localhost:14345" in example.read_text()

    class Client(httpx.AsyncClient):
        async def send(self, request: httpx.Request, **options: object) -> httpx.Response:
            request.url = request.url.copy_with(host="127.0.0.1", port=server.port)
            return await super().send(request, **options)  # type: ignore[arg-type]

    pause = asyncio.sleep
    monkeypatch.setattr(httpx, "AsyncClient", Client)
    monkeypatch.setattr(asyncio, "sleep", lambda _seconds: pause(0))
    runpy.run_path(str(example), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert [int(re.match(r"Sample (\d+): rolling_mean_5=\d+\.\d\d$", s)[1]) for s in lines] == list(
        range(20, 100)
    )


def test_example_is_the_seeds(tmp_path: Path) -> None:
    seed = ROOT.parent / "shared" / "seeds" / "000-polars-buffer-api.md"
    if not seed.is_file():
        assert (ROOT / "examples" / "custom_feature_pipeline.py").is_file()
        return
    assert (ROOT / "examples" / "custom_feature_pipeline.py").read_text() in seed.read_text()
