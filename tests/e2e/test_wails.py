"""clients/wails: the window is built and shown where WebKitGTK is installed; its Go half has tests
of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
from display import Display, Pixels, run_display, write_png
from server_process import ROOT, ServerProcess
from test_page_live import Ticks

PICTURES = ROOT / "docs" / "pictures"
PACKAGES = ["webkit2gtk-4.1", "gtk+-3.0"]
WAIT_SECONDS = 60.0
# Neither a GPU nor, for root in a container, a sandbox.
WEBKIT = {
    "GDK_BACKEND": "x11",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
    "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
}
LINES = {"price": (0x0B, 0x6E, 0x99), "its mean": (0xCC, 0x5F, 0x1E)}


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("Xvfb") is None:
        pytest.skip("no Xvfb: tools/setup.sh test installs it")
    found = shutil.which("pkg-config") and subprocess.run(["pkg-config", "--exists", *PACKAGES])
    if not found or found.returncode != 0:
        pytest.skip("no WebKitGTK: apt-get install libgtk-3-dev libwebkit2gtk-4.1-dev")
    out = tmp_path_factory.mktemp("wails") / "headrace-window"
    subprocess.run([ROOT / "clients" / "wails" / "build.sh", out], check=True, timeout=900)
    return out


def share_of(picture: Pixels, colour: tuple[int, int, int]) -> int:
    return int((np.abs(picture.astype(int) - colour).max(axis=2) < 8).sum())


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_live_window_is_drawn(window: Path, server: ServerProcess, tmp_path: Path) -> None:
    ticks = Ticks(server, "wails-live")
    ticks.start()
    try:
        with run_display(tmp_path) as display:
            show(window, server, display, tmp_path)
    finally:
        ticks.stop()
        httpx.delete(f"{server.url}/v1/ml/polars/buffers/wails-live")


def show(window: Path, server: ServerProcess, display: Display, folder: Path) -> None:
    def followers() -> int:
        clients: int = httpx.get(f"{server.url}/v1/health").json()["live"]["clients"]
        return clients

    environment = os.environ | WEBKIT | {"DISPLAY": display.name, "LANG": "C"}
    with (folder / "window.log").open("wb") as log:
        shown = subprocess.Popen(
            [window, "-url", server.url], env=environment, stdout=log, stderr=log
        )
        try:
            until(lambda: followers() == 1)
            for colour in LINES.values():
                until(lambda colour=colour: share_of(display.pixels(), colour) > 500)
            before = display.pixels()
            until(lambda: bool((display.pixels() != before).any()))
            # With HEADRACE_PICTURES=1 the picture of the documents is made anew.
            target = PICTURES if os.environ.get("HEADRACE_PICTURES") else folder
            write_png(target / "wails-live.png", display.pixels())
        finally:
            shown.terminate()
            shown.wait(WAIT_SECONDS)
    until(lambda: followers() == 0)
