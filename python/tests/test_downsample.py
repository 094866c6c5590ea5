"""The points of charts: what docs/downsampling.md says, by NumPy."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

import headrace as hr

Rows = npt.NDArray[np.int64]
METHODS = ["minmaxlttb", "lttb", "minmax", "m4"]


def walk(rows: int, seed: int = 1) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal(rows).cumsum()


def extremes(y: npt.NDArray[Any], edges: Rows) -> Rows:
    """Of each bin the rows of the least and the greatest value."""
    chosen = []
    for begin, end in pairwise(edges):
        if begin < end:
            chosen += [begin + np.argmin(y[begin:end]), begin + np.argmax(y[begin:end])]
    return np.unique(np.array(chosen, np.int64))


def triangles(x: npt.NDArray[Any], y: npt.NDArray[Any], points: int) -> Rows:
    """Largest triangle three buckets, as Steinarsson has it."""
    n = len(y)
    if n <= points:
        return np.arange(n)
    every = (n - 2) / (points - 2)
    edge = [int(every * bucket) + 1 for bucket in range(points - 1)] + [n]
    chosen = [0]
    for bucket in range(points - 2):
        following = slice(edge[bucket + 1], edge[bucket + 2])
        at = slice(edge[bucket], edge[bucket + 1])
        ax, ay = x[chosen[-1]], y[chosen[-1]]
        cx, cy = x[following].mean(), y[following].mean()
        areas = np.abs((ax - cx) * (y[at] - ay) - (ax - x[at]) * (cy - ay))
        chosen.append(edge[bucket] + int(np.argmax(areas)))
    return np.array([*chosen, n - 1])


def even_edges(begin: int, end: int, bins: int) -> Rows:
    return begin + (end - begin) * np.arange(bins + 1) // bins


@pytest.mark.parametrize("rows", [5_000, 200_000, 1_000_003])
def test_minmaxlttb_of_an_array_is_that_of_numpy(rows: int) -> None:
    y = walk(rows)
    points = 400
    between = extremes(y, even_edges(1, rows - 1, 4 * points // 2))
    candidates = np.concatenate([[0], between, [rows - 1]])
    expected = candidates[triangles(candidates / rows, y[candidates], points)]
    np.testing.assert_array_equal(hr.downsample(y, points), expected)
    whole = (y * 1000).astype(np.int64)
    assert hr.downsample(whole, points).dtype == np.int64
    np.testing.assert_array_equal(
        hr.downsample(y, points, "minmax"), extremes(y, even_edges(0, rows, points // 2))
    )
    np.testing.assert_array_equal(
        hr.downsample(whole, points, "lttb"),
        triangles(np.arange(rows) / rows, whole.astype(float), points),
    )


def test_arrays_of_every_type_and_their_refusals() -> None:
    whole: Any = (walk(3000) * 100).round()
    kinds: list[Any] = [np.float64, np.float32, np.int64, np.int32]
    for kind in kinds:
        y = whole.astype(kind)
        for method in METHODS:
            expected = hr.downsample(whole, 100, method)
            np.testing.assert_array_equal(hr.downsample(y, 100, method), expected)
        assert len(hr.downsample(y[:50], 100)) == 50
    assert len(hr.downsample(np.empty(0), 100)) == 0
    np.testing.assert_array_equal(hr.downsample(np.array([np.nan, 2.0]), 2), [1])
    x = np.linspace(0, 1, 3000) ** 3
    np.testing.assert_array_equal(
        hr.downsample(walk(3000), 100, "lttb", x=x), triangles(x, walk(3000), 100)
    )
    for points, method in ((1, "lttb"), (3, "m4"), (10, "mean"), (2_000_000, "minmax")):
        with pytest.raises(hr.InvalidArgument):
            hr.downsample(walk(10), points, method)
    with pytest.raises(hr.InvalidArgument):
        hr.downsample(walk(10), 5, x=np.zeros(9))
    with pytest.raises(hr.TypeMismatch):
        hr.downsample(np.zeros(10, np.int8), 5)


def cells_of(x: Rows, most: int) -> Rows:
    exponent = 0
    while (x[-1] >> exponent) - (x[0] >> exponent) >= most:
        exponent += 1
    return x >> exponent


def chart_rows(x: Rows, y: npt.NDArray[Any], method: str, points: int) -> Rows:
    """The rows of a scan's chart: x ascends, y has neither NaN nor null."""
    if len(x) <= points:
        return np.arange(len(x))
    if method == "lttb":
        return triangles((x - x[0]) / (x[-1] - x[0]), y, points)
    bins = points // (4 if method == "m4" else 2)
    cells = cells_of(x, 4 * points if method == "minmaxlttb" else 16 * bins)
    if method != "minmaxlttb":
        count = cells[-1] - cells[0] + 1
        cells = (cells - cells[0]) * bins // count if count > bins else cells
    edges = np.flatnonzero(np.diff(cells, prepend=cells[0] - 1, append=cells[-1] + 1))
    chosen = extremes(y, edges)
    if method == "m4":
        return np.unique(np.concatenate([chosen, edges[:-1], edges[1:] - 1]))
    if method == "minmax":
        return chosen
    candidates = np.unique(np.concatenate([[0], chosen, [len(x) - 1]]))
    places = x[candidates]
    return candidates[triangles((places - x[0]) / (x[-1] - x[0]), y[candidates], points)]


TICKS = 300_000
BEGIN = 1_700_000_000_000_000


@pytest.fixture(scope="module")
def ticks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ticks")
    random = np.random.default_rng(7)
    steps = random.integers(1, 5, TICKS) * np.where(random.random(TICKS) < 0.001, 3_000_000, 1_000)
    table = pa.table(
        {
            "ts": pa.array(
                1_700_000_000_000_000 + steps.cumsum(), pa.timestamp("us", "Asia/Tokyo")
            ),
            "price": walk(TICKS),
            "size": pa.array(random.integers(0, 1000, TICKS), pa.int16()),
            "symbol": random.choice(np.array(["A", "B", "C"]), TICKS),
            "holes": pa.array(walk(TICKS, 2), mask=(np.arange(TICKS) // 5_000) % 7 == 3),
        }
    )
    pq.write_table(table.slice(0, 100_000), path / "0.parquet", row_group_size=7_000)
    pq.write_table(table.slice(100_000), path / "1.parquet", row_group_size=50_000)
    return path


def columns(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path / "*.parquet")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("points", [4, 100, 3_000, TICKS])
def test_a_chart_of_files_is_that_of_numpy(ticks: Path, method: str, points: int) -> None:
    frame = columns(ticks)
    x = frame["ts"].to_physical().to_numpy()
    expected = frame[chart_rows(x, frame["price"].to_numpy(), method, points)]
    chart = hr.scan(ticks).downsample(x="ts", y="price", points=points, method=method)
    assert chart.columns == ["ts", "price"]
    assert_frame_equal(chart.to_polars(), expected.select("ts", "price"))
    assert chart.count() == len(expected)


def test_several_lines_and_a_range(ticks: Path) -> None:
    begin = datetime(2023, 11, 14, 22, 14, tzinfo=UTC)
    chart = hr.scan(ticks).downsample(
        x="ts", y=["price", "size"], points=200, from_=begin, to="2023-11-14 22:16:00Z", by="symbol"
    )
    instants = pl.col("ts").dt.convert_time_zone("UTC")
    end = datetime(2023, 11, 14, 22, 16, tzinfo=UTC)
    frame = columns(ticks).filter(instants >= begin, instants < end)
    parts = []
    for symbol in frame["symbol"].unique(maintain_order=True):
        line = frame.filter(pl.col("symbol") == symbol)
        x = line["ts"].to_physical().to_numpy()
        rows = [
            chart_rows(x, line[y].to_numpy().astype(float), "minmaxlttb", 200)
            for y in ("price", "size")
        ]
        parts.append(line[np.unique(np.concatenate(rows))].select("ts", "price", "size", "symbol"))
    assert_frame_equal(chart.to_polars(), pl.concat(parts))


def test_the_range_leaves_out_row_groups(ticks: Path) -> None:
    scan = hr.scan(ticks)
    chart = scan.downsample(x="ts", y="price", to="2023-11-14 22:14:00Z")
    assert chart.explain().read_row_groups < scan.explain().read_row_groups
    unit = scan.downsample(x="ts", y="price", from_=BEGIN, to=BEGIN + 40_000_000)
    assert (
        unit.count()
        == scan.filter("ts < '2023-11-14 22:14:00Z'").downsample(x="ts", y="price").count()
    )


@pytest.mark.parametrize("method", METHODS)
def test_gaps_stay_visible(ticks: Path, method: str) -> None:
    chart = hr.scan(ticks).downsample(x="ts", y="holes", points=400, method=method).to_polars()
    gaps = chart["holes"].is_null().to_numpy()
    assert not (gaps[1:] & gaps[:-1]).any()
    stretches = (np.arange(TICKS) // 5_000) % 7 == 3
    assert gaps.sum() == (stretches[1:] & ~stretches[:-1]).sum()
    assert (~gaps).sum() <= 400


def test_x_in_any_order_is_put_in_order(tmp_path: Path) -> None:
    rows = 50_000
    table = pa.table({"x": np.arange(rows), "y": walk(rows)})
    shuffled = table.take(np.random.default_rng(3).permutation(rows))
    pq.write_table(table, tmp_path / "in_order.parquet")
    pq.write_table(shuffled, tmp_path / "shuffled.parquet")
    for method in METHODS:
        charts = [
            hr.scan(tmp_path / name).downsample(x="x", y="y", points=100, method=method).to_polars()
            for name in ("in_order.parquet", "shuffled.parquet")
        ]
        assert_frame_equal(*charts)


def test_what_makes_no_sense_is_refused(ticks: Path) -> None:
    scan = hr.scan(ticks)
    with pytest.raises(hr.UnknownName):
        scan.downsample(x="time", y="price")
    with pytest.raises(hr.TypeMismatch):
        scan.downsample(x="symbol", y="price")
    with pytest.raises(hr.TypeMismatch):
        scan.downsample(x="ts", y="symbol")
    mistakes: list[dict[str, Any]] = [{"points": 1}, {"method": "mean"}, {"y": []}, {"y": "ts"}]
    for mistake in [*mistakes, {"from_": "soon"}]:
        with pytest.raises((hr.InvalidArgument, hr.TypeMismatch)):
            scan.downsample(**{"x": "ts", "y": "price", **mistake})
    with pytest.raises(hr.TypeMismatch):
        scan.downsample(x="ts", y="price", from_=True)
    with pytest.raises(hr.InvalidArgument):
        scan.downsample(x="size", y="price", from_=float("nan"))
    chart = scan.downsample(x="ts", y="price")
    with pytest.raises(hr.InvalidArgument):
        chart.limit(3)
    with pytest.raises(hr.InvalidArgument):
        chart.filter("price > 0")
    with pytest.raises(hr.InvalidArgument):
        chart.sample(3)
    with pytest.raises(hr.InvalidArgument):
        scan.order_by("price").downsample(x="ts", y="price")
    assert scan.order_by("-price").limit(5).downsample(x="ts", y="price").count() == 5
    assert chart.select("price").columns == ["price"]


def test_memory_is_for_the_points_alone(ticks: Path) -> None:
    small = hr.scan(ticks, memory_limit="16MB")
    assert small.downsample(x="ts", y="price", points=500).count() == 500
    with pytest.raises(hr.MemoryLimit):
        small.downsample(x="ts", y="price", points=500, method="lttb").collect()
