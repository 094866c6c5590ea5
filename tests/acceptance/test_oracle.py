"""Random frames, appended in random splits and forms, equal Polars' rolling results."""

from __future__ import annotations

import io
import json
import random

import httpx
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from server import PREFIX

WINDOWS = [3, 20, 70]
LAGS = [1, 5]
ARROW = "application/vnd.apache.arrow.stream"


def random_frame(seed: int, rows: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    walk = rng.normal(size=rows).cumsum()
    nulls = rng.random(rows) < 0.1
    return pl.DataFrame(
        {
            "walk": walk,
            "count": rng.integers(-1000, 1000, rows),
            "gaps": pl.Series([None if n else v for n, v in zip(nulls, walk, strict=True)]),
            "name": [f"row {i}" for i in range(rows)],
        }
    )


def append_in_pieces(http: httpx.Client, buffer_id: str, frame: pl.DataFrame, seed: int) -> None:
    pick = random.Random(seed)
    start = 0
    while start < frame.height:
        piece = frame.slice(start, pick.choice([1, 1, 2, 7, 64, 65, 200]))
        start += piece.height
        form = pick.choice(["object", "list", "ndjson", "arrow", "parquet"])
        params = {"buffer_id": buffer_id}
        if form in ("object", "list"):
            rows = piece.to_dicts()
            data = rows[0] if form == "object" and len(rows) == 1 else rows
            answer = http.post(f"{PREFIX}/append", json=params | {"data": data})
        else:
            content, media = encode(piece, form)
            answer = http.post(
                f"{PREFIX}/append", params=params, content=content, headers={"Content-Type": media}
            )
        assert answer.status_code == 200, answer.text
        assert answer.json()["appended"] == piece.height


def encode(piece: pl.DataFrame, form: str) -> tuple[bytes, str]:
    if form == "ndjson":
        lines = "\n".join(json.dumps(row) for row in piece.to_dicts())
        return lines.encode(), "application/x-ndjson"
    table = piece.to_arrow()
    sink = io.BytesIO()
    if form == "parquet":
        pq.write_table(table, sink)
        return sink.getvalue(), "application/vnd.apache.parquet"
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue(), ARROW


def expected(frame: pl.DataFrame, tail: int) -> pl.DataFrame:
    derived = []
    for name in ("walk", "count", "gaps"):
        column = pl.col(name).cast(pl.Float64)
        for window in WINDOWS:
            for stat in ("mean", "std", "min", "max"):
                rolled = getattr(column, f"rolling_{stat}")(window, min_samples=1)
                derived.append(rolled.fill_null(0.0).alias(f"{name}_rolling_{stat}_{window}"))
        derived += [column.shift(n).fill_null(0.0).alias(f"{name}_lag_{n}") for n in LAGS]
    return frame.with_columns(derived).tail(tail)


@pytest.mark.parametrize("seed", range(5))
def test_features_equal_polars(http: httpx.Client, seed: int) -> None:
    print("seed", seed)
    buffer_id = f"oracle-{seed}"
    window_size = [50, 128, 300, 1000, 5000][seed]
    frame = random_frame(seed, 1500)
    http.post(f"{PREFIX}/buffers", json={"buffer_id": buffer_id, "window_size": window_size})
    plan = {"buffer_id": buffer_id, "rolling_windows": WINDOWS, "lag_periods": LAGS}
    head = frame.slice(0, 200)
    append_in_pieces(http, buffer_id, head, seed)
    http.post(f"{PREFIX}/features", json=plan)  # kept up to date from here on
    append_in_pieces(http, buffer_id, frame.slice(200), seed + 100)
    answer = http.post(f"{PREFIX}/features", json=plan, headers={"Accept": ARROW})
    got = pl.from_arrow(pa.ipc.open_stream(answer.content).read_all())
    want = expected(frame, window_size)
    assert got.columns == want.columns
    assert got.height == want.height
    assert got.select("name", "count").equals(want.select("name", "count"))
    for name in want.columns:
        if name == "name":
            continue
        left = got[name].cast(pl.Float64).to_numpy()
        right = want[name].cast(pl.Float64).to_numpy()
        np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-9, err_msg=name)


def test_every_format_says_the_same(http: httpx.Client, buffer_id: str) -> None:
    frame = random_frame(9, 100)
    http.post(f"{PREFIX}/buffers", json={"buffer_id": buffer_id})
    http.post(f"{PREFIX}/append", json={"buffer_id": buffer_id, "data": frame.to_dicts()})
    path = f"{PREFIX}/buffers/{buffer_id}/data"

    def read(media: str) -> bytes:
        answer = http.get(path, headers={"Accept": media})
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(media)
        return answer.content

    want = pl.DataFrame(http.get(path).json()["data"], schema=frame.schema)
    assert want.equals(frame)
    assert pl.from_arrow(pa.ipc.open_stream(read(ARROW)).read_all()).equals(want)
    file = pa.ipc.open_file(read("application/vnd.apache.arrow.file")).read_all()
    assert pl.from_arrow(file).equals(want)
    parquet = pq.read_table(io.BytesIO(read("application/vnd.apache.parquet")))
    assert pl.from_arrow(parquet).equals(want)
    lines = [json.loads(line) for line in read("application/x-ndjson").splitlines()]
    assert lines == want.to_dicts()
    assert pl.read_csv(read("text/csv")).equals(want)


def test_null_stays_null_and_missing_is_null(http: httpx.Client, buffer_id: str) -> None:
    http.post(f"{PREFIX}/buffers", json={"buffer_id": buffer_id})
    rows = [{"a": 1, "b": None}, {"b": "x"}, {"a": 2.5, "c": True}]
    http.post(f"{PREFIX}/append", json={"buffer_id": buffer_id, "data": rows})
    answer = http.get(f"{PREFIX}/buffers/{buffer_id}/data").json()
    assert answer["columns"] == ["a", "b", "c"]
    assert answer["data"] == [
        {"a": 1.0, "b": None, "c": None},
        {"a": None, "b": "x", "c": None},
        {"a": 2.5, "b": None, "c": True},
    ]


def test_an_empty_buffer(http: httpx.Client, buffer_id: str) -> None:
    http.post(f"{PREFIX}/buffers", json={"buffer_id": buffer_id})
    for answer in (
        http.get(f"{PREFIX}/buffers/{buffer_id}/data"),
        http.post(f"{PREFIX}/features", json={"buffer_id": buffer_id}),
    ):
        assert answer.json()["rows"] == 0
        assert answer.json()["data"] == []
