"""Pages: all of them together are the table, wherever the rows come from and however they move."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather as feather
import pytest
import table_data
from server_process import ServerProcess
from table_data import ARROW_STREAM

ROWS = 12_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    table = table_data.write_trips(folder / "parquet")
    (folder / "mixed").mkdir()
    for number, part in enumerate((table.slice(0, 4000), table.slice(4000, 8000))):
        feather.write_feather(part, folder / "mixed" / f"{number}.arrow", chunksize=700)
    texts = table.drop_columns(["at"])
    (folder / "text.csv").write_bytes(table_data.csv(texts))
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    loads = [f"trips={folder}/parquet", f"mixed={folder}/mixed", f"text={folder}/text.csv"]
    options = [part for load in loads for part in ("--load", load)]
    process = ServerProcess(folder / "server", *options).start()
    with httpx.Client(base_url=process.url, timeout=60) as opened:
        body = table_data.arrow_stream(table_data.trips(ROWS))
        put = opened.put("/v1/tables/held", content=body, headers={"content-type": ARROW_STREAM})
        assert put.status_code == 201
        yield opened
    process.stop()


def pages(client: httpx.Client, name: str, **parameters: Any) -> Iterator[pa.Table]:
    parameters["format"] = "arrows"
    while True:
        answer = client.get(f"/v1/tables/{name}", params=parameters)
        assert answer.status_code == 200, answer.text
        yield pa.ipc.open_stream(answer.content).read_all()
        if "x-next-cursor" not in answer.headers:
            return
        parameters["cursor"] = answer.headers["x-next-cursor"]
        parameters.pop("offset", None)


@pytest.mark.parametrize("name", ["trips", "mixed", "text", "held"])
@pytest.mark.parametrize("limit", [1000, 1777, 12_000, 20_000])
def test_pages_are_the_table(client: httpx.Client, name: str, limit: int) -> None:
    expected = table_data.trips(ROWS)
    if name == "text":
        expected = expected.drop_columns(["at"])
    got = list(pages(client, name, limit=limit))
    assert pa.concat_tables(got).equals(expected)
    assert len(got) == -(-ROWS // limit)


@pytest.mark.parametrize("name", ["trips", "mixed", "text", "held"])
def test_pages_of_a_filter(client: httpx.Client, name: str) -> None:
    table = table_data.trips(ROWS)
    expected = table.filter(pc.equal(table["vendor"], "v2"))["n"].to_pylist()
    for limit in (100, 499, len(expected)):
        got = list(pages(client, name, filter="vendor = 'v2'", columns="n", limit=limit))
        assert [n for page in got for n in page["n"].to_pylist()] == expected
        assert len(got) == -(-len(expected) // limit)
    assert [p.num_rows for p in pages(client, name, filter="n < 0", limit=5)] == [0]


def test_pages_of_groups(client: httpx.Client) -> None:
    got = list(pages(client, "trips", group_by="n", agg="count(*) as c", limit=5000))
    assert [page.num_rows for page in got] == [5000, 5000, 2000]
    assert sorted(n for page in got for n in page["n"].to_pylist()) == list(range(ROWS))


def test_the_first_page_may_begin_anywhere(client: httpx.Client) -> None:
    got = pa.concat_tables(pages(client, "trips", offset=6543, limit=2000, columns="n"))
    assert got["n"].to_pylist() == list(range(6543, ROWS))


def test_columns_and_format_may_change_between_pages(client: httpx.Client) -> None:
    first = client.get("/v1/tables/trips", params={"limit": 10, "columns": "n"})
    parameters = {"cursor": first.headers["x-next-cursor"], "limit": 1, "columns": "fare,n"}
    assert client.get("/v1/tables/trips", params=parameters).json() == [{"fare": None, "n": 10}]


def test_a_cursor_belongs_to_its_request(client: httpx.Client) -> None:
    cursor = client.get("/v1/tables/trips", params={"limit": 10}).headers["x-next-cursor"]
    for name, others in (
        ("trips", {"filter": "n > 5"}),
        ("trips", {"offset": 3}),
        ("trips", {"group_by": "n", "agg": "count(*)"}),
        ("held", {}),
    ):
        answer = client.get(f"/v1/tables/{name}", params={"cursor": cursor, "limit": 5, **others})
        assert answer.status_code == 422, answer.text
        assert answer.json()["error"]["location"] == ["query", "cursor"]


def test_no_cursor_without_a_limit_or_behind_the_last_row(client: httpx.Client) -> None:
    for parameters in ({}, {"limit": ROWS}, {"offset": ROWS - 5, "limit": 5}, {"limit": 0}):
        answer = client.get("/v1/tables/trips", params={**parameters, "columns": "n"})
        assert "x-next-cursor" not in answer.headers, parameters


def append(client: httpx.Client, begin: int, rows: int) -> None:
    data = [{"v": v} for v in range(begin, begin + rows)]
    body = {"buffer_id": "moving", "data": data}
    assert client.post("/v1/ml/polars/append", json=body).status_code == 200


@pytest.mark.parametrize("condition", ["", "v >= 0"])
def test_pages_of_a_window_that_moves(client: httpx.Client, condition: str) -> None:
    make = {"buffer_id": "moving", "window_size": 100}
    assert client.post("/v1/ml/polars/buffers", json=make).status_code == 200
    append(client, 0, 100)
    parameters: dict[str, Any] = {"limit": 40}
    if condition:
        parameters["filter"] = condition
    first = client.get("/v1/tables/moving", params=parameters)
    assert [row["v"] for row in first.json()] == list(range(40))
    parameters["cursor"] = first.headers["x-next-cursor"]
    append(client, 100, 30)  # rows 0 to 29 leave
    second = client.get("/v1/tables/moving", params=parameters)
    assert [row["v"] for row in second.json()] == list(range(40, 80))
    assert "x-rows-missed" not in second.headers
    append(client, 130, 20)  # rows 30 to 49 leave
    late = client.get("/v1/tables/moving", params=parameters)
    assert [row["v"] for row in late.json()] == list(range(50, 90))
    assert late.headers["x-rows-missed"] == "10"
    client.post("/v1/ml/polars/buffers/moving/clear")
    assert client.get("/v1/tables/moving", params=parameters).status_code == 422
    client.delete("/v1/tables/moving")
