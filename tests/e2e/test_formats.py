"""Every format that Accept can ask for says what JSON says, as pyarrow and Polars read it."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from typing import Any

import httpx
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

MakeBuffer = Callable[..., str]

ROWS: list[dict[str, Any]] = [
    {"n": 1, "f": 0.1, "b": True, "s": "plain"},
    {"n": None, "f": -1e-300, "b": None, "s": 'q"uo,te\nline'},
    {"n": -(2**63), "f": 1e22, "b": False, "s": ""},
    {"n": 2**63 - 1, "f": None, "b": True, "s": None},
    {"n": 0, "f": 5.0, "b": False, "s": "ü€🙂"},
]


def arrow_stream(content: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pa.ipc.open_stream(content).read_all().to_pylist()
    return rows


def arrow_file(content: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pa.ipc.open_file(pa.BufferReader(content)).read_all().to_pylist()
    return rows


def parquet(content: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(content)).to_pylist()
    return rows


def csv(content: bytes) -> list[dict[str, Any]]:
    # Polars tells a quoted empty string from a null; types are given, as CSV has none.
    return pl.read_csv(content, schema=CSV_TYPES).to_dicts()


def ndjson(content: bytes) -> list[dict[str, Any]]:
    assert content == b"" or content.endswith(b"\n")
    return [json.loads(line) for line in content.splitlines()]


CSV_TYPES = {"n": pl.Int64, "f": pl.Float64, "b": pl.Boolean, "s": pl.String}

FORMATS: dict[str, Callable[[bytes], list[dict[str, Any]]]] = {
    "application/vnd.apache.arrow.stream": arrow_stream,
    "application/vnd.apache.arrow.file": arrow_file,
    "application/vnd.apache.parquet": parquet,
    "text/csv": csv,
    "application/x-ndjson": ndjson,
}


@pytest.fixture
def filled(client: httpx.Client, make_buffer: MakeBuffer) -> str:
    name = make_buffer()
    answer = client.post("/append", json={"buffer_id": name, "data": ROWS})
    assert answer.status_code == 200, answer.text
    return name


@pytest.mark.parametrize("media_type", FORMATS)
def test_data_equals_json(client: httpx.Client, filled: str, media_type: str) -> None:
    path = f"/buffers/{filled}/data"
    assert client.get(path).json()["data"] == ROWS
    answer = client.get(path, headers={"accept": media_type})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].split(";")[0] == media_type
    assert FORMATS[media_type](answer.content) == ROWS
    tail = client.get(path, params={"tail": 2}, headers={"accept": media_type})
    assert FORMATS[media_type](tail.content) == ROWS[-2:]


@pytest.mark.parametrize("media_type", [m for m in FORMATS if m != "text/csv"])
def test_features_equal_json(client: httpx.Client, filled: str, media_type: str) -> None:
    ask = {"buffer_id": filled, "rolling_windows": [2], "fill": "null"}
    said = client.post("/features", json=ask).json()["data"]
    answer = client.post("/features", json=ask, headers={"accept": media_type})
    assert answer.status_code == 200, answer.text
    rows = FORMATS[media_type](answer.content)
    assert [list(row) for row in rows] == [list(row) for row in said]
    # The largest integers of ROWS overflow nothing, but leave infinities nowhere.
    assert rows == said
    assert all(not isinstance(v, float) or math.isfinite(v) for row in rows for v in row.values())


@pytest.mark.parametrize("media_type", FORMATS)
def test_an_empty_buffer_is_a_valid_answer(
    client: httpx.Client, make_buffer: MakeBuffer, media_type: str
) -> None:
    name = make_buffer(schema={"n": "int64", "f": "double", "b": "bool", "s": "string"})
    answer = client.get(f"/buffers/{name}/data", headers={"accept": media_type})
    assert answer.status_code == 200, answer.text
    assert FORMATS[media_type](answer.content) == []


def test_polars_and_pandas_take_the_types(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    name = make_buffer(schema={"t": "timestamp", "v": "double"})
    rows = [{"t": "2024-02-29T12:00:00Z", "v": 1}, {"t": "2024-02-29T12:00:00.123456789+01:00"}]
    sent = client.post("/append", json={"buffer_id": name, "data": rows})
    assert sent.status_code == 200, sent.text
    accept = {"accept": "application/vnd.apache.arrow.stream"}
    content = client.get(f"/buffers/{name}/data", headers=accept).content
    table = pa.ipc.open_stream(content).read_all()
    assert table.schema.field("t").type == pa.timestamp("ns", tz="UTC")
    assert table.schema.field("v").type == pa.float64()
    said = client.get(f"/buffers/{name}/data").json()["data"]
    assert said == [
        {"t": "2024-02-29T12:00:00Z", "v": 1.0},
        {"t": "2024-02-29T11:00:00.123456789Z", "v": None},
    ]
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    assert frame["t"].dtype == pl.Datetime("ns", "UTC")


def test_q_values_decide(client: httpx.Client, filled: str) -> None:
    path = f"/buffers/{filled}/data"
    for accept, content_type in [
        ("text/csv;q=0.5, application/x-ndjson", "application/x-ndjson"),
        ("text/html, */*;q=0.1", "application/json"),
        ("text/*", "text/csv"),
        ("application/json, text/csv;q=0.9", "application/json"),
    ]:
        answer = client.get(path, headers={"accept": accept})
        assert answer.headers["content-type"].split(";")[0] == content_type, accept


def test_all_forms_of_append_agree(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    table = pa.Table.from_pylist(ROWS)
    stream, file, page = pa.BufferOutputStream(), pa.BufferOutputStream(), io.BytesIO()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    pq.write_table(table, page)
    bodies = {
        "application/vnd.apache.arrow.stream": stream.getvalue().to_pybytes(),
        "application/vnd.apache.arrow.file": file.getvalue().to_pybytes(),
        "application/vnd.apache.parquet": page.getvalue(),
        "application/x-ndjson": b"".join(json.dumps(row).encode() + b"\n" for row in ROWS),
    }
    for media_type, body in bodies.items():
        name = make_buffer()
        answer = client.post(
            "/append",
            params={"buffer_id": name},
            content=body,
            headers={"content-type": media_type},
        )
        assert answer.status_code == 200, f"{media_type}: {answer.text}"
        assert answer.json()["appended"] == len(ROWS)
        assert client.get(f"/buffers/{name}/data").json()["data"] == ROWS, media_type


def test_a_byte_order_mark_is_passed_over(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    """As some editors and Windows programs write it, in front of any body of text."""
    mark = b"\xef\xbb\xbf"
    name = f"{make_buffer()}-marked"

    def post(path: str, body: bytes, media_type: str = "application/json") -> Any:
        headers = {"content-type": media_type}
        answer = client.post(path, content=mark + body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    post("/buffers", json.dumps({"buffer_id": name}).encode())
    row = {"x": 1, "s": "\ufeffnot a mark"}
    post("/append", json.dumps({"buffer_id": name, "data": row}, ensure_ascii=False).encode())
    post(f"/append?buffer_id={name}", b'{"x": 2}\n{"x": 3}\n', "application/x-ndjson")
    features = post("/features", json.dumps({"buffer_id": name, "rolling_windows": [2]}).encode())
    assert features["data"][0]["s"] == row["s"]
    assert [line["x_rolling_mean_2"] for line in features["data"]] == [1, 1.5, 2.5]
    assert client.delete(f"/buffers/{name}").status_code == 200


def test_a_large_answer_streams_whole(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    name = make_buffer(window_size=100_000)
    table = pa.table({"x": range(100_000), "s": [f"row {k}" for k in range(100_000)]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    answer = client.post(
        "/append",
        params={"buffer_id": name},
        content=sink.getvalue().to_pybytes(),
        headers={"content-type": "application/vnd.apache.arrow.stream"},
    )
    assert answer.status_code == 200, answer.text
    path = f"/buffers/{name}/data"
    rows = table.to_pylist()
    assert client.get(path).json()["data"] == rows
    for media_type in ["application/x-ndjson", "application/vnd.apache.parquet"]:
        got = client.get(path, headers={"accept": media_type})
        assert FORMATS[media_type](got.content) == rows, media_type
