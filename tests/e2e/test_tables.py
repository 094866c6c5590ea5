"""Every source by its name: registered, listed, read in every format, dropped."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import table_data
from server_process import ServerProcess
from table_data import ARROW_FILE, ARROW_STREAM, NDJSON, PARQUET, READERS, as_json

ROWS = 12_000


class Served:
    """A server over files, with what is in them."""

    def __init__(self, server: ServerProcess, folder: Path, table: pa.Table) -> None:
        self.server = server
        self.folder = folder
        self.table = table
        self.client = httpx.Client(base_url=server.url, timeout=60)

    def get(self, path: str = "/v1/tables/trips", **parameters: Any) -> httpx.Response:
        headers = parameters.pop("headers", {})
        return self.client.get(path, params=parameters, headers=headers)

    def rows(self, **parameters: Any) -> pa.Table:
        answer = self.get(format="arrows", **parameters)
        assert answer.status_code == 200, answer.text
        return pa.ipc.open_stream(answer.content).read_all()

    def put(self, name: str, body: bytes, kind: str) -> httpx.Response:
        return self.client.put(f"/v1/tables/{name}", content=body, headers={"content-type": kind})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("trips")
    table = table_data.write_trips(folder / "data")
    (folder / "other").mkdir()
    pattern = f"trips={folder}/data/*.parquet"
    process = ServerProcess(
        folder / "server", "--load", pattern, "--allow-dir", str(folder / "data")
    )
    served = Served(process.start(), folder, table)
    yield served
    served.client.close()
    process.stop()


def error(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()["error"]
    return body


def test_every_source_is_listed(served: Served) -> None:
    served.client.post(
        "/v1/ml/polars/buffers", json={"buffer_id": "live", "schema": {"v": "double"}}
    )
    served.put("small", b"a,b\n1,x\n", "text/csv")
    listed = {t["full_name"]: t for t in served.get("/v1/tables").json()["data"]}
    assert list(listed) == ["buffers.live", "files.trips", "tables.small"]
    trips = listed["files.trips"]
    assert (trips["name"], trips["kind"], trips["rows"]) == ("trips", "files", ROWS)
    sizes = [p.stat().st_size for p in (served.folder / "data").glob("*.parquet")]
    assert trips["bytes"] == sum(sizes)
    assert trips["schema"][3] == {
        "name": "at",
        "type": "timestamp[us, tz=Europe/Berlin]",
        "nullable": True,
    }
    assert listed["tables.small"]["rows"] == 1
    assert served.get("/v1/tables/trips/schema").json() == trips
    for name in ("buffers.live", "tables.small"):
        assert served.client.delete(f"/v1/tables/{name}").json()["deleted"] is True
    assert served.get("/v1/tables").json()["total"] == 1


@pytest.mark.parametrize("name", READERS)
def test_every_format_is_the_table(served: Served, name: str) -> None:
    media_type, read = READERS[name]
    expected = as_json(served.table.slice(0, 2500))
    by_name = served.get(format=name, limit=2500)
    assert by_name.headers["content-type"].split(";")[0] == media_type
    assert read(by_name.content) == expected
    by_accept = served.get(limit=2500, headers={"accept": media_type})
    assert read(by_accept.content) == expected
    assert by_accept.headers["content-type"] == by_name.headers["content-type"]
    everything = served.get(format=name)
    assert read(everything.content) == as_json(served.table)


@pytest.mark.parametrize("name", READERS)
def test_no_row_and_one_row(served: Served, name: str) -> None:
    _, read = READERS[name]
    assert read(served.get(format=name, limit=0).content) == []
    assert read(served.get(format=name, filter="n < 0").content) == []
    assert read(served.get(format=name, filter="n = 7").content) == as_json(
        served.table.slice(7, 1)
    )


def test_the_types_are_those_of_the_files(served: Served) -> None:
    for accept in (ARROW_STREAM, ARROW_FILE):
        content = served.get(limit=3, headers={"accept": accept}).content
        opened = (
            pa.ipc.open_stream(content) if accept == ARROW_STREAM else pa.ipc.open_file(content)
        )
        assert opened.schema.equals(served.table.schema)


def test_columns_filter_limit_and_offset(served: Served) -> None:
    table = served.table
    assert served.rows(columns="vendor,n").equals(table.select(["vendor", "n"]))
    late = table.filter(pc.and_(pc.greater(table["fare"], 100), pc.equal(table["vendor"], "v3")))
    assert served.rows(filter="fare > 100 and vendor = 'v3'").equals(late)
    assert served.rows(
        filter="fare > 100 and vendor = 'v3'", offset=5, limit=9, columns="n"
    ).equals(late.select(["n"]).slice(5, 9))
    for offset in (1, 999, 1000, 4001, 11_999, 12_000, 99_999):
        assert served.rows(offset=offset, limit=7).equals(table.slice(offset, 7))
    assert served.rows(offset=11_000).equals(table.slice(11_000))


def test_groups(served: Served) -> None:
    groups = served.rows(
        group_by="vendor", agg="mean(fare),sum(n),count(*) as trips", filter="vendor is not null"
    )
    frame = pl.DataFrame(pl.from_arrow(served.table)).filter(pl.col("vendor").is_not_null())
    expected = frame.group_by("vendor").agg(
        pl.col("fare").mean(), pl.col("n").sum(), pl.len().alias("trips")
    )
    assert groups.num_columns == 4
    assert groups.column_names[0] == "vendor" and groups.column_names[3] == "trips"
    got = pl.DataFrame(pl.from_arrow(groups)).sort("vendor")
    assert got.to_series(2).to_list() == expected.sort("vendor")["n"].to_list()
    assert got.to_series(1).to_list() == pytest.approx(expected.sort("vendor")["fare"].to_list())
    assert served.rows(agg="count(*) as c").to_pylist() == [{"c": ROWS}]


@pytest.mark.parametrize(
    ("parameters", "status", "location"),
    [
        ({"limt": 3}, 422, ["query", "limt"]),
        ({"limit": "x"}, 422, ["query", "limit"]),
        ({"limit": -1}, 422, ["query", "limit"]),
        ({"offset": "1.5"}, 422, ["query", "offset"]),
        ({"columns": "n,,fare"}, 422, ["query", "columns"]),
        ({"columns": "nn"}, 404, ["query", "columns", "nn"]),
        ({"format": "xml"}, 422, ["query", "format"]),
        ({"cursor": "what"}, 422, ["query", "cursor"]),
        ({"filter": "n >"}, 422, None),
        ({"group_by": "nn", "agg": "count(*)"}, 404, None),
        ({"agg": "median_of(n)"}, 404, ["query", "agg", "0"]),
    ],
)
def test_refusals_name_the_parameter(
    served: Served, parameters: dict[str, Any], status: int, location: list[str] | None
) -> None:
    refused = error(served.get(**parameters), status)
    assert refused["location"][0] == "query"
    if location is not None:
        assert refused["location"] == location
    assert "did you mean 'limit'" in refused["message"] or "limt" not in parameters


def test_other_refusals(served: Served) -> None:
    unknown = error(served.get("/v1/tables/tripz"), 404)
    assert unknown["code"] == "unknown_name" and "trips" in unknown["message"]
    none = error(served.get(headers={"accept": "text/html"}), 406)
    assert ARROW_STREAM in none["message"] and PARQUET in none["message"]
    assert error(served.get(headers={"accept-encoding": "identity;q=0"}), 406)
    assert error(served.put("x", b"<x/>", "text/xml"), 415)["code"] == "unsupported_media_type"
    assert error(served.put("x", b"no", ARROW_STREAM), 400)["code"] == "malformed_body"
    assert error(served.put("a b", b"a\n1\n", "text/csv"), 422)["location"][0] == "path"
    assert error(served.client.delete("/v1/tables/none"), 404)


@pytest.mark.parametrize(
    ("kind", "write"),
    [
        (ARROW_STREAM, table_data.arrow_stream),
        (ARROW_FILE, table_data.arrow_file),
        (PARQUET, table_data.parquet),
        ("text/csv", table_data.csv),
        (NDJSON, table_data.ndjson),
    ],
)
def test_a_body_becomes_a_table(
    served: Served, kind: str, write: Callable[[pa.Table], bytes]
) -> None:
    table = table_data.trips(3000)
    if kind in ("text/csv", NDJSON):
        table = table.drop_columns(["at"])  # text has no zones
    answer = served.put("put", write(table), kind)
    assert answer.status_code in (200, 201), answer.text
    assert answer.json()["rows"] == 3000
    read = served.get("/v1/tables/put", format="arrows")
    assert pa.ipc.open_stream(read.content).read_all().equals(table)
    served.client.delete("/v1/tables/put")


def test_a_name_is_put_again(served: Served) -> None:
    assert served.put("again", b"a\n1\n2\n", "text/csv").status_code == 201
    first = served.get("/v1/tables/again")
    assert first.json() == [{"a": 1}, {"a": 2}]
    assert served.put("again", b"b\nx\n", "text/csv").status_code == 200
    second = served.get("/v1/tables/again")
    assert second.json() == [{"b": "x"}]
    assert first.headers["etag"] != second.headers["etag"]
    named = served.client.put("/v1/tables/again", json={"path": "0.parquet"})
    assert named.status_code == 200, named.text
    assert named.json()["full_name"] == "files.again"
    assert served.get("/v1/tables/again", agg="count(*) as c").json() == [{"c": 4000}]
    served.client.delete("/v1/tables/again")


def test_only_files_of_allowed_directories(served: Served) -> None:
    outside = served.folder / "other" / "secret.parquet"
    outside.write_bytes(table_data.parquet(table_data.trips(3)))
    for path in (str(outside), "../other/secret.parquet", "/etc/passwd"):
        refused = error(served.client.put("/v1/tables/x", json={"path": path}), 422)
        assert refused["location"] == ["body", "path"]
    assert error(served.client.put("/v1/tables/x", json={"path": "none.parquet"}), 404)
    assert error(served.client.put("/v1/tables/x", json={"paths": "x"}), 422)


def test_polars_and_pandas_read_the_url(served: Served) -> None:
    url = f"{served.server.url}/v1/tables/trips?format=parquet"
    content = httpx.get(url).content
    assert pl.read_parquet(io.BytesIO(content)).height == ROWS
    frame = pl.read_csv(f"{served.server.url}/v1/tables/trips?format=csv&columns=n&limit=5")
    assert frame["n"].to_list() == [0, 1, 2, 3, 4]


def test_a_live_window_is_a_table(served: Served) -> None:
    post = served.client.post
    post("/v1/ml/polars/buffers", json={"buffer_id": "w", "window_size": 5})
    rows = [{"v": k} for k in range(8)]
    post("/v1/ml/polars/append", json={"buffer_id": "w", "data": rows})
    answer = served.get("/v1/tables/w", filter="v > 4")
    assert answer.json() == [{"v": 5}, {"v": 6}, {"v": 7}]
    assert "etag" not in answer.headers
    served.client.delete("/v1/tables/buffers.w")
