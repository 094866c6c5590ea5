"""Clients of /v1/live in a process of their own, on bare sockets.

usage: python live_child.py PORT QUICK STALLED

Subscribes to the buffer `live`, one client in two with policy "all", prints `ready`, reads until a
line comes on stdin, and prints what it saw as JSON. Stalled clients never read.
"""

from __future__ import annotations

import base64
import json
import os
import selectors
import socket
import struct
import sys
import time

import pyarrow as pa

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CHECKED = 4  # so many clients look at every row


def frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack(">H", size)
    return bytes([0x80 | opcode]) + length + bytes(4) + payload  # a mask of zeros changes nothing


class Client:
    def __init__(self, port: int, policy: str, receive_bytes: int, checks: bool) -> None:
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.connect(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /v1/live HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self.input = bytearray()
        while b"\r\n\r\n" not in self.input:
            self.input += self.socket.recv(4096)
        del self.input[: self.input.index(b"\r\n\r\n") + 4]
        subscribe = {"table": "live", "tail": 0, "rate": 30, "policy": policy}
        self.socket.sendall(frame(TEXT, json.dumps({"subscribe": subscribe}).encode()))
        self.checks = checks
        self.schema = b""
        self.next_row: int | None = None
        self.messages = self.skipped = self.wrong = 0
        self.last_at = 0.0
        self.closed: int | None = None

    def receive(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data and self.closed is None:
            self.closed = 0
        self.input += data
        begin = 0
        while (end := self.take(begin)) > 0:
            begin = end
        del self.input[:begin]

    def take(self, at: int) -> int:
        """Takes the frame that begins at `at`. Where the next one does; 0 if it is not whole."""
        if len(self.input) < at + 10:
            return 0
        opcode, size = self.input[at] & 15, self.input[at + 1]
        at += 2
        if size == 126:
            (size,) = struct.unpack_from(">H", self.input, at)
            at += 2
        elif size == 127:
            (size,) = struct.unpack_from(">Q", self.input, at)
            at += 8
        if len(self.input) < at + size:
            return 0
        self.handle(opcode, at, at + size)
        return at + size

    def handle(self, opcode: int, begin: int, end: int) -> None:
        if opcode == BINARY:
            self.messages += 1
            self.last_at = time.monotonic()
            if self.checks:
                self.check(bytes(self.input[begin:end]))
        elif opcode == TEXT and b"skipped" in self.input[begin:end]:
            self.skipped += 1
        elif opcode == PING:
            self.socket.sendall(frame(PONG, bytes(self.input[begin:end])))
        elif opcode == CLOSE:
            (self.closed,) = struct.unpack_from(">H", self.input, begin)

    def check(self, payload: bytes) -> None:
        if payload[4] & 1:
            self.schema = payload[8:]
            return
        for number in pa.ipc.open_stream(self.schema + payload[8:]).read_all()["n"].to_pylist():
            self.wrong += self.next_row is not None and number != self.next_row
            self.next_row = number + 1


def main() -> None:
    port, quick, stalled = (int(argument) for argument in sys.argv[1:])
    policies = ("latest", "all")
    idle = [Client(port, policies[i % 2], 4096, False) for i in range(stalled)]
    clients = [Client(port, policies[i % 2], 0, i < CHECKED) for i in range(quick)]
    selector = selectors.DefaultSelector()
    for client in clients:
        selector.register(client.socket, selectors.EVENT_READ, client)
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    print("ready", flush=True)
    running = True
    while running:
        for key, _ in selector.select():
            if key.data is None:
                running = False
                continue
            key.data.receive()
            if key.data.closed is not None:
                selector.unregister(key.data.socket)
    now = time.monotonic()
    result = {
        "messages": sum(client.messages for client in clients),
        "closed": sum(client.closed is not None for client in clients),
        "silent": sum(now - client.last_at > 2 for client in clients),
        "skipped": sum(client.skipped for client in clients),
        "wrong": sum(client.wrong for client in clients),
        "rows": min((client.next_row or 0) for client in clients[:CHECKED]) if clients else 0,
        "stalled": len(idle),
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
