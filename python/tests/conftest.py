"""Fixtures: a real server process, and buffers of both kinds."""

import itertools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

import headrace as hr

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0


class MakeBuffer(Protocol):
    """Makes a new buffer with the options of hr.Buffer, name excepted."""

    def __call__(self, **options: Any) -> hr.LiveBuffer: ...


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[hr.Client]:
    """A client of a server process that lives as long as the tests."""
    binary = Path(os.environ.get("HEADRACE_BINARY", ROOT / "build" / "release" / "headrace"))
    if not binary.exists():
        pytest.fail(f"no server at {binary}: run `make build`, or set HEADRACE_BINARY")
    port = free_port()
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [binary, "serve", "--host", "127.0.0.1", "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    with hr.Client(f"http://127.0.0.1:{port}") as made:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                made.health()
                break
            except hr.Unavailable:
                if server.poll() is not None or time.monotonic() > deadline:
                    server.kill()
                    pytest.fail(f"the server did not start:\n{log.read_text()}")
                time.sleep(0.02)
        yield made
    server.send_signal(signal.SIGTERM)
    assert server.wait(START_SECONDS) == 0, log.read_text()


_numbers = itertools.count()


@pytest.fixture(params=["embedded", "server"])
def make_buffer(request: pytest.FixtureRequest) -> Iterator[MakeBuffer]:
    """Every test that takes this runs twice: in process and against the server."""
    if request.param == "embedded":
        yield lambda **options: hr.Buffer(**options)
        return
    server: hr.Client = request.getfixturevalue("client")
    names: list[str] = []

    def make(**options: Any) -> hr.LiveBuffer:
        made = server.create(f"test-{next(_numbers)}", **options)
        names.append(made.name)
        return made

    yield make
    for name in names:
        server.delete(name)


@pytest.fixture
def buffer(make_buffer: MakeBuffer) -> hr.LiveBuffer:
    """An empty buffer with the default options."""
    return make_buffer()
