"""Fixtures: server processes, clients of the prefix of all calls, buffers that nobody else uses."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pg_clients import PgServer
from server_process import BINARY, ServerProcess

_numbers = itertools.count()


@pytest.fixture(scope="session", autouse=True)
def binary() -> None:
    if not BINARY.exists():
        pytest.exit(f"no server at {BINARY}: run `make build`, or set HEADRACE_BINARY", 1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The server of all tests that do not need one of their own."""
    process = ServerProcess(tmp_path_factory.mktemp("server")).start()
    yield process
    process.stop()


@pytest.fixture
def start_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., ServerProcess]]:
    """Starts servers with options; all that a test has not ended itself must end well."""
    started: list[ServerProcess] = []

    def start(*options: str, **variables: str) -> ServerProcess:
        folder = tmp_path_factory.mktemp("own-server")
        process = ServerProcess(folder, *options, **variables)
        started.append(process.start())
        return process

    yield start
    for process in started:
        if process.process.poll() is None:
            process.stop()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with server.client() as opened:
        yield opened


@pytest.fixture
def make_buffer(client: httpx.Client) -> Iterator[Callable[..., str]]:
    """Makes a buffer with the options of the create call, and deletes it in the end."""
    names: list[str] = []

    def make(**options: Any) -> str:
        name = f"e2e-{next(_numbers)}"
        answer = client.post("/buffers", json={"buffer_id": name, **options})
        assert answer.status_code == 200, answer.text
        names.append(name)
        return name

    yield make
    for name in names:
        client.delete(f"/buffers/{name}")


@pytest.fixture(scope="module")
def pg(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgServer]:
    """A server that speaks PostgreSQL, for the tests of one file."""
    server = PgServer(tmp_path_factory.mktemp("pg"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def pg_connection(pg: PgServer) -> Iterator[Any]:
    """One of psycopg2, each statement a transaction of its own."""
    opened = pytest.importorskip("psycopg2").connect(pg.dsn)
    opened.autocommit = True
    yield opened
    opened.close()
