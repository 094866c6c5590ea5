"""clients/tk: a real window on a display without a screen, over a real server."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from display import Display, run_display, write_png
from server_process import ROOT, ServerProcess
from table_data import arrow_stream, trips
from test_page_live import Ticks

sys.path.insert(0, str(ROOT / "clients" / "tk"))
tk = pytest.importorskip("tkinter", reason="Python has no tkinter: tools/setup.sh test installs it")
if shutil.which("Xvfb") is None:
    pytest.skip("no Xvfb: tools/setup.sh test installs it", allow_module_level=True)

from headrace_tk import style  # noqa: E402
from headrace_tk.app import App  # noqa: E402
from headrace_tk.table_view import text_of  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
WAIT_SECONDS = 30.0
ROWS = 5000


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    with run_display(tmp_path_factory.mktemp("display")) as display:
        yield display


@pytest.fixture
def open_app(display: Display) -> Iterator[Callable[..., App]]:
    opened: list[App] = []

    def open_(url: str, table: str | None = None, **options: Any) -> App:
        app = App(tk.Tk(screenName=display.name), url, table, **options)
        opened.append(app)
        return app

    yield open_
    while opened:
        opened.pop().close()
    # A window is part of a ring of references, which no other thread than its own may collect.
    gc.collect()


def until(app: App, holds: Callable[[], object]) -> None:
    """Lets the window live until that holds."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, (app.state["text"], app.trouble["text"])
        app.root.update()
        time.sleep(0.005)


def shown(app: App) -> list[list[str]]:
    tree = app.view.tree
    return [[str(cell) for cell in tree.item(item, "values")] for item in tree.get_children()]


@pytest.fixture
def trips_table(server: ServerProcess) -> Iterator[list[list[str]]]:
    table = trips(ROWS)
    url = f"{server.url}/v1/tables/tk-trips"
    kind = {"Content-Type": "application/vnd.apache.arrow.stream"}
    assert httpx.put(url, content=arrow_stream(table), headers=kind).status_code == 201
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    yield [[text_of(value) for value in row] for row in rows]
    httpx.delete(url)


def test_any_row_of_a_table(
    open_app: Callable[..., App], server: ServerProcess, trips_table: list[list[str]]
) -> None:
    app = open_app(server.url, "tk-trips")
    until(app, lambda: shown(app) and shown(app)[0][0] == "0")
    height = app.view.height
    assert height > 5
    assert shown(app) == trips_table[:height]
    for first in (190, 390, 590, ROWS):  # over the borders of pages, then to the end
        app.view.show(first)
        last = min(first + height, ROWS)
        until(app, lambda last=last: shown(app)[-1][0] == f"{last - 1:,}")
        assert shown(app) == trips_table[last - height : last]
    app.view.tree.event_generate("<Home>")
    app.view.show(0)
    until(app, lambda: shown(app) == trips_table[:height])
    assert not app.card.winfo_ismapped(), "a table that does not move has no live chart"


def test_a_live_window_moves_pauses_and_goes_on(
    open_app: Callable[..., App], server: ServerProcess, display: Display, tmp_path: Path
) -> None:
    ticks = Ticks(server, "tk-live")
    try:
        app = open_app(server.url, "buffers.tk-live")
        until(app, lambda: app.chart.ring.columns.shape[1] >= 2000)
        ticks.start()
        until(app, lambda: app.chart.ring.columns.shape[1] >= 2300)
        assert "live" in app.state["text"]
        xs, ys, means = app.chart.ring.columns
        assert np.all(np.diff(xs) > 0), "every row once, and in order"
        for row in range(200, len(ys), 250):
            np.testing.assert_allclose(means[row], ys[row - 99 : row + 1].mean(), rtol=1e-12)
        until(app, lambda: shown(app)[0][0] != "")
        picture = display.pixels()
        for colour in (style.ACCENT, style.SECOND):  # both lines are on the screen
            rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
            assert np.all(picture == rgb, axis=2).sum() > 500
        # With HEADRACE_PICTURES=1 the picture of the documents is made anew.
        folder = PICTURES if os.environ.get("HEADRACE_PICTURES") else tmp_path
        write_png(folder / "tk-live.png", picture)
        app.button.invoke()
        until(app, lambda: "paused" in app.state["text"])
        still = app.chart.ring.columns.shape[1]
        count = ticks.count
        until(app, lambda: ticks.count > count + 50)
        assert app.chart.ring.columns.shape[1] == still
        app.button.invoke()
        until(app, lambda: app.chart.ring.columns[0][-1] > xs[-1] + 0.5)
    finally:
        ticks.stop()
        httpx.delete(f"{server.url}/v1/ml/polars/buffers/tk-live")


def test_a_server_that_goes_away_and_comes_back(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    first = ServerProcess(tmp_path / "first").start()
    ticks = Ticks(first, "tk-back")
    app = open_app(first.url, "tk-back")
    until(app, lambda: "live" in app.state["text"] and app.chart.ring.columns.shape[1])
    held = app.chart.ring.columns.shape[1]
    ticks.stop()
    first.stop()
    until(app, lambda: "reconnecting" in app.state["text"])
    until(app, lambda: "does not answer" in app.trouble["text"])
    assert app.chart.ring.columns.shape[1] == held, "what was drawn stays"
    second = ServerProcess(tmp_path / "second")
    second.command[second.command.index("--port") + 1] = str(first.port)
    second.start()
    try:
        again = Ticks(second, "tk-back")
        again.start()
        until(app, lambda: "live" in app.state["text"] and app.trouble["text"] == "")
        until(app, lambda: app.chart.ring.columns.shape[1] > 2000)
        again.stop()
    finally:
        second.stop()


def test_no_server_at_all(open_app: Callable[..., App]) -> None:
    app = open_app("http://127.0.0.1:9")
    until(app, lambda: "does not answer" in app.trouble["text"])


def run(display: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "headrace_tk", *words],
        cwd=ROOT / "clients" / "tk",
        env=os.environ | {"DISPLAY": display},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_tells_how_it_is_used() -> None:
    helped = run("", "--help")
    assert helped.returncode == 0
    assert "--url" in helped.stdout and "TABLE" in helped.stdout.upper()
    nowhere = run(":12345")
    assert nowhere.returncode == 1
    assert "no window can be opened" in nowhere.stderr
