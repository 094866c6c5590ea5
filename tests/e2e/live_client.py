"""A client of /v1/live on a bare socket, so that tests can send frames that no library would."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import struct
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx
import pyarrow as pa

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
SCHEMA_FLAG, STATE_FLAG = 1, 2
WAIT_SECONDS = 30.0
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    final: bool = True,
    mask: bytes | None = b"\1\2\3\4",
    reserved: int = 0,
) -> bytes:
    """One frame; without a mask it is one that a client must not send."""
    head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
    size = len(payload)
    masked = 0x80 if mask else 0
    if size < 126:
        head += bytes([masked | size])
    elif size < 1 << 16:
        head += bytes([masked | 126]) + struct.pack(">H", size)
    else:
        head += bytes([masked | 127]) + struct.pack(">Q", size)
    if not mask:
        return head + payload
    whole = (mask * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, "little") ^ int.from_bytes(whole, "little")
    return head + mask + mixed.to_bytes(size, "little")


class Closed(Exception):
    """The server has ended the connection. `code` 0: without a close."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


@dataclass
class Data:
    """A binary message: a schema's, or rows with the schema that is theirs."""

    number: int
    flags: int
    payload: bytes
    schema: bytes

    @property
    def is_schema(self) -> bool:
        return bool(self.flags & SCHEMA_FLAG)

    @property
    def is_state(self) -> bool:
        return bool(self.flags & STATE_FLAG)

    def table(self) -> pa.Table:
        rest = b"" if self.is_schema else self.payload
        return pa.ipc.open_stream(self.schema + rest).read_all()


class LiveClient:
    def __init__(self, port: int, *, receive_bytes: int = 0, early: bytes = b"") -> None:
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(WAIT_SECONDS)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = bytearray()
        self.schemas: dict[int, bytes] = {}
        self.answers_pings = True
        self.pings = 0
        self.status, self.fields = self._handshake(early)

    def _handshake(self, early: bytes) -> tuple[int, dict[str, str]]:
        key = base64.b64encode(os.urandom(16))
        self.send_raw(
            b"GET /v1/live HTTP/1.1\r\nHost: here\r\nConnection: keep-alive, Upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nOrigin: http://elsewhere\r\n"
            b"Sec-WebSocket-Key: " + key + b"\r\n\r\n" + early
        )
        while (end := self.input.find(b"\r\n\r\n")) < 0:
            self._receive()
        head = bytes(self.input[:end]).decode().split("\r\n")
        del self.input[: end + 4]
        fields = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:])}
        status = int(head[0].split()[1])
        if status == 101:
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
            assert fields["sec-websocket-accept"] == accept
        return status, fields

    def __enter__(self) -> LiveClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    # Sending.

    def send_raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send(self, message: dict[str, Any]) -> None:
        self.send_raw(frame(TEXT, json.dumps(message).encode()))

    def send_binary(self, payload: bytes) -> None:
        self.send_raw(frame(BINARY, payload))

    def subscribe(self, table: str, **options: Any) -> dict[str, Any]:
        """Subscribes, and returns what the server says of it; nothing else may come before."""
        self.send({"subscribe": {"table": table, **options}})
        return self.control("subscribed")

    # Receiving.

    def _receive(self) -> None:
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed(0)
        self.input += data

    def _take(self, count: int) -> bytes:
        while len(self.input) < count:
            self._receive()
        taken = bytes(self.input[:count])
        del self.input[:count]
        return taken

    def frame(self) -> tuple[int, bytes]:
        first, second = self._take(2)
        assert first & 0x70 == 0 and second & 0x80 == 0
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self._take(8))
        assert first & 0x80, "the server does not fragment"
        return first & 0x0F, self._take(size)

    def message(self) -> dict[str, Any] | Data:
        """The next message; pings are answered on the way."""
        while True:
            opcode, payload = self.frame()
            if opcode == TEXT:
                parsed: dict[str, Any] = json.loads(payload)
                return parsed
            if opcode == BINARY:
                return self._data(payload)
            if opcode == CLOSE:
                self.send_raw(frame(CLOSE, payload))
                raise Closed(int.from_bytes(payload[:2], "big"), payload[2:].decode())
            if opcode == PING:
                self.pings += 1
                if self.answers_pings:
                    self.send_raw(frame(PONG, payload))

    def _data(self, payload: bytes) -> Data:
        number, flags = struct.unpack("<II", payload[:8])
        assert len(payload) % 8 == 0
        rest = payload[8:]
        if flags & SCHEMA_FLAG:
            self.schemas[number] = rest
        return Data(number, flags, rest, self.schemas[number])

    def control(self, kind: str) -> Any:
        message = self.message()
        assert isinstance(message, dict) and kind in message, message
        return message[kind]

    def data(self) -> Data:
        message = self.message()
        assert isinstance(message, Data), message
        return message

    def refusal(self) -> dict[str, Any]:
        message = self.message()
        assert isinstance(message, dict) and "error" in message, message
        return message

    def code(self) -> int:
        """With what code the server ends the connection, whatever it sends before."""
        while True:
            try:
                self.message()
            except Closed as closed:
                return closed.code


def rows(first: int, count: int) -> list[dict[str, Any]]:
    return [{"n": n, "x": n / 2, "text": f"row {n}"} for n in range(first, first + count)]


def append(client: httpx.Client, name: str, data: list[dict[str, Any]]) -> None:
    answer = client.post("/append", json={"buffer_id": name, "data": data})
    assert answer.status_code == 200, answer.text


def numbers(live: LiveClient, until: int, number: int = 1, column: str = "n") -> list[int]:
    """The column's values of all rows that come, up to the one whose value is `until`."""
    seen: list[int] = []
    while not seen or seen[-1] != until:
        message = live.message()
        if isinstance(message, Data) and message.number == number and not message.is_schema:
            seen += message.table()[column].to_pylist()
    return seen
