"""The page at `/`, in a real browser over real tables: 100 million rows and a live window."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from browser import DESKTOP, PHONE, open_page, run_browser
from playwright.sync_api import Browser, Page, Request, expect
from server_process import ROOT, ServerProcess

FLIGHTS = ROOT / "node_modules" / "vega-datasets" / "data" / "flights-3m.parquet"
PICTURES = ROOT / "docs" / "pictures"
TICKS = 100_000_000
GROUP = 2_000_000
START_MS = 1_704_067_200_000  # 2024-01-01
STEP_MS = 100
MAX_REQUESTS_OF_A_DRAG = 2


def tick_levels(first: int, count: int) -> np.ndarray:
    """Quarter steps of a slow wave with noise and a spike each 10 million rows."""
    row = np.arange(first, first + count, dtype=np.int64)
    wave = 120 * np.sin(row / 9e6) + 40 * np.sin(row / 4e5)
    noise = (row * 2_654_435_761 >> 7) % 61 - 30
    levels = np.rint(wave + noise).astype(np.int64) + 400
    levels[row % 10_000_000 == 5_000_000] = 799
    return levels.astype(np.int16)


def write_ticks(path: Path) -> None:
    """Levels as they are encoded in the file, so that writing 100 million rows takes seconds."""
    names = pa.array(np.arange(800) / 4.0 - 100)
    schema = pa.schema({"ts": pa.timestamp("ms"), "value": pa.dictionary(pa.int16(), pa.float64())})
    options = {"use_dictionary": ["value"], "column_encoding": {"ts": "DELTA_BINARY_PACKED"}}
    with pq.ParquetWriter(path, schema, store_schema=False, **options) as writer:
        for first in range(0, TICKS, GROUP):
            stamps = START_MS + STEP_MS * np.arange(first, first + GROUP, dtype=np.int64)
            levels = pa.array(tick_levels(first, GROUP))
            columns = [
                pa.array(stamps).cast(pa.timestamp("ms")),
                pa.DictionaryArray.from_arrays(levels, names),
            ]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=GROUP)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("page")
    write_ticks(folder / "ticks.parquet")
    parts = folder / "trips"
    parts.mkdir()
    for i in range(40):
        os.symlink(FLIGHTS, parts / f"part-{i:02}.parquet")
    loads = [f"ticks={folder / 'ticks.parquet'}", f"trips={parts}/*.parquet"]
    options = [word for load in loads for word in ("--load", load)]
    process = ServerProcess(folder, *options, "--demo", HEADRACE_DEMO_DATA=str(FLIGHTS)).start()
    with httpx.Client(base_url=process.url) as client:
        rows = {"city": ["Oslo", "Bergen", None, "Tromsø"], "people": [709, 291, 214, None]}
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, pa.table(rows).schema) as writer:
            writer.write_table(pa.table(rows))
        kind = {"Content-Type": "application/vnd.apache.arrow.stream"}
        put = client.put("/v1/tables/cities", content=sink.getvalue().to_pybytes(), headers=kind)
        assert put.status_code == 201, put.text
    yield process
    process.stop()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with run_browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, server: ServerProcess) -> Iterator[Page]:
    with open_page(browser, server.url) as page:
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield page


def reads_of(page: Page, table: str) -> list[Request]:
    """The reads of a table, from now on."""
    requests: list[Request] = []
    page.on("request", lambda r: f"/v1/tables/{table}?" in r.url and requests.append(r))
    return requests


def cell(page: Page, row: int, column: int) -> str:
    found = page.locator(f"#cell-{row}-{column}:not(.is-waiting)")
    return (found.text_content() or "").strip()


def test_files_of_the_page_are_packed_named_for_ever_and_confined(server: ServerProcess) -> None:
    with httpx.Client(base_url=server.url, headers={"Accept": "text/html"}) as client:
        page = client.get("/")
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["cache-control"] == "no-cache"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
        script = re.search(r'src="(/assets/[^"]+\.js)"', page.text)
        assert script is not None
        packed = client.get(script[1], headers={"Accept-Encoding": "gzip"})
        plain = client.get(script[1], headers={"Accept-Encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.content == plain.content
        assert packed.headers["etag"] != plain.headers["etag"]
        assert "immutable" in plain.headers["cache-control"]
        assert plain.headers["content-type"].startswith("text/javascript")
        again = {"If-None-Match": plain.headers["etag"], "Accept-Encoding": "identity"}
        assert client.get(script[1], headers=again).status_code == 304
        head = client.head(script[1], headers={"Accept-Encoding": "identity"})
        assert head.headers["content-length"] == str(len(plain.content))
        assert client.get("/assets/nothing.js").status_code == 404
        assert client.get("/", headers={"Accept": "application/json"}).json()["routes"]


def test_sources_are_listed_with_live_figures(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Sources")).to_be_visible()
    ticks = page.get_by_role("link", name=re.compile("ticks"))
    expect(ticks).to_contain_text("100,000,000")
    ticks.click()
    expect(page.get_by_role("region", name="Schema of ticks")).to_contain_text("timestamp[ms]")
    expect(page.get_by_role("link", name=re.compile("flights"))).to_contain_text("rows/s")


def test_jumps_to_row_50_million(page: Page) -> None:
    reads = reads_of(page, "files.ticks")
    page.goto("/#/explore/files.ticks")
    expect(page.locator("#cell-0-0")).to_have_text("2024-01-01 00:00:00")
    page.get_by_label("Row", exact=True).fill("50,000,000")
    page.get_by_role("button", name="Jump").click()
    stamp = np.datetime64(START_MS + 50_000_000 * STEP_MS, "ms")
    expect(page.locator("#cell-50000000-0")).to_have_text(str(stamp)[:19].replace("T", " "))
    value = float(tick_levels(50_000_000, 1)[0]) / 4 - 100
    assert float(cell(page, 50_000_000, 1)) == value
    assert all("format=arrows" in request.url for request in reads)
    assert len(reads) <= 4  # the page at the beginning, and those at the place; none between
    page.keyboard.press("ArrowDown")
    expect(page.locator("#cell-50000001-0")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Control+End")
    expect(page.locator("#cell-99999999-0:not(.is-waiting)")).to_be_visible()
    page.mouse.move(600, 500)
    page.mouse.wheel(0, -300)
    expect(page.locator("#cell-99999980-0:not(.is-waiting)")).to_be_visible()


def test_a_drag_of_the_scroll_bar_asks_for_the_place_where_it_stops(page: Page) -> None:
    page.goto("/#/explore/files.ticks")
    expect(page.locator("#cell-0-0")).to_have_text("2024-01-01 00:00:00")
    reads = reads_of(page, "files.ticks")
    page.get_by_role("grid").evaluate(
        """async (grid) => {
          for (let i = 1; i <= 40; ++i) {
            grid.scrollTop = (grid.scrollHeight / 41) * i;
            await new Promise(requestAnimationFrame);
          }
        }"""
    )
    expect(page.locator(".cell.is-waiting")).to_have_count(0)
    assert len(reads) <= 3 * MAX_REQUESTS_OF_A_DRAG


def test_filters_complete_and_apply(page: Page) -> None:
    page.goto("/#/explore/tables.cities")
    box = page.get_by_role("combobox", name="Filter")
    box.press_sequentially("peo")
    expect(page.get_by_role("option")).to_contain_text(["people"])
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("people ")
    box.press_sequentially("> 250")
    box.press("Enter")
    expect(page.get_by_text("2 of 4 rows")).to_be_visible()
    expect(page.locator("#cell-1-0")).to_have_text("Bergen")
    expect(page.locator("#cell-2-0")).to_have_count(0)


def test_a_wrong_filter_shows_the_servers_words_and_caret(page: Page) -> None:
    page.goto("/#/explore/tables.cities")
    box = page.get_by_role("combobox", name="Filter")
    box.fill("peple > 3")
    box.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("no column is called 'peple'; did you mean 'people'?")
    assert re.search(r"\n +\^", alert.inner_text())
    expect(box).to_be_focused()
    box.press("Escape")
    box.press("Escape")
    expect(alert).to_have_count(0)
    expect(page.locator("#cell-3-0")).to_have_text("Tromsø")


def test_null_shares_and_sort(page: Page) -> None:
    page.goto("/#/explore/tables.cities")
    people = page.get_by_role("columnheader", name=re.compile("people"))
    expect(people).to_contain_text("25 % null")
    people.get_by_role("button").click()
    expect(people).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#cell-0-1")).to_have_text("214")
    people.get_by_role("button").click()
    expect(page.locator("#cell-0-1")).to_have_text("709")


def test_a_cut_order_is_said_above_the_table(page: Page) -> None:
    page.goto("/#/explore/tables.cities?sort=people")
    status = page.locator(".explore > .status-line")
    expect(status).to_have_text("4 rows by people, ascending")
    page.goto("/#/explore/files.ticks")
    expect(status).to_have_text("100,000,000 rows", timeout=60_000)
    head = page.get_by_role("columnheader", name=re.compile("ts"))
    place = head.bounding_box()
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(status).to_have_text("First 10,000 by ts, ascending, of 100,000,000 rows")
    after, above = head.bounding_box(), status.bounding_box()
    assert place is not None and after is not None and above is not None
    assert after["y"] == place["y"], "the head stays below the pointer"
    assert above["y"] + above["height"] <= place["y"]
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "10000")


def test_exports_are_links_to_the_rows_that_are_shown(page: Page, server: ServerProcess) -> None:
    page.goto("/#/explore/tables.cities?filter=people+%3E+250")
    link = page.get_by_role("link", name="Parquet").get_attribute("href")
    table = pq.read_table(pa.BufferReader(httpx.get(server.url + str(link)).content))
    assert table.column("city").to_pylist() == ["Oslo", "Bergen"]


def drag(page: Page, begin: float, end: float) -> None:
    box = page.locator(".u-over").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + begin * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], y, steps=25)
    page.mouse.up()


def points_in(page: Page) -> int:
    note = page.locator(".chart-note small")
    expect(note).to_contain_text(" points in ")
    return int(re.sub(r".* ([\d,]+) points.*", r"\1", note.inner_text()).replace(",", ""))


def test_a_chart_of_100_million_rows_zooms_by_its_range(page: Page) -> None:
    reads = reads_of(page, "files.ticks")
    page.goto("/#/chart/files.ticks")
    whole = points_in(page)
    query = parse_qs(urlsplit(reads[-1].url).query)
    assert query["downsample"] == ["minmaxlttb"]
    assert "from" not in query
    assert 500 < whole <= int(query["points"][0])
    reads.clear()
    drag(page, 0.4, 0.5)
    expect(page.get_by_role("button", name="Reset")).to_be_enabled()
    page.wait_for_function("() => document.querySelector('.plot.is-loading') === null")
    zoomed = points_in(page)
    query = parse_qs(urlsplit(reads[-1].url).query)
    assert len(reads) <= MAX_REQUESTS_OF_A_DRAG
    span = TICKS * STEP_MS * 0.1
    begin, end = (np.datetime64(query[name][0].rstrip("Z"), "ms") for name in ("from", "to"))
    assert abs((end - begin).astype(int) - span) < span * 0.03
    assert zoomed <= int(query["points"][0])
    table = pa.ipc.open_stream(httpx.get(reads[-1].url, timeout=60).content).read_all()
    assert table.num_rows <= int(query["points"][0])


def test_keys_move_the_chart_without_a_storm(page: Page) -> None:
    page.goto("/#/chart/files.ticks")
    points_in(page)
    drag(page, 0.5, 0.52)
    points_in(page)
    reads = reads_of(page, "files.ticks")
    page.locator(".plot").focus()
    began = time.monotonic()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    pressed_s = time.monotonic() - began
    page.wait_for_function("() => document.querySelector('.plot.is-loading') === null")
    points_in(page)
    assert len(reads) <= 4 + pressed_s / 0.25  # keys that come slowly may each be answered
    page.keyboard.press("0")
    expect(page.get_by_role("button", name="Reset")).to_be_disabled()


def test_the_theme_is_remembered(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Use dark colours").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_language_that_intl_does_not_know(page: Page) -> None:
    """As Chromium has it where LANG is C: nothing was shown at all."""
    language = "{configurable: true, value: 'en-US@posix'}"
    page.add_init_script(f"Object.defineProperty(navigator, 'language', {language})")
    page.goto("/")
    expect(page.get_by_role("heading", name="Sources")).to_be_visible()


def test_no_server_is_said(page: Page) -> None:
    page.goto("/#/health")
    expect(page.get_by_text("open connections")).to_be_visible()
    page.route("**/v1/**", lambda route: route.abort())
    page.route("**/metrics", lambda route: route.abort())
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")


VIEWS = {
    "sources": ("/#/sources/files.trips", "rows/s"),
    "explore": ("/#/explore/files.trips?row=50000000", "50,000,001"),
    "chart": ("/#/chart/files.ticks", " points in "),
    "health": ("/#/health", "open connections"),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_view_fits_its_width(
    browser: Browser, server: ServerProcess, size: tuple[int, int], theme: str, tmp_path: Path
) -> None:
    # With HEADRACE_PICTURES=1 the pictures of the documents are made anew.
    folder = PICTURES if os.environ.get("HEADRACE_PICTURES") else tmp_path
    with open_page(browser, server.url, size, theme) as page:
        for name, (address, text) in VIEWS.items():
            page.goto(address)
            expect(page.get_by_text(text).first).to_be_visible(timeout=60_000)
            expect(page.locator(".is-waiting, .skeleton, .plot.is-loading")).to_have_count(0)
            expect(page.locator("html")).to_have_attribute("data-theme", theme)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{name} is {wide} pixels too wide"
            if folder == PICTURES and name in ("sources", "health"):
                page.wait_for_timeout(20_000)  # for the curves to grow
            page.screenshot(path=folder / f"page-{name}-{size[0]}-{theme}.png")
