"""Random frames, appended in random splits and in every form, equal what Polars computes."""

from __future__ import annotations

import io
import json
import os
import random
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

MakeBuffer = Callable[..., str]
ARROW = "application/vnd.apache.arrow.stream"
NDJSON = "application/x-ndjson"
PARQUET = "application/vnd.apache.parquet"
STATS = ["mean", "std", "min", "max"]
TYPES = {"d": "double", "w": "double", "i": "int64", "s": "string", "b": "bool", "c": "double"}
# What stands for a value that does not exist, and the ways to ask for it.
FILLS: list[tuple[float | None, dict[str, Any]]] = [
    (0.0, {}),
    (0.0, {"fill": "zero"}),
    (None, {"fill": "null"}),
    (None, {"fill": None}),
]
SEEDS = range(int(os.environ.get("HEADRACE_E2E_SEEDS", "12")))


def random_frame(rng: random.Random, rows: int, full_rows: int) -> pl.DataFrame:
    """Of every type, with nulls from row `full_rows` on."""
    numpy_rng = np.random.default_rng(rng.randrange(2**32))
    scale = 10.0 ** rng.randint(-3, 6)
    doubles = numpy_rng.normal(rng.uniform(-5, 5) * scale, scale, rows)
    walk = numpy_rng.normal(0, 1, rows).cumsum()
    integers = numpy_rng.integers(-1000, 1000, rows)
    frame = pl.DataFrame({"d": doubles, "w": walk, "i": integers})
    frame = frame.with_columns(
        s=pl.Series([rng.choice(["a", "ü", ""]) for _ in range(rows)]),
        b=pl.Series([rng.random() < 0.5 for _ in range(rows)]),
        # Runs of one value: their deviation is exactly 0.
        c=pl.Series([float(k // rng.randint(7, 30)) for k in range(rows)]),
    )
    share = rng.choice([0.0, 0.1, 0.6])
    return frame.with_columns(
        pl.when(pl.Series([k >= full_rows and rng.random() < share for k in range(rows)]))
        .then(None)
        .otherwise(pl.col(name))
        .alias(name)
        for name in frame.columns
    )


def random_splits(rng: random.Random, rows: int) -> list[tuple[int, int]]:
    largest = rng.choice([1, 7, 100, rows])
    splits = []
    begin = 0
    while begin < rows:
        end = min(rows, begin + rng.randint(1, largest))
        splits.append((begin, end))
        begin = end
    return splits


def append(rng: random.Random, client: httpx.Client, name: str, part: pl.DataFrame) -> None:
    records: list[dict[str, Any]] = part.to_dicts()
    form = rng.choice(["one", "many", "ndjson", "arrow", "parquet"])
    if form == "one" and len(records) > 50:
        form = "many"
    if form == "one":
        # A key that is missing is a null.
        sent = [{k: v for k, v in row.items() if v is not None} for row in records]
        answers = [client.post("/append", json={"buffer_id": name, "data": row}) for row in sent]
    elif form == "many":
        answers = [client.post("/append", json={"buffer_id": name, "data": records})]
    else:
        body, kind = encoded(rng, form, part)
        headers = {"content-type": kind}
        params = {"buffer_id": name}
        answers = [client.post("/append", params=params, content=body, headers=headers)]
    for answer in answers:
        assert answer.status_code == 200, f"{form}: {answer.text}"


def encoded(rng: random.Random, form: str, part: pl.DataFrame) -> tuple[bytes, str]:
    if form == "ndjson":
        return "\n".join(json.dumps(row) for row in part.to_dicts()).encode(), NDJSON
    table = part.to_arrow()
    if form == "parquet":
        file = io.BytesIO()
        pq.write_table(table, file, row_group_size=rng.choice([1, 13, 10_000]))
        return file.getvalue(), PARQUET
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=rng.choice([1, 13, 10_000]))
    content: bytes = sink.getvalue().to_pybytes()
    return content, ARROW


def expected_features(
    frame: pl.DataFrame, windows: list[int], lags: list[int], fill: float | None
) -> pl.DataFrame:
    def filled(made: pl.Expr) -> pl.Expr:
        return made if fill is None else made.fill_null(fill)

    derived = []
    for name in ["d", "w", "i", "c"]:
        column = pl.col(name).cast(pl.Float64)
        for w in windows:
            made = {
                "mean": column.rolling_mean(w, min_samples=1),
                "std": column.rolling_std(w, min_samples=1, ddof=1),
                "min": column.rolling_min(w, min_samples=1),
                "max": column.rolling_max(w, min_samples=1),
            }
            derived += [filled(made[s]).alias(f"{name}_rolling_{s}_{w}") for s in STATS]
        derived += [filled(column.shift(n)).alias(f"{name}_lag_{n}") for n in lags]
    return frame.with_columns(derived)


def check(actual: pl.DataFrame, expected: pl.DataFrame, scales: dict[str, float]) -> None:
    assert actual.columns == expected.columns
    assert len(actual) == len(expected)
    for name in expected.columns:
        mine, theirs = actual[name], expected[name]
        if "_rolling_" not in name:
            assert mine.to_list() == theirs.to_list(), name
            continue
        assert mine.is_null().equals(theirs.is_null(), null_equal=True), name
        difference = float((mine - theirs).abs().max() or 0.0)
        assert difference <= 1e-9 * scales[name.split("_")[0]], f"{name}: {difference}"


@pytest.mark.parametrize("seed", SEEDS)
def test_equals_polars(seed: int, client: httpx.Client, make_buffer: MakeBuffer) -> None:
    print(f"seed {seed}")
    rng = random.Random(seed)
    rows = rng.choice([3, 60, 700, 2500])
    window_size = rng.choice([1, 50, 300, 5000])
    windows = sorted(rng.sample(range(1, 200), 3))
    lags = sorted(rng.sample(range(1, 100), 2))
    # With fixed types a column may begin with nulls; without, the first row says what they are.
    options: dict[str, Any] = {"schema": TYPES} if rng.random() < 0.5 else {}
    frame = random_frame(rng, rows, full_rows=0 if options else 1)
    name = make_buffer(window_size=window_size, **options)
    ask: dict[str, Any] = {
        "buffer_id": name,
        "rolling_windows": windows,
        "lag_periods": lags,
    }
    fill, asked_fill = rng.choice(FILLS)
    ask |= asked_fill

    def read() -> pl.DataFrame:
        answer = client.post("/features", json=ask, headers={"accept": ARROW})
        assert answer.status_code == 200, answer.text
        made = pl.from_arrow(pa.ipc.open_stream(answer.content).read_all())
        assert isinstance(made, pl.DataFrame)
        return made

    expected = expected_features(frame, windows, lags, fill)
    scales = {n: max(1.0, float(frame[n].abs().max() or 0)) for n in ["d", "w", "i", "c"]}
    # Read early in half of the cases: from then on appends keep the features up to date.
    read_from = rng.choice([0, rows])
    splits = random_splits(rng, rows)
    for begin, end in splits:
        append(rng, client, name, frame[begin:end])
        if begin >= read_from and rng.random() < min(0.2, 50 / len(splits)):
            check(read(), expected[:end].tail(window_size), scales)
    check(read(), expected.tail(window_size), scales)


def test_fill_says_what_stands_for_nothing(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    """JSON's null and the word "null" mean the same, and neither is the default."""
    name = make_buffer()
    rows = {"buffer_id": name, "data": [{"x": 4.0}, {"x": None}]}
    assert client.post("/append", json=rows).status_code == 200
    ask = {"buffer_id": name, "rolling_windows": [1], "include_rolling_stats": ["mean", "std"]}

    def features(**options: Any) -> list[list[float | None]]:
        answer = client.post("/features", json=ask | {"lag_periods": [1]} | options)
        assert answer.status_code == 200, answer.text
        return [list(row.values()) for row in answer.json()["data"]]

    assert features() == features(fill="zero") == [[4, 4, 0, 0], [None, 0, 0, 4]]
    for fill in (None, "null"):
        assert features(fill=fill) == [[4, 4, None, None], [None, None, None, 4]]


def test_a_rolled_window_keeps_its_look_back(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    """A window longer than the kept history has it from the moment its plan is known."""
    name = make_buffer(window_size=10, history_rows=5)
    ask = {"buffer_id": name, "rolling_windows": [40], "lag_periods": [30]}
    assert client.post("/features", json=ask).status_code == 200
    for k in range(100):
        row = {"buffer_id": name, "data": {"x": k}}
        assert client.post("/append", json=row).status_code == 200
    data = client.post("/features", json=ask).json()["data"]
    assert [row["x"] for row in data] == list(range(90, 100))
    for row in data:
        k = row["x"]
        assert row["x_rolling_mean_40"] == pytest.approx(k - 19.5)
        assert row["x_rolling_min_40"] == k - 39
        assert row["x_lag_30"] == k - 30
