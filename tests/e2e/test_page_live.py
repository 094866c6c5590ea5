"""The page's live chart, in a real browser over a window that moves."""

from __future__ import annotations

import datetime
import os
import random
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from browser import DESKTOP, PHONE, open_page, run_browser
from live_client import LiveClient, append
from playwright.sync_api import Browser, Page, WebSocketRoute, expect
from server_process import ROOT, ServerProcess

PICTURES = ROOT / "docs" / "pictures"
WINDOW = 2000
START = datetime.datetime(2026, 3, 2, 14, 30, tzinfo=datetime.UTC)
STEP_SECONDS = 0.02
PAUSE_SECONDS = 0.01
WAIT_MS = 30_000


class Ticks(threading.Thread):
    """Appends a walk of prices until it is stopped."""

    def __init__(self, server: ServerProcess, name: str) -> None:
        super().__init__(daemon=True)
        self.client = server.client()
        self.name = name
        self.stopped = threading.Event()
        self.random = random.Random(7)
        self.price = 100.0
        self.count = 0
        schema = {"at": "timestamp", "price": "double"}
        options = {"buffer_id": name, "window_size": WINDOW, "schema": schema}
        made = self.client.post("/buffers", json=options)
        assert made.status_code == 200, made.text
        self.append(WINDOW)

    def append(self, rows: int) -> None:
        append(self.client, self.name, [self.tick() for _ in range(rows)])

    def tick(self) -> dict[str, Any]:
        at = START + datetime.timedelta(seconds=STEP_SECONDS * self.count)
        self.price += self.random.gauss(0, 0.05)
        self.count += 1
        shown = self.price + self.random.gauss(0, 0.12)
        return {"at": at.isoformat(), "price": round(shown, 4)}

    def run(self) -> None:
        while not self.stopped.wait(PAUSE_SECONDS):
            self.append(2)

    def stop(self) -> None:
        self.stopped.set()
        if self.ident is not None:
            self.join(10)
        self.client.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with run_browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def ticks(server: ServerProcess) -> Iterator[Ticks]:
    ticks = Ticks(server, "live-page")
    yield ticks
    ticks.stop()
    with server.client() as client:
        client.delete("/buffers/live-page")


@pytest.fixture
def page(browser: Browser, server: ServerProcess) -> Iterator[Page]:
    with open_page(browser, server.url) as page:
        page.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        yield page


def state_of(page: Page, text: str) -> None:
    expect(page.get_by_role("status", name="Feed")).to_have_text(text)


def frames_of(page: Page) -> int:
    return int(page.locator(".chart-card").get_attribute("data-frames") or 0)


def wait_for_frames(page: Page, at_least: int) -> None:
    reached = "(n) => Number(document.querySelector('.chart-card').dataset.frames) >= n"
    page.wait_for_function(reached, arg=at_least)


def live_clients(server: ServerProcess) -> int:
    clients: int = httpx.get(f"{server.url}/v1/health").json()["live"]["clients"]
    return clients


def test_a_live_window_is_drawn_as_it_moves(
    page: Page, server: ServerProcess, ticks: Ticks
) -> None:
    reads: list[str] = []
    page.on("request", lambda request: reads.append(request.url))
    page.goto("/#/chart/buffers.live-page")
    state_of(page, "live")
    expect(page.locator(".chart-note")).to_contain_text(f"{WINDOW:,} rows")
    expect(page.locator(".u-legend")).to_contain_text("price · mean of 100")
    before = page.locator(".chart-note b").inner_text()
    ticks.start()
    first = frames_of(page)
    begin = page.evaluate("performance.now()")
    wait_for_frames(page, first + 60)
    seconds = (page.evaluate("performance.now()") - begin) / 1000
    assert (frames_of(page) - first) / seconds < 33, "more than the screen is asked for"
    expect(page.locator(".chart-note b")).not_to_have_text(before)
    expect(page.locator(".chart-note")).to_contain_text(f"{WINDOW:,} rows")
    assert not [url for url in reads if "downsample" in url], "the window comes by itself"


def test_the_legend_has_the_windows_values_and_features(
    page: Page, server: ServerProcess, ticks: Ticks
) -> None:
    page.goto("/#/chart/buffers.live-page?stat=max&over=20")
    state_of(page, "live")
    ticks.append(77)
    wait_for_frames(page, 2)
    page.locator(".u-over").hover()
    cells = page.locator(".u-legend .u-value")
    expect(cells.nth(2)).not_to_have_text("\N{EN DASH}")
    at, price, most = (cells.nth(i).inner_text() for i in range(3))
    plan = {"rolling_windows": [20], "include_rolling_stats": ["max"], "include_lags": False}
    body = {"buffer_id": ticks.name, **plan}
    answer = ticks.client.post(
        "/features", json=body, headers={"Accept": "application/vnd.apache.arrow.stream"}
    )
    table = pa.ipc.open_stream(answer.content).read_all()
    times = [str(time)[:23] for time in table["at"].cast(pa.timestamp("ms")).to_pylist()]
    row = next(i for i, time in enumerate(times) if time.rstrip("0") == at.rstrip("0"))
    assert float(price) == table["price"][row].as_py()
    assert float(most) == table["price_rolling_max_20"][row].as_py()


def test_pause_stops_the_feed_and_resume_catches_up(
    page: Page, server: ServerProcess, ticks: Ticks
) -> None:
    page.goto("/#/chart/buffers.live-page")
    state_of(page, "live")
    ticks.start()
    wait_for_frames(page, 5)
    page.get_by_role("button", name="Pause").click()
    state_of(page, "paused")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    wait_until(page, lambda: live_clients(server) == 0)
    still = page.locator(".chart-note b").inner_text()
    frames = frames_of(page)
    count = ticks.count
    wait_until(page, lambda: ticks.count > count + 100)
    assert page.locator(".chart-note b").inner_text() == still
    assert frames_of(page) == frames
    page.get_by_role("button", name="Resume").click()
    state_of(page, "live")
    expect(page.locator(".chart-note b")).not_to_have_text(still)
    wait_for_frames(page, frames + 5)


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    for _ in range(WAIT_MS // 50):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come to that")


def test_zooming_holds_the_chart_still(page: Page, ticks: Ticks) -> None:
    page.goto("/#/chart/buffers.live-page")
    state_of(page, "live")
    ticks.start()
    wait_for_frames(page, 5)
    box = page.locator(".u-over").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=8)
    page.mouse.up()
    state_of(page, "paused")
    zoomed = page.locator(".chart-note b").inner_text()
    page.get_by_role("button", name="Zoom in").click()
    expect(page.locator(".chart-note b")).not_to_have_text(zoomed)
    page.get_by_role("button", name="Reset").click()
    state_of(page, "live")
    wait_for_frames(page, frames_of(page) + 5)


def test_it_connects_again(page: Page, ticks: Ticks) -> None:
    sockets: list[WebSocketRoute] = []

    def connect(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        if len(sockets) in (2, 3):  # nobody is there yet
            socket.close(code=1013)
        else:
            socket.connect_to_server()

    page.route_web_socket(re.compile(r"/v1/live$"), connect)
    page.goto("/#/chart/buffers.live-page")
    state_of(page, "live")
    ticks.start()
    wait_for_frames(page, 5)
    sockets[0].close(code=1001)
    state_of(page, "reconnecting")
    expect(page.locator(".u-legend")).to_contain_text("price")  # what was drawn stays
    state_of(page, "live")
    assert len(sockets) == 4
    wait_for_frames(page, frames_of(page) + 5)


def test_what_the_server_refuses_is_shown(page: Page, ticks: Ticks) -> None:
    page.goto("/#/chart/buffers.live-page?filter=prise+%3E+1")
    expect(page.get_by_role("alert")).to_contain_text("did you mean 'price'?")
    state_of(page, "ended")
    box = page.get_by_role("combobox", name="Filter")
    box.fill("price > 0")
    box.press("Enter")
    state_of(page, "live")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_line_for_each_value(page: Page, server: ServerProcess) -> None:
    with server.client() as client:
        client.post("/buffers", json={"buffer_id": "live-lines", "window_size": 100})
        append(client, "live-lines", [{"n": n, "x": n % 7, "k": "ab"[n % 2]} for n in range(50)])
        page.goto("/#/chart/buffers.live-lines?x=n&y=x&by=k")
        expect(page.locator(".u-legend .u-label")).to_have_text(["n", "a", "b"])
        append(client, "live-lines", [{"n": 50, "x": 3, "k": "c"}])
        expect(page.locator(".u-legend .u-label")).to_have_text(["n", "a", "b", "c"])
        client.delete("/buffers/live-lines")


def test_health_tells_of_slow_clients(
    page: Page, start_server: Callable[..., ServerProcess]
) -> None:
    own = start_server("--live-queue", "256KiB")
    with own.client() as client, LiveClient(own.port, receive_bytes=4096) as stalled:
        client.post("/buffers", json={"buffer_id": "w", "window_size": 2000})
        rows = [{"n": n, "text": "x" * 2000} for n in range(50)]
        append(client, "w", rows)
        stalled.subscribe("w", rate=100)
        page.goto(f"{own.url}/#/health")
        card = page.get_by_role("region", name="Live clients")
        expect(card).to_contain_text("1 subscriptions")
        for _ in range(300):  # 30 MB, of which the window has 4
            append(client, "w", rows)
        expect(card).to_contain_text("1 do not keep up")
        expect(card.get_by_role("row")).to_have_count(2)
        line = card.get_by_role("row").last
        for text in ("127.0.0.1:", "slow", "buffers.w", "latest", "100/s"):
            expect(line).to_contain_text(text)
        queued, skipped = line.get_by_role("cell").nth(3), line.get_by_role("cell").nth(4)
        expect(queued).to_contain_text("KiB")
        expect(skipped).to_have_text("0")  # they are as soon as it takes the next
        message: Any = {}
        while not isinstance(message, dict) or "skipped" not in message:
            message = stalled.message()
        expect(skipped).to_have_text(f"{message['skipped']['total']:,}")
    expect(card).to_contain_text("Nobody follows a live window")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_subscriptions_fit_their_width(
    browser: Browser,
    start_server: Callable[..., ServerProcess],
    size: tuple[int, int],
    theme: str,
    tmp_path: Path,
) -> None:
    own = start_server("--live-queue", "256KiB")
    name = "prices-of-a-long-name-as-they-come"
    with own.client() as client, LiveClient(own.port) as quick, LiveClient(own.port) as slow:
        client.post("/buffers", json={"buffer_id": name, "window_size": 2000})
        rows = [{"n": n, "text": "x" * 2000} for n in range(50)]
        append(client, name, rows)
        quick.subscribe(name, id="chart of the desk", rate=0.5)
        slow.subscribe(name, rate=100)
        for _ in range(300):
            append(client, name, rows)
        with open_page(browser, own.url, size, theme) as page:
            page.goto("/#/health")
            table = page.get_by_role("table", name="Subscriptions")
            expect(table).to_contain_text("slow", timeout=WAIT_MS)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            within = "(table) => table.scrollWidth - table.parentElement.clientWidth"
            assert table.evaluate(within) <= 0
            page.screenshot(path=tmp_path / f"followers-{size[0]}-{theme}.png", full_page=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_fits_its_width(
    browser: Browser,
    server: ServerProcess,
    ticks: Ticks,
    size: tuple[int, int],
    theme: str,
    tmp_path: Path,
) -> None:
    # With HEADRACE_PICTURES=1 the pictures of the documents are made anew.
    folder = PICTURES if os.environ.get("HEADRACE_PICTURES") else tmp_path
    with open_page(browser, server.url, size, theme) as page:
        page.goto("/#/chart/buffers.live-page")
        expect(page.get_by_role("status", name="Feed")).to_have_text("live", timeout=WAIT_MS)
        ticks.start()
        wait_for_frames(page, 60)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.screenshot(path=folder / f"page-live-{size[0]}-{theme}.png")
