"""Tables of a server from Python: the answers are those of the same query on the files."""

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import headrace as hr

ROWS = 50_000
names = (f"table-{number}" for number in itertools.count())


def trips() -> pa.Table:
    rng = np.random.default_rng(5)
    return pa.table(
        {
            "ts": pa.array(np.arange(ROWS) * 10**9, pa.timestamp("ns", "Europe/Berlin")),
            "fare": pa.array(rng.gamma(2, 8, ROWS), mask=rng.random(ROWS) < 0.05),
            "vendor": pa.array(["A", "B", None, 'quo"te,d'] * (ROWS // 4)),
            "a,b": np.arange(ROWS),
        }
    )


@pytest.fixture(scope="module")
def table(client: hr.Client) -> Iterator[hr.RemoteTable]:
    made = client.put_table("trips", trips())
    yield made
    client.drop_table("trips")


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> hr.Scan:
    path: Path = tmp_path_factory.mktemp("trips") / "trips.parquet"
    pq.write_table(trips(), path)
    return hr.scan(path)


QUERIES: dict[str, Callable[[Any], Any]] = {
    "all": lambda rows: rows,
    "text filter": lambda rows: rows.filter("fare > 20 and vendor in ('A', 'B')").limit(77),
    "expression": lambda rows: rows.filter(hr.col("vendor") == 'quo"te,d').filter("fare < 3"),
    "polars": lambda rows: rows.filter(pl.col("fare").is_null()),
    "columns": lambda rows: rows.select("a,b", "vendor").offset(1234).limit(10),
    "groups": lambda rows: rows.group_by("vendor").agg(hr.mean("fare"), hr.count().alias("n")),
    "one row": lambda rows: rows.agg("max(fare), count(*) as n"),
    "order": lambda rows: rows.order_by("-fare", "ts").limit(20).select("fare"),
    "sample": lambda rows: rows.sample(500, seed=3),
    "strata": lambda rows: rows.sample(fraction=0.01, stratify="vendor"),
    "chart": lambda rows: rows.downsample(x="ts", y="fare", points=300),
    "lines": lambda rows: rows.downsample(
        x="a,b", y=["fare"], points=50, by="vendor", method="m4", from_=100, to=9_000
    ),
    "nothing": lambda rows: rows.filter("fare < 0"),
    "no rows": lambda rows: rows.limit(0),
}


@pytest.mark.parametrize("name", QUERIES)
def test_the_answer_is_that_of_the_files(table: hr.RemoteTable, scan: hr.Scan, name: str) -> None:
    query = QUERIES[name]
    expected = query(scan).collect()
    got = query(table).collect()
    assert got.schema == expected.schema
    assert pa.table(got).equals(pa.table(expected))
    assert query(table).count() == expected.num_rows
    frames = list(query(table))
    assert sum(frame.num_rows for frame in frames) == expected.num_rows
    if frames:
        assert pl.concat([frame.to_polars() for frame in frames]).equals(expected.to_polars())


def test_the_first_rows_are_there_before_the_last(client: hr.Client) -> None:
    part = pa.table({"n": np.arange(100_000)})
    table = client.put_table(next(names), pa.concat_tables([part] * 50))
    with iter(table) as batches:
        assert 0 < next(batches).num_rows < 5_000_000
    assert table.limit(3).collect().num_rows == 3, "the client goes on"
    client.drop_table(table.name)


def test_live_windows_are_tables(client: hr.Client) -> None:
    buffer = client.create(next(names), window_size=10)
    buffer.append([{"n": n, "x": n / 2} for n in range(15)])
    rows = client.table(f"buffers.{buffer.name}").filter("n >= 8").select("n")
    assert rows.to_polars()["n"].to_list() == list(range(8, 15))
    info = client.table(buffer.name).info()
    assert (info.kind, info.rows, info.columns["x"]) == ("buffers", 10, "double")
    buffer.delete()


def test_tables_are_listed_replaced_and_dropped(client: hr.Client) -> None:
    name = next(names)
    table = client.put_table(name, [{"n": 1}, {"n": 2}])
    assert {info.name: info.rows for info in client.tables()}[name] == 2
    client.put_table(name, pl.DataFrame({"s": ["x"]}))
    assert table.collect().columns == ["s"]
    client.drop_table(name)
    assert name not in {info.name for info in client.tables()}
    with pytest.raises(hr.UnknownName):
        table.collect()
    with pytest.raises(hr.UnknownName):
        client.drop_table(name)


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (lambda rows: rows.filter("fair > 3"), hr.UnknownName),
        (lambda rows: rows.filter("fare >"), hr.InvalidArgument),
        (lambda rows: rows.filter("vendor > 3"), hr.TypeMismatch),
        (lambda rows: rows.select("nothing"), hr.UnknownName),
        (lambda rows: rows.select(), hr.InvalidArgument),
        (lambda rows: rows.order_by("nothing"), hr.UnknownName),
        (lambda rows: rows.group_by("vendor").agg("mean(vendor)"), hr.TypeMismatch),
        (lambda rows: rows.downsample(x="ts", y="fare", method="m5"), hr.InvalidArgument),
    ],
)
def test_what_is_wrong_shows_when_rows_are_asked_for(
    table: hr.RemoteTable, query: Callable[[Any], Any], error: type[Exception]
) -> None:
    asked = query(table)
    with pytest.raises(error):
        asked.collect()


def test_what_cannot_be_is_refused_at_once(table: hr.RemoteTable) -> None:
    with pytest.raises(hr.InvalidArgument):
        table.limit(3).filter("fare > 3")
    with pytest.raises(hr.InvalidArgument):
        table.limit(-1)
    with pytest.raises(hr.TypeMismatch):
        table.filter(pa.compute.field("fare") > 3)


def serve_once(head: bytes, body: bytes) -> str:
    """A server that gives this answer to one request and goes."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def answer() -> None:
        with contextlib.suppress(OSError), listener, listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(head + body)

    threading.Thread(target=answer, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("part", [0.3, 0.99])
def test_an_answer_that_breaks_off_is_no_answer(part: float) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, trips().schema) as writer:
        writer.write_table(trips(), max_chunksize=1000)
    whole = sink.getvalue().to_pybytes()
    cut = whole[: int(len(whole) * part)]
    chunk = f"{len(cut):x}\r\n".encode() + cut + b"\r\n"
    for head, body in [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk + b"0\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(whole), cut),
    ]:
        with (
            hr.Client(serve_once(head, body), timeout=10) as client,
            pytest.raises(hr.HeadraceIOError),
        ):
            client.table("trips").collect()
