"""Order, samples and charts over HTTP: the same rows that the same request gives in Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
import table_data
from server_process import ServerProcess
from table_data import ARROW_STREAM

import headrace as hr

ROWS = 12_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("charts")
    table_data.write_trips(folder / "parquet")
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    process = ServerProcess(folder / "server", "--load", f"trips={folder}/parquet").start()
    with httpx.Client(base_url=process.url, timeout=60) as opened:
        body = table_data.arrow_stream(table_data.trips(ROWS))
        put = opened.put("/v1/tables/held", content=body, headers={"content-type": ARROW_STREAM})
        assert put.status_code == 201
        yield opened
    process.stop()


def rows(client: httpx.Client, name: str, **parameters: Any) -> pa.Table:
    answer = client.get(f"/v1/tables/{name}", params={**parameters, "format": "arrows"})
    assert answer.status_code == 200, answer.text
    return pa.ipc.open_stream(answer.content).read_all()


@pytest.mark.parametrize("name", ["trips", "held"])
@pytest.mark.parametrize("method", ["minmaxlttb", "lttb", "minmax", "m4"])
def test_charts(client: httpx.Client, folder: Path, name: str, method: str) -> None:
    scan = hr.scan(folder / "parquet")
    ask = {"x": "at", "y": "fare", "points": 100}
    got = rows(client, name, downsample=method, **ask)
    assert got.equals(pa.table(scan.downsample(method=method, **ask).collect()))
    assert 0 < got.num_rows <= 200
    assert got.column_names == ["at", "fare"]
    span = {"from": "2024-04-01T00:00:00Z", "to": "2024-04-02T00:00:00Z"}
    day = rows(client, name, downsample=method, **ask, **span)
    times = day["at"].cast(pa.timestamp("us", "UTC")).to_pylist()
    assert {time.date().isoformat() for time in times} == {"2024-04-01"}
    assert day.num_rows > 50


def test_lines_of_a_chart(client: httpx.Client) -> None:
    got = rows(
        client, "trips", downsample="minmax", x="n", y="fare", points=10, by="vendor", limit=5000
    )
    assert got["n"].to_pylist()[-1] < 5000, "the limit comes first"
    assert set(got["vendor"].to_pylist()) == {None, *(f"v{k}" for k in range(7))}


def test_samples(client: httpx.Client) -> None:
    for name in ("trips", "held"):
        one = rows(client, name, sample=500, seed=7)
        assert one.num_rows == 500
        assert one.equals(rows(client, "trips", sample=500, seed=7)), "the same seed, the same rows"
        assert not one.equals(rows(client, name, sample=500, seed=8))
    part = rows(client, "trips", fraction=0.1, stratify="vendor", columns="vendor")
    assert abs(part.num_rows - ROWS / 10) < 20


def test_orders_by_pages(client: httpx.Client) -> None:
    expected = table_data.trips(ROWS).sort_by([("fare", "descending")])["n"].to_pylist()
    got: list[int] = []
    ask: dict[str, Any] = {"order_by": "-fare", "columns": "n", "limit": 700, "format": "arrows"}
    while True:
        answer = client.get("/v1/tables/trips", params=ask)
        assert answer.status_code == 200, answer.text
        got += pa.ipc.open_stream(answer.content).read_all()["n"].to_pylist()
        if "x-next-cursor" not in answer.headers:
            break
        ask["cursor"] = answer.headers["x-next-cursor"]
    assert got == expected
    ask["order_by"] = "fare"
    assert client.get("/v1/tables/trips", params=ask).status_code == 422, "another request's cursor"


@pytest.mark.parametrize(
    ("ask", "code", "place"),
    [
        ({"downsample": "m5", "x": "n", "y": "fare"}, 422, "m5"),
        ({"downsample": "m4", "x": "n"}, 422, "y"),
        ({"downsample": "m4", "x": "n", "y": "fair"}, 404, "fare"),
        ({"downsample": "m4", "x": "vendor", "y": "fare"}, 422, "vendor"),
        ({"downsample": "m4", "x": "n", "y": "fare", "points": 0}, 422, "points"),
        ({"downsample": "m4", "x": "at", "y": "fare", "from": "noon"}, 422, "from"),
        ({"x": "n"}, 422, "downsample"),
        ({"sample": 10, "fraction": 0.5}, 422, "fraction"),
        ({"fraction": "half"}, 422, "half"),
        ({"seed": 1}, 422, "seed"),
        ({"order_by": "-fair"}, 404, "fare"),
        ({"downsampel": "m4"}, 422, "downsample"),
    ],
)
def test_what_is_wrong_is_named(
    client: httpx.Client, ask: dict[str, Any], code: int, place: str
) -> None:
    answer = client.get("/v1/tables/trips", params=ask)
    assert (answer.status_code, place in answer.text) == (code, True), answer.text
