"""What README.md and the pages of docs/ tell people to type works as it stands.

Their Python is run by python/tests/test_documentation.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from server_process import BINARY, ROOT, ServerProcess, clean_environment

FLIGHTS = ROOT / "node_modules" / "vega-datasets" / "data" / "flights-3m.parquet"


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", ["README.md", "docs/http.md", "docs/sql.md", "docs/tables.md"])
def test_calls(start_server: Callable[..., ServerProcess], page: str, tmp_path: Path) -> None:
    server = start_server("--demo", "--demo-data", str(FLIGHTS))
    calls = [block for block in blocks(page, "sh") if "curl" in block]
    assert calls
    for call in calls:
        here = call.replace("localhost:14345", f"127.0.0.1:{server.port}")
        done = subprocess.run(
            ["bash", "-euc", here],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            cwd=tmp_path,
        )
        assert done.stdout, call
        assert '"error"' not in done.stdout, done.stdout


@pytest.mark.parametrize("page", ["docs/sql.md", "docs/tables.md"])
def test_python_of_clients(start_server: Callable[..., ServerProcess], page: str) -> None:
    server = start_server("--demo", "--demo-data", str(FLIGHTS))
    (call,) = blocks(page, "python")
    here = call.replace("localhost:14345", f"127.0.0.1:{server.port}")
    done = subprocess.run(
        [sys.executable, "-c", here], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("page", "written"),
    [
        ("docs/scan.md", "late.parquet"),
        ("docs/downsampling.md", "chart.parquet"),
        ("docs/order-and-samples.md", "part.parquet"),
    ],
)
def test_scans(tmp_path: Path, page: str, written: str) -> None:
    (tmp_path / "flights.parquet").symlink_to(FLIGHTS)
    (calls,) = blocks(page, "sh")
    for call in calls.splitlines():
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", call],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env=clean_environment(PATH=f"{BINARY.parent}:{os.environ['PATH']}"),
        )
        assert (done.returncode, done.stderr) == (0, ""), done
        assert done.stdout or "--output" in call
    assert (tmp_path / written).stat().st_size > 0


def test_options_of_scan() -> None:
    """docs/scan.md has the options that `scan --help` has."""
    help_text = subprocess.run(
        [BINARY, "scan", "--help"], capture_output=True, text=True, timeout=30, check=True
    ).stdout
    options = re.findall(r"^  (?:-\w,)?(--[a-z-]+)", help_text, re.MULTILINE)
    text = (ROOT / "docs" / "scan.md").read_text()
    assert len(options) >= 12
    for option in options:
        assert option == "--help" or re.search(rf"^\| .*{option}\b", text, re.MULTILINE), option


def test_options() -> None:
    """docs/configuration.md has the flags that `serve --help` has, with their defaults."""
    text = (ROOT / "docs" / "configuration.md").read_text()
    row = r"^\| `--([a-z-]+)[^`]*` \| `(\w+)` \| (?:`([a-z-]+)`)? ?\| (.*?) \|"
    documented = re.findall(row, text, re.MULTILINE)
    help_text = subprocess.run(
        [BINARY, "serve", "--help"], capture_output=True, text=True, timeout=30, check=True
    ).stdout
    option = r"^ +--([a-z-]+).*\n(?: +[a-z].*\n)? +\[(\w+), default (.*)\]$"
    options = re.findall(option, help_text, re.MULTILINE)
    assert len(documented) >= 15
    assert [name for name, *_ in documented] == [name for name, *_ in options]
    for (name, variable, key, default), (_, said_variable, said_default) in zip(
        documented, options, strict=True
    ):
        assert variable == said_variable == "HEADRACE_" + name.upper().replace("-", "_")
        assert key == ("" if name == "config" else name)
        if default.startswith("`"):
            assert default == f"`{said_default}`"


def test_the_configuration_file(start_server: Callable[..., ServerProcess], tmp_path: Path) -> None:
    (toml,) = blocks("docs/configuration.md", "toml")
    config = tmp_path / "headrace.toml"
    config.write_text(toml)
    server = start_server("--config", str(config))  # its --port 0 is stronger than the file
    memory = httpx.get(f"{server.url}/v1/health").json()["memory"]
    assert memory["limit_bytes"] == 2 << 30
    assert server.log().startswith("{")


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
