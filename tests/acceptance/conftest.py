"""Servers for tests: one for each module, or as many as a test starts itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from server import Server, start


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers that end with the test, with status 0."""
    started: list[Server] = []

    def run(*options: str, env: dict[str, str] | None = None) -> Server:
        started.append(start(tmp_path, *options, env=env))
        return started[-1]

    yield run
    for server in started:
        assert server.stop() == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start(tmp_path_factory.mktemp("server"), "--log-level", "warn")
    yield running
    assert running.stop() == 0


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture
def buffer_id(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[:100]
