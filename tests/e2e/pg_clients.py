"""A server that speaks PostgreSQL, and what is needed to talk to it in bytes."""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path

from server_process import START_SECONDS, ServerProcess

# Runs for longer than any test waits.
SLOW = "SELECT sum(a.range * b.range) FROM range(3000000) a, range(300000) b"


class PgServer(ServerProcess):
    """Listens for clients of PostgreSQL on `pg_port` as well."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.pg_port_path = folder / "pg-port"
        super().__init__(
            folder, "--pg-port", "0", "--pg-port-file", str(self.pg_port_path), *options
        )

    @property
    def pg_port(self) -> int:
        return int(self.pg_port_path.read_text())

    @property
    def dsn(self) -> str:
        return f"host=127.0.0.1 port={self.pg_port} user=tester dbname=headrace connect_timeout=10"


class RawPgClient:
    """Says what it is told, whole messages or half ones."""

    def __init__(self, port: int, *, start: bool = True) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.buffer = b""
        if start:
            self.send_startup(b"user\0raw\0database\0x\0\0")
            self.until(b"Z")

    def send_startup(self, body: bytes, code: int = 196608) -> None:
        self.socket.sendall(struct.pack("!II", len(body) + 8, code) + body)

    def send(self, kind: bytes, body: bytes = b"") -> None:
        self.socket.sendall(kind + struct.pack("!I", len(body) + 4) + body)

    def read(self) -> tuple[bytes, bytes] | None:
        """The next message; none at the end."""
        while len(self.buffer) < 5 or len(self.buffer) < 1 + self._length():
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not more:
                return None
            self.buffer += more
        end = 1 + self._length()
        message, self.buffer = self.buffer[:end], self.buffer[end:]
        return message[:1], message[5:]

    def _length(self) -> int:
        return int(struct.unpack("!I", self.buffer[1:5])[0])

    def until(self, kind: bytes) -> list[tuple[bytes, bytes]]:
        """All messages up to one of this kind; it is an error if it does not come."""
        messages = []
        while (message := self.read()) is not None:
            messages.append(message)
            if message[0] == kind:
                return messages
        raise AssertionError(f"the connection ended before {kind!r}: {messages}")

    def query(self, sql: str) -> list[tuple[bytes, bytes]]:
        self.send(b"Q", sql.encode() + b"\0")
        return self.until(b"Z")

    def close(self) -> None:
        self.socket.close()


def wait_until(true: object, seconds: float = START_SECONDS) -> None:
    """For what becomes true soon; `true` is a function without arguments."""
    assert callable(true)
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.02)
