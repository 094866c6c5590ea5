"""/v1/live as a protocol: frames that are cut, mixed, too long, or that nobody may send."""

from __future__ import annotations

import json
import random
import struct
import time
from collections.abc import Callable

import httpx
import pytest
from live_client import BINARY, CLOSE, PING, PONG, TEXT, Closed, LiveClient, frame
from server_process import PREFIX, ServerProcess

CONTINUATION = 0


def text(message: object) -> bytes:
    return json.dumps(message).encode()


ASK = text({"unsubscribe": 5})  # its answer is a refusal that names it


def assert_serves(server: ServerProcess) -> None:
    assert httpx.get(f"{server.url}/v1/health").json()["status"] == "ok"


def test_fragments_with_control_frames_between(server: ServerProcess) -> None:
    with LiveClient(server.port) as live:
        live.send_raw(frame(TEXT, ASK[:3], final=False))
        live.send_raw(frame(PING, b"in between"))
        assert live.frame() == (PONG, b"in between")
        live.send_raw(frame(CONTINUATION, ASK[3:7], final=False))
        live.send_raw(frame(CONTINUATION, b"", final=False))
        live.send_raw(frame(PONG, b"nobody asked"))
        live.send_raw(frame(CONTINUATION, ASK[7:]))
        assert live.refusal()["id"] == 5


@pytest.mark.parametrize("seed", range(3))
def test_bytes_in_any_portions(server: ServerProcess, seed: int) -> None:
    """Many messages, cut into frames and into packets anywhere."""
    chance = random.Random(seed)
    data = b""
    for number in range(50):
        rest = text({"unsubscribe": number})
        opcode = TEXT
        while len(rest) > 8 and chance.random() < 0.6:
            cut = chance.randrange(len(rest))
            data += frame(opcode, rest[:cut], final=False, mask=chance.randbytes(4))
            rest, opcode = rest[cut:], CONTINUATION
        data += frame(opcode, rest, mask=chance.randbytes(4))
    with LiveClient(server.port) as live:
        while data:
            cut = chance.choice([1, 2, 5, 40])
            live.send_raw(data[:cut])
            data = data[cut:]
        assert [live.refusal()["id"] for _ in range(50)] == list(range(50))


def test_frames_that_came_with_the_request(server: ServerProcess) -> None:
    with LiveClient(server.port, early=frame(TEXT, ASK)) as live:
        assert live.refusal()["id"] == 5


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("not masked", frame(TEXT, ASK, mask=None), 1002),
        ("reserved bit", frame(TEXT, ASK, reserved=4), 1002),
        ("reserved opcode", frame(3, ASK), 1002),
        ("reserved control opcode", frame(11, b""), 1002),
        ("continuation of nothing", frame(CONTINUATION, ASK), 1002),
        ("message in a message", frame(TEXT, b"{", final=False) + frame(TEXT, ASK), 1002),
        ("control frame in parts", frame(PING, b"a", final=False), 1002),
        ("long control frame", frame(PING, b"a" * 126), 1002),
        ("length with more bytes than it needs", b"\x81\xfe\0\x05\1\2\3\4" + b"a" * 5, 1002),
        ("length beyond 2^63", b"\x81\xff" + b"\xff" * 8 + b"\1\2\3\4", 1009),
        ("close of one byte", frame(CLOSE, b"\3"), 1002),
        ("close with a code that is not one", frame(CLOSE, struct.pack(">H", 1005)), 1002),
        ("text that is not UTF-8", frame(TEXT, b"\xff\xfe{}"), 1007),
        ("message of 17 MiB", b"\x82\xff" + struct.pack(">Q", 17 << 20) + b"\1\2\3\4", 1009),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_ends_a_connection(server: ServerProcess, name: str, data: bytes, code: int) -> None:
    with LiveClient(server.port) as live, LiveClient(server.port) as other:
        live.send_raw(data)
        assert live.code() == code
        other.send_raw(frame(TEXT, ASK))
        assert other.refusal()["id"] == 5  # nobody else is disturbed
    assert_serves(server)


def test_parts_count_together(server: ServerProcess) -> None:
    """A message of many fragments is not longer than one of one frame."""
    part = b" " * (1 << 20)
    with LiveClient(server.port) as live:
        live.send_raw(frame(BINARY, part, final=False))
        with pytest.raises((Closed, ConnectionError)) as ended:
            for _ in range(40):
                live.send_raw(frame(CONTINUATION, part, final=False))
            live.message()
        assert not isinstance(ended.value, Closed) or ended.value.code in (0, 1009)
    assert_serves(server)


def test_half_a_frame_and_gone(server: ServerProcess) -> None:
    for data in (b"\x81", b"\x81\xfe\0", frame(TEXT, ASK)[:-1], frame(TEXT, ASK, final=False)):
        with LiveClient(server.port) as live:
            live.send_raw(data)
    assert_serves(server)


def test_close_is_answered(server: ServerProcess) -> None:
    with LiveClient(server.port) as live:
        live.send_raw(frame(TEXT, ASK) + frame(CLOSE, struct.pack(">H", 1000) + b"bye"))
        assert live.refusal()["id"] == 5
        opcode, payload = live.frame()
        assert (opcode, payload[:2]) == (CLOSE, struct.pack(">H", 1000))
        with pytest.raises(Closed) as ended:
            live.frame()
        assert ended.value.code == 0


def test_random_bytes(server: ServerProcess) -> None:
    chance = random.Random(5)
    for _ in range(50):
        with LiveClient(server.port) as live:
            live.send_raw(chance.randbytes(chance.randrange(1, 400)))
    assert_serves(server)


def request(server: ServerProcess, **changed: str | None) -> httpx.Response:
    fields: dict[str, str | None] = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
    }
    for name, value in changed.items():
        fields[name.replace("_", "-")] = value
    given = {name: value for name, value in fields.items() if value is not None}
    return httpx.get(f"{server.url}/v1/live", headers=given)


@pytest.mark.parametrize(
    "changed",
    [
        {"Upgrade": None},
        {"Upgrade": "h2c"},
        {"Connection": "keep-alive"},
        {"Sec_WebSocket_Version": "8"},
        {"Sec_WebSocket_Version": None},
        {"Sec_WebSocket_Key": None},
        {"Sec_WebSocket_Key": "short"},
    ],
)
def test_handshakes_that_are_refused(server: ServerProcess, changed: dict[str, str | None]) -> None:
    answer = request(server, **changed)
    assert answer.status_code == 426
    assert answer.headers["sec-websocket-version"] == "13"
    assert answer.json()["error"]["code"] == "malformed_body"


def test_a_client_that_asks_without_listening(start_server: Callable[..., ServerProcess]) -> None:
    """It is not read any further: neither its questions nor their answers pile up."""
    server = start_server("--memory-limit", "256MiB")
    before = server.peak_rss_bytes()
    with LiveClient(server.port, receive_bytes=4096) as live:
        live.socket.settimeout(1)
        httpx.post(f"{server.url}{PREFIX}/buffers", json={"buffer_id": "w"})
        message = frame(TEXT, text({"append": {"buffer_id": "w", "data": {"n": 1}}})) * 200
        with pytest.raises(TimeoutError):
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                live.send_raw(message)
        assert server.peak_rss_bytes() - before < 32 << 20
        assert_serves(server)
