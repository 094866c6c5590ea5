"""Bars over HTTP and SQL: what was appended, in any timeframe, as Polars makes it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import polars as pl
import pyarrow as pa
import pytest
import table_data
from polars.testing import assert_frame_equal
from server_process import ServerProcess
from table_data import ARROW_STREAM
from test_bars_command import NEW_YORK, by_polars, made_up_ticks

UTC = ZoneInfo("UTC")


@pytest.fixture(scope="module")
def ticks() -> pl.DataFrame:
    return made_up_ticks(50_000, seed=2).drop("symbol")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, ticks: pl.DataFrame) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("bars")
    process = ServerProcess(folder, "--bars-zone", NEW_YORK).start()
    with httpx.Client(base_url=process.url, timeout=60) as opened:
        for part in ticks.iter_slices(20_000):
            assert append(opened, "ES", part)["appended"] == len(part)
        yield opened
    process.stop()


def append(client: httpx.Client, symbol: str, rows: pl.DataFrame, **parameters: Any) -> Any:
    answer = client.post(
        f"/v1/bars/{symbol}",
        params=parameters,
        content=table_data.arrow_stream(rows.to_arrow()),
        headers={"content-type": ARROW_STREAM},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def read(client: httpx.Client, symbol: str, **parameters: Any) -> pl.DataFrame:
    answer = client.get(f"/v1/bars/{symbol}", params={**parameters, "format": "arrows"})
    assert answer.status_code == 200, answer.text
    frame = pl.from_arrow(pa.ipc.open_stream(answer.content).read_all())
    assert isinstance(frame, pl.DataFrame)
    return frame


@pytest.mark.parametrize("every", ["1m", "5m", "1h", "1d"])
def test_any_timeframe(client: httpx.Client, ticks: pl.DataFrame, every: str) -> None:
    bars = read(client, "ES", timeframe=every, last=100_000, forming=True)
    assert bars["forming"].to_list() == [False] * (len(bars) - 1) + [True]
    assert_frame_equal(
        bars.drop("vwap", "forming"), by_polars(ticks, every, NEW_YORK), check_exact=True
    )


def test_nothing_is_seen_before_it_ended(client: httpx.Client, ticks: pl.DataFrame) -> None:
    hours = by_polars(ticks, "1h", NEW_YORK)
    at = datetime(2024, 3, 9, 12, 30, tzinfo=UTC)
    bars = read(client, "ES", timeframe="1h", last=3, at=at.isoformat())
    seen = hours.filter(pl.col("ts").dt.epoch("s") <= at.timestamp() - 3600).tail(3)
    assert_frame_equal(bars.drop("vwap"), seen, check_exact=True)
    same = read(client, "ES", timeframe="1h", last=3, at=int(at.timestamp()) * 10**9)
    assert_frame_equal(bars, same)


def test_a_range_with_gaps_and_labels(client: httpx.Client) -> None:
    sparse = pl.DataFrame(
        {"ts": [0, 4 * 60 * 10**9, 9 * 60 * 10**9], "price": [1.0, 2, 3], "volume": [1.0, 1, 1]}
    )
    append(client, "SPARSE", sparse)
    bounds = {"from": "1970-01-01", "to": "1970-01-01T00:09:00Z"}
    assert read(client, "SPARSE", **bounds)["close"].to_list() == [1, 2]
    filled = read(client, "SPARSE", **bounds, gaps="previous", label="right")
    assert filled["close"].to_list() == [1, 1, 1, 1, 2, 2, 2, 2, 2]
    assert filled["ts"][0] == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    assert read(client, "SPARSE", **bounds, gaps="null")["close"].null_count() == 7


def test_bars_of_a_timeframe_and_other_columns(client: httpx.Client, ticks: pl.DataFrame) -> None:
    minutes = by_polars(ticks, "5m", NEW_YORK).rename({"ts": "begin"})
    counts = append(client, "MADE", minutes, timeframe="5m", time="begin")
    assert counts["appended"] == len(minutes)
    assert append(client, "MADE", minutes.tail(3), timeframe="5m", time="begin")["duplicates"] > 0
    bars = read(client, "MADE", timeframe="1h", last=100_000, forming=True)
    assert_frame_equal(
        bars.drop("vwap", "forming"), by_polars(ticks, "1h", NEW_YORK), check_exact=True
    )
    refused = client.get("/v1/bars/MADE", params={"timeframe": "1m"})
    assert refused.status_code in (400, 422)
    assert "5m" in refused.json()["error"]["message"]


def test_text_bodies_and_answers(client: httpx.Client) -> None:
    body = "at,last,size\n2024-01-02T09:30:00Z,10,1\n2024-01-02T09:31:00Z,nan,1\n"
    answer = client.post(
        "/v1/bars/TEXT",
        params={"time": "at", "price": "last", "volume": "size"},
        content=body,
        headers={"content-type": "text/csv"},
    )
    assert answer.json() == {
        "appended": 1,
        "late": 0,
        "duplicates": 0,
        "invalid": 1,
        "out_of_session": 0,
        "out_of_range": 0,
    }
    rows = client.get("/v1/bars/TEXT").json()
    assert [row["close"] for row in rows] == [10.0]
    text = client.get("/v1/bars/TEXT", headers={"accept": "text/csv"}).text
    assert pl.read_csv(io.StringIO(text))["count"].to_list() == [1]


def test_every_series_is_a_table_and_a_name_in_sql(
    client: httpx.Client, ticks: pl.DataFrame
) -> None:
    read(client, "ES", timeframe="15m", last=1)
    names = [table["full_name"] for table in client.get("/v1/tables").json()["data"]]
    assert {"bars.ES_1m", "bars.ES_15m"} <= set(names)
    expected = by_polars(ticks, "15m", NEW_YORK)[:-1]
    table = client.get("/v1/tables/bars.ES_15m", params={"format": "arrows", "filter": "count > 0"})
    frame = pl.from_arrow(pa.ipc.open_stream(table.content).read_all())
    assert isinstance(frame, pl.DataFrame)
    assert_frame_equal(frame.drop("vwap"), expected, check_exact=True)
    sql = 'SELECT count(*) AS n, max(high) AS top FROM bars."ES_2h"'
    said = client.post("/v1/sql", json={"sql": sql}).json()
    hours = read(client, "ES", timeframe="2h", last=100_000)
    assert said == [{"n": len(hours), "top": hours["high"].max()}]
    refused = client.delete("/v1/tables/bars.ES_15m")
    assert refused.status_code in (400, 422)
    assert "/v1/bars" in refused.json()["error"]["message"]


def test_pages_of_bars(client: httpx.Client) -> None:
    whole = client.get("/v1/tables/bars.ES_1m").json()
    got: list[Any] = []
    parameters: dict[str, Any] = {"limit": 500}
    while True:
        page = client.get("/v1/tables/bars.ES_1m", params=parameters)
        got += page.json()
        if "x-next-cursor" not in page.headers:
            break
        parameters["cursor"] = page.headers["x-next-cursor"]
    assert got == whole


def test_the_list_and_what_is_dropped(client: httpx.Client, ticks: pl.DataFrame) -> None:
    append(client, "GONE", ticks.head(100))
    series = client.get("/v1/bars").json()
    assert series["zone"] == NEW_YORK
    gone = [row for row in series["data"] if row["symbol"] == "GONE"]
    assert [row["timeframe"] for row in gone] == ["1m"]
    assert gone[0]["first_ns"] <= ticks["ts"][0].timestamp() * 10**9
    assert client.delete("/v1/bars/GONE").json() == {"deleted": True, "symbol": "GONE"}
    assert client.get("/v1/bars/GONE").status_code == 404
    assert client.delete("/v1/bars/GONE").status_code == 404
    assert client.get("/v1/tables/bars.GONE_1m").status_code == 404
    append(client, "GONE", ticks.tail(10))
    assert read(client, "GONE", forming=True)["count"].sum() == 10


@pytest.mark.parametrize(
    ("path", "parameters", "status", "said"),
    [
        ("NOTHING", {}, 404, "POST /v1/bars/NOTHING"),
        ("ES", {"timeframe": "7x"}, 422, "timeframe"),
        ("ES", {"timeframe": "90s"}, 422, "90s"),
        ("ES", {"last": "-1"}, 422, "last"),
        ("ES", {"last": "1", "from": "2024-01-01"}, 422, "last goes without"),
        ("ES", {"from": "2024-01-02", "to": "2024-01-01"}, 422, "to is not before"),
        ("ES", {"from": "yesterday"}, 422, "is no time"),
        ("ES", {"gaps": "zero"}, 422, "gaps"),
        ("ES", {"label": "up"}, 422, "label"),
        ("ES", {"formin": "true"}, 422, "forming"),
        ("ES", {"format": "xml"}, 422, "xml"),
    ],
)
def test_refusals(
    client: httpx.Client, path: str, parameters: dict[str, str], status: int, said: str
) -> None:
    refused = client.get(f"/v1/bars/{path}", params=parameters)
    assert refused.status_code == status, refused.text
    assert said in refused.json()["error"]["message"]


def test_appends_that_are_refused_change_nothing(client: httpx.Client) -> None:
    csv = {"content-type": "text/csv"}
    before = client.get("/v1/bars").json()["total"]
    body = "ts,price\n2024-01-02T09:30:00Z,1\n"
    assert client.post("/v1/bars/BAD", content=body, headers=csv).status_code == 404
    assert client.post("/v1/bars/BAD", content="{}").status_code == 415
    ndjson = {"content-type": "application/x-ndjson"}
    assert client.post("/v1/bars/BAD", content='{"ts":', headers=ndjson).status_code == 400
    assert client.post("/v1/bars/a%20b", content=body, headers=csv).status_code == 422
    assert client.get("/v1/bars").json()["total"] == before
    assert client.get("/v1/bars/BAD").status_code == 404


def test_options_that_are_refused(tmp_path: Path) -> None:
    for options, said in [
        (("--bars-zone", "Amerika/New_York"), "America/New_York"),
        (("--bars-session", "9"), "bars-session"),
        (("--bars-timeframe", "7x"), "bars-timeframe"),
        (("--bars-watermark", "soon"), "bars-watermark"),
    ]:
        with pytest.raises(AssertionError, match="did not start") as failed:
            ServerProcess(tmp_path, *options).start()
        assert said in str(failed.value)
