"""The Chromium of tests/browser, and pages in it that notice every fault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path(__file__).resolve().parents[1] / "browser" / "node_modules" / ".chromium"
# No GPU, no sandbox (tests may run as root in a container), no process of its own for each thing.
OPTIONS = ["--headless=shell", "--no-sandbox", "--no-zygote", "--disable-gpu"]
DESKTOP = (1280, 800)
PHONE = (390, 844)


@contextmanager
def run_browser(folder: Path) -> Iterator[Browser]:
    """`folder` is for the cache of its fonts, which are the same on every machine."""
    fonts = folder / "fonts.conf"
    fonts.write_text(
        f"""<?xml version="1.0"?><fontconfig><dir>{CHROMIUM / "fonts"}</dir>
        <dir>/usr/share/fonts/truetype/dejavu</dir><cachedir>{folder / "fonts"}</cachedir>
        <match><test name="family"><string>system-ui</string></test>
        <edit name="family" mode="assign" binding="same"><string>Open Sans</string></edit></match>
        </fontconfig>"""
    )
    # A bare machine lacks some libraries, which the package therefore has too.
    libraries = [os.environ.get("LD_LIBRARY_PATH", ""), str(CHROMIUM / "lib")]
    environment = os.environ | {
        "FONTCONFIG_FILE": str(fonts),
        "LD_LIBRARY_PATH": ":".join(path for path in libraries if path),
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM / "chromium", args=OPTIONS, env=environment
        )
        yield browser
        browser.close()


@contextmanager
def open_page(
    browser: Browser, url: str, size: tuple[int, int] = DESKTOP, theme: str = "light"
) -> Iterator[Page]:
    """A page in a context of its own. What the page or the content policy complains of fails."""
    context = browser.new_context(
        base_url=url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        locale="en-US",
        timezone_id="America/St_Johns",
        reduced_motion="reduce",
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: is_fault(message.text) and faults.append(message.text))
    yield page
    context.close()
    assert not faults, faults


def is_fault(text: str) -> bool:
    """Refusals of the server, which tests provoke, are told as failed resources."""
    return any(word in text for word in ("Content Security Policy", "Warning:", "Uncaught"))
