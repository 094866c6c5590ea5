"""The calls of the seed's FastAPI service, with the media types that their bytes have."""

from __future__ import annotations

import io

import httpx
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from server_process import ServerProcess
from table_data import ARROW_FILE, ARROW_STREAM, PARQUET

SMALL = {"col1": [1, 2, 3], "col2": ["A", "B", "C"]}


def get(server: ServerProcess, path: str, **parameters: str) -> httpx.Response:
    answer = httpx.get(f"{server.url}/data/{path}", params=parameters, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer


def test_arrow_ipc(server: ServerProcess) -> None:
    answer = get(server, "arrow_ipc")
    assert answer.headers["content-type"] == ARROW_STREAM
    assert pa.ipc.open_stream(answer.content).read_all().to_pydict() == SMALL


def test_arrow_ipc_polars_direct(server: ServerProcess) -> None:
    answer = get(server, "arrow_ipc_polars_direct")
    assert answer.headers["content-type"] == ARROW_FILE
    assert pl.read_ipc(io.BytesIO(answer.content)).to_dict(as_series=False) == SMALL


def test_parquet(server: ServerProcess) -> None:
    answer = get(server, "parquet")
    assert answer.headers["content-type"] == PARQUET
    assert answer.headers["content-disposition"] == 'attachment; filename="data.parquet"'
    assert pq.read_table(io.BytesIO(answer.content)).to_pydict() == SMALL


def summary_of(frame: pl.DataFrame, category: str | None) -> pl.DataFrame:
    """The seed's own code."""
    df_lazy = frame.lazy()
    if category:
        df_lazy = df_lazy.filter(pl.col("category") == category)
    return (
        df_lazy.group_by("category")
        .agg(
            pl.col("value").mean().alias("average_value"),
            pl.col("value").sum().alias("total_value"),
            pl.len().cast(pl.Int64).alias("record_count"),
        )
        .collect()
        .sort("category")
    )


@pytest.mark.parametrize("category", [None, "", "B", "none of them", "it's"])
def test_aggregated_summary(server: ServerProcess, category: str | None) -> None:
    large = pl.DataFrame(
        {
            "category": ["A"] * 500_000 + ["B"] * 300_000 + ["C"] * 200_000,
            "value": range(1_000_000),
        }
    )
    parameters = {} if category is None else {"filter_category": category}
    answer = get(server, "aggregated_summary", **parameters)
    assert answer.headers["content-type"] == ARROW_FILE
    got = pl.read_ipc(io.BytesIO(answer.content)).sort("category")
    assert got.equals(summary_of(large, category))


def test_any_table(server: ServerProcess) -> None:
    rows = b"category,value\nx,1\ny,2\nx,4\nit's,8\n"
    name = f"{server.url}/v1/tables/seeded"
    assert httpx.put(name, content=rows, headers={"content-type": "text/csv"}).status_code == 201
    frame = pl.read_csv(rows)
    stream = get(server, "arrow_ipc", table="seeded")
    assert pl.DataFrame(pl.from_arrow(pa.ipc.open_stream(stream.content).read_all())).equals(frame)
    for category in (None, "x", "it's"):
        parameters = {"table": "seeded"} | ({"filter_category": category} if category else {})
        answer = get(server, "aggregated_summary", **parameters)
        got = pl.read_ipc(io.BytesIO(answer.content)).sort("category")
        assert got.equals(summary_of(frame, category))
    httpx.delete(name)
    gone = httpx.get(f"{server.url}/data/parquet", params={"table": "seeded"})
    assert gone.status_code == 404
    unknown = httpx.get(f"{server.url}/data/parquet", params={"tabel": "seeded"})
    assert unknown.json()["error"]["location"] == ["query", "tabel"]


def test_a_table_without_the_columns_of_the_summary(server: ServerProcess) -> None:
    name = f"{server.url}/v1/tables/other"
    httpx.put(name, content=b"a\n1\n", headers={"content-type": "text/csv"})
    url = f"{server.url}/data/aggregated_summary"
    assert httpx.get(url, params={"table": "other"}).status_code == 404
    httpx.delete(name)
