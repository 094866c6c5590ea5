"""What README.md and the pages of docs/ tell people to type works as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from server_process import ROOT, ServerProcess

FLIGHTS = ROOT / "node_modules" / "vega-datasets" / "data" / "flights-3m.parquet"


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", ["README.md", "docs/http.md"])
def test_calls(start_server: Callable[..., ServerProcess], page: str) -> None:
    server = start_server("--demo", "--demo-data", str(FLIGHTS))
    calls = [block for block in blocks(page, "sh") if "curl" in block]
    assert calls
    for call in calls:
        here = call.replace("localhost:14345", f"127.0.0.1:{server.port}")
        done = subprocess.run(
            ["bash", "-euc", here], capture_output=True, text=True, timeout=30, check=True
        )
        assert done.stdout, call
        assert '"error"' not in done.stdout, done.stdout


def test_python_of_the_readme(tmp_path: Path) -> None:
    (code,) = blocks("README.md", "python")
    script = tmp_path / "readme.py"
    script.write_text(code)
    subprocess.run([sys.executable, str(script)], check=True, timeout=60, cwd=tmp_path)


@pytest.mark.parametrize("page", sorted(p.name for p in (ROOT / "docs").glob("*.md")))
def test_links(page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (ROOT / "docs" / target).exists(), f"{page} links to {target}"


def test_links_of_the_root() -> None:
    for page in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)#]+?)\)", (ROOT / page).read_text()):
            if "://" not in target:
                assert (ROOT / target).exists(), f"{page} links to {target}"
