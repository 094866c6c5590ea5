"""hr.Client: the server's list of buffers, and a wire that misbehaves."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import headrace as hr
from conftest import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def scripted(*replies: Callable[[socket.socket], None]) -> Iterator[hr.Client]:
    """A client of a server that answers its connections, one after the other, as told."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        for reply in replies:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(10)
                reply(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with hr.Client(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=5) as client:
        yield client
    thread.join(10)
    listener.close()
    assert not thread.is_alive()


def answer(*parts: bytes) -> Callable[[socket.socket], None]:
    """Answers one request for each part, then closes."""

    def reply(connection: socket.socket) -> None:
        for part in parts:
            assert connection.recv(65536)
            connection.sendall(part)

    return reply


def test_create_list_and_delete(client: hr.Client) -> None:
    made = client.create("of-client", window_size=7)
    assert [b.window_size for b in client.list() if b.name == "of-client"] == [7]
    with pytest.raises(hr.NameExists):
        client.create("of-client")
    assert client.buffer("of-client", create=True, window_size=9).window_size == 7
    made.delete()
    with pytest.raises(hr.UnknownName):
        client.delete("of-client")
    assert not [b for b in client.list() if b.name == "of-client"]


def test_an_unknown_buffer_shows_in_the_first_call(client: hr.Client) -> None:
    nowhere = client.buffer("nowhere")
    for call in (nowhere.stats, nowhere.data, nowhere.features, nowhere.clear, nowhere.delete,
                 nowhere.latest, nowhere.latest_vector, nowhere.vector_names):  # fmt: skip
        with pytest.raises(hr.UnknownName):
            call()
    with pytest.raises(hr.UnknownName):
        nowhere.append({"x": 1})


@pytest.mark.parametrize("name", ["", "a/b", "a b", "x" * 129, "ä?#%"])
def test_a_bad_name_is_refused(client: hr.Client, name: str) -> None:
    with pytest.raises(hr.InvalidArgument):
        client.create(name)
    with pytest.raises(hr.InvalidArgument):
        hr.Buffer(name)


def test_one_connection_serves_many_requests(client: hr.Client) -> None:
    with client:
        for _ in range(5):
            client.health()
        assert len(client._pool._idle) == 1


def test_health(client: hr.Client) -> None:
    assert client.health()


def test_no_server() -> None:
    with pytest.raises(hr.Unavailable) as refused:
        hr.Client(f"http://127.0.0.1:{free_port()}").health()
    assert refused.value.code == "unavailable"


@pytest.mark.parametrize("url", ["localhost:14345", "ftp://localhost", "http://", ""])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(hr.InvalidArgument):
        hr.Client(url)


def test_a_connection_closed_while_idle_is_replaced() -> None:
    closed = threading.Event()

    def one_then_close(connection: socket.socket) -> None:
        answer(OK)(connection)
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    with scripted(one_then_close, answer(OK)) as client:
        assert client.health() == {}
        assert closed.wait(10)
        assert client.health() == {}


def test_an_answer_that_ends_too_early() -> None:
    cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    with scripted(answer(cut), answer(b"")) as client:
        with pytest.raises(hr.HeadraceIOError):
            client.buffer("x").data()
        with pytest.raises(hr.HeadraceIOError):
            client.health()
        assert client._pool._idle == []


def test_an_answer_that_does_not_come() -> None:
    release = threading.Event()

    def silent(connection: socket.socket) -> None:
        assert release.wait(10)

    with scripted(silent) as client:
        client._pool._timeout = 0.05
        with pytest.raises(hr.Timeout):
            client.health()
        release.set()


def test_an_answer_that_is_not_what_it_says() -> None:
    text = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    with scripted(answer(text, text)) as client:
        with pytest.raises(hr.MalformedBody):
            client.health()
        with pytest.raises(hr.HeadraceError):
            client.buffer("x").data()


def test_rows_keep_what_json_would_lose(client: hr.Client) -> None:
    buffer = client.buffer("of-values", create=True)
    try:
        buffer.append([{"x": 1e300}, {"x": float("inf")}, {"x": -0.0}])
        assert str(buffer.data()["x"].tolist()) == "[1e+300, inf, -0.0]"
    finally:
        buffer.delete()
