"""HTTP itself, on raw sockets where clients hide it: pipelining, chunks, HEAD, CORS, escapes."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import BinaryIO

import httpx
import pytest
from server_process import PREFIX, ServerProcess

MakeBuffer = Callable[..., str]
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def connection(server: ServerProcess) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), 30) as opened:
        yield opened


def request(method: str, path: str, body: bytes = b"", *fields: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def read_answer(stream: BinaryIO, method: str = "GET") -> Answer:
    status = int(stream.readline().split()[1])
    headers: dict[str, str] = {}
    while line := stream.readline().strip():
        name, value = line.decode().split(":", 1)
        headers[name.lower()] = value.strip()
    body = b""
    if method == "HEAD" or status == 204:
        return status, headers, body
    if headers.get("transfer-encoding") == "chunked":
        while size := int(stream.readline(), 16):
            body += stream.read(size)
            stream.readline()
        stream.readline()
    else:
        body = stream.read(int(headers["content-length"]))
    return status, headers, body


def test_keep_alive_and_pipelining(connection: socket.socket, make_buffer: MakeBuffer) -> None:
    """Fifty requests in one write are answered in their order, on one connection."""
    name = make_buffer()
    sent = b""
    for k in range(50):
        body = json.dumps({"buffer_id": name, "data": {"k": k}}).encode()
        sent += request("POST", f"{PREFIX}/append", body)
        if k % 10 == 9:
            sent += request("GET", f"{PREFIX}/buffers/{name}/data?tail=1")
    connection.sendall(sent)
    with connection.makefile("rb") as stream:
        for k in range(50):
            status, _, body = read_answer(stream)
            assert (status, json.loads(body)["buffer_size"]) == (200, k + 1)
            if k % 10 == 9:
                status, _, body = read_answer(stream)
                assert json.loads(body)["data"] == [{"k": k}]


def test_a_refusal_in_a_pipeline_does_not_end_it(connection: socket.socket) -> None:
    bad = request("POST", f"{PREFIX}/append", b'{"data": ')
    connection.sendall(bad + request("GET", "/v1/health"))
    with connection.makefile("rb") as stream:
        assert read_answer(stream)[0] == 400
        assert read_answer(stream)[0] == 200


def test_one_byte_at_a_time(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in request("GET", "/v1/health", b"", "Connection: close"):
        connection.sendall(bytes([byte]))
    with connection.makefile("rb") as stream:
        status, headers, _ = read_answer(stream)
        assert status == 200
        assert headers["connection"] == "close"
        assert stream.read() == b""


def test_chunked_upload(connection: socket.socket, make_buffer: MakeBuffer) -> None:
    name = make_buffer()
    body = json.dumps({"buffer_id": name, "data": [{"k": k} for k in range(500)]}).encode()
    chunks = b"".join(
        b"%x;note=1\r\n%s\r\n" % (len(body[at : at + 100]), body[at : at + 100])
        for at in range(0, len(body), 100)
    )
    head = request("POST", f"{PREFIX}/append", b"", "Transfer-Encoding: chunked")
    connection.sendall(head + chunks + b"0\r\n\r\n" + request("GET", "/v1/health"))
    with connection.makefile("rb") as stream:
        status, _, answer = read_answer(stream)
        assert (status, json.loads(answer)["appended"]) == (200, 500)
        assert read_answer(stream)[0] == 200


def test_expect_continue(connection: socket.socket, make_buffer: MakeBuffer) -> None:
    body = json.dumps({"buffer_id": make_buffer(), "data": {"k": 1}}).encode()
    head, _ = request("POST", f"{PREFIX}/append", body, "Expect: 100-continue").split(b"\r\n\r\n")
    connection.sendall(head + b"\r\n\r\n")
    with connection.makefile("rb") as stream:
        assert stream.readline().startswith(b"HTTP/1.1 100")
        assert stream.readline() == b"\r\n"
        connection.sendall(body)
        assert read_answer(stream)[0] == 200


def test_head_is_get_without_the_body(connection: socket.socket, make_buffer: MakeBuffer) -> None:
    name = make_buffer()
    for path in ["/v1/health", f"{PREFIX}/buffers/{name}", f"{PREFIX}/buffers/{name}/data"]:
        connection.sendall(request("HEAD", path) + request("GET", path))
        with connection.makefile("rb") as stream:
            head_status, head, _ = read_answer(stream, "HEAD")
            get_status, get, _ = read_answer(stream)
        assert head_status == get_status == 200
        assert head["content-type"] == get["content-type"]


def test_cors(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    """What a browser asks before it posts JSON from another origin, and what it reads after."""
    asked = {
        "origin": "http://example.org",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    preflight = client.options("/append", headers=asked)
    assert preflight.status_code in (200, 204)
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "content-type" in preflight.headers["access-control-allow-headers"].lower()
    name = make_buffer()
    for path in [f"/buffers/{name}", "/buffers/no-such"]:
        answer = client.get(path, headers={"origin": "http://example.org"})
        assert answer.headers["access-control-allow-origin"] == "*"


def test_options_names_the_methods(client: httpx.Client) -> None:
    answer = client.options("/buffers")
    assert answer.status_code in (200, 204)
    assert {"GET", "POST", "OPTIONS"} <= set(answer.headers["allow"].split(", "))


def test_percent_encoded_names(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    answer = client.post("/buffers", json={"buffer_id": "a.b:c_d-1"})
    assert answer.status_code == 200
    for path in ["/buffers/a.b:c_d-1", "/buffers/a.b%3Ac_d%2d1", "/buffers/%61.b%3ac_d-1"]:
        assert client.get(path).json()["buffer_id"] == "a.b:c_d-1", path
    assert client.delete("/buffers/a%2Eb%3Ac_d-1").status_code == 200
    # A slash, a space or a dot-dot that is escaped is part of a name, and no name has them.
    for path in ["/buffers/a%2Fb", "/buffers/a%20b", "/buffers/%2E%2E"]:
        assert client.get(path).status_code in (404, 422), path


@pytest.mark.parametrize(
    "sent",
    [
        b"no http at all\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"GET /v1/health HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
        b"POST /v1/ml/polars/append HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\nHost: x\r\nBig: " + b"x" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a browser that tries TLS
    ],
    ids=lambda sent: sent[:40],
)
def test_bad_requests_are_refused_and_closed(
    server: ServerProcess, connection: socket.socket, sent: bytes
) -> None:
    connection.sendall(sent)
    connection.shutdown(socket.SHUT_WR)
    try:
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    except ConnectionResetError:
        pass
    if answer:
        assert int(answer.split()[1]) in (400, 413, 431, 501, 505), answer[:200]
    assert httpx.get(f"{server.url}/v1/health").status_code == 200


def test_health_and_metrics(server: ServerProcess, make_buffer: MakeBuffer) -> None:
    make_buffer()
    health = httpx.get(f"{server.url}/v1/health").json()
    assert health["status"] == "ok"
    assert health["buffers"] >= 1
    metrics = httpx.get(f"{server.url}/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    for line in metrics.text.splitlines():
        assert line.startswith("#") or len(line.rsplit(" ", 1)) == 2, line
    assert "headrace_" in metrics.text
