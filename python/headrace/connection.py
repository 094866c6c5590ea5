"""Keep-alive connections to one server, on the standard library alone."""

import http.client
import json
import os
import select
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from headrace import _core, errors
from headrace.closing import Closing
from headrace.errors import (
    HeadraceError,
    HeadraceIOError,
    InvalidArgument,
    MalformedBody,
    Timeout,
    Unavailable,
)

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Response:
    """The whole of an answer with a status below 400."""

    content_type: str
    body: bytes

    def json(self) -> Any:
        """The body's value."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise MalformedBody(
                f"the server's answer is not JSON: {error}", code="malformed_body"
            ) from error


class DescriptorSocket(socket.socket):
    """A Unix socket that keeps the descriptors which come along with bytes."""

    def __init__(self) -> None:
        super().__init__(socket.AF_UNIX, socket.SOCK_STREAM)
        self.descriptors: list[int] = []

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        view = memoryview(buffer).cast("B")
        room = socket.CMSG_SPACE(struct.calcsize("i"))
        size, passed, _, _ = self.recvmsg_into(
            [view[:nbytes] if nbytes else view], room, flags | socket.MSG_CMSG_CLOEXEC
        )
        for level, kind, data in passed:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self.descriptors += struct.unpack("i", data[: struct.calcsize("i")])
        return size

    def close(self) -> None:
        while self.descriptors:
            os.close(self.descriptors.pop())
        super().close()


class UnixConnection(http.client.HTTPConnection):
    """HTTP through a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._unix = path

    def connect(self) -> None:
        sock = DescriptorSocket()
        try:
            sock.settimeout(self.timeout)
            sock.connect(self._unix)
        except BaseException:
            sock.close()
            raise
        self.sock = sock


class ConnectionPool:
    """Requests to one server from any number of threads; idle connections are kept for the next.

    A connection that the server closed while it was idle is noticed before a request is sent, so
    that nothing needs to be sent twice; a request that fails midway is not repeated.
    """

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        self._unix = parts.path if parts.scheme == "unix" else ""
        if not self._unix and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise InvalidArgument(
                f"the server's address is http://host:port or unix:/path, not {url!r}",
                code="invalid_argument",
                location=("url",),
            )
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (443 if self._tls else 80)
        self._path = "" if self._unix else parts.path.rstrip("/")
        self._timeout = timeout
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Sends a request and reads the whole answer.

        Raises:
            HeadraceError: the one that the server's answer names.
            Unavailable: the server cannot be reached.
            Timeout: no answer in time.
            HeadraceIOError: the connection broke, or the answer ends too early.
        """
        with self.stream(method, path, body, headers) as answer:
            return Response(answer.content_type, b"".join(answer))

    def stream(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "Answer":
        """Sends a request and gives its answer to be read piece by piece; raises as request()."""
        answer = Answer(self, self._take(), f"{method} {path}")
        answer.begin(method, self._path + path, body, dict(headers or {}))
        return answer

    def give_back(self, connection: http.client.HTTPConnection) -> None:
        """Keeps a connection whose answer was read to its end for the next request."""
        with self._lock:
            self._idle.append(connection)

    @property
    def address(self) -> str:
        """Host and port, or the path of a Unix socket."""
        return self._unix or f"{self._host}:{self._port}"

    @property
    def is_local(self) -> bool:
        """Whether the server is reached through a Unix socket, and can hand memory over."""
        return bool(self._unix)

    @property
    def option(self) -> str:
        """What the command that starts the server has to be told."""
        return f" --unix-socket {self._unix}" if self._unix else ""

    @property
    def timeout(self) -> float:
        """Seconds."""
        return self._timeout

    def close(self) -> None:
        """Closes the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> http.client.HTTPConnection:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                break
            # Bytes, or an end, that nobody asked for: the server has closed it.
            if connection.sock is not None and not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()
        if self._unix:
            return UnixConnection(self._unix, self._timeout)
        if self._tls is not None:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout, context=self._tls
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


class Answer(Closing):
    """An answer that is read while it arrives: an iterator of bytes. Its connection goes back to
    the pool at the end, and is closed by anything that happens before."""

    __slots__ = ("_answer", "_connection", "_pool", "_what")

    def __init__(
        self, pool: ConnectionPool, connection: http.client.HTTPConnection, what: str
    ) -> None:
        self._pool = pool
        self._connection = connection
        self._what = what
        self._answer: http.client.HTTPResponse | None = None

    def begin(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> None:
        """Sends the request and reads the head of its answer."""
        with self._watched():
            self._connection.request(method, path, body, headers)
            self._answer = self._connection.getresponse()
        if self._answer.status >= 400:
            raise error_of(self._answer.status, b"".join(self))

    def take_descriptor(self) -> int:
        """The descriptor that came along with the answer: whoever takes it closes it.

        Raises:
            HeadraceIOError: none came.
        """
        sock = self._connection.sock
        if not isinstance(sock, DescriptorSocket) or not sock.descriptors:
            raise HeadraceIOError(f"{self._what}: no memory came along", code="io_error")
        return sock.descriptors.pop(0)

    @property
    def content_type(self) -> str:
        """The media type, without parameters."""
        assert self._answer is not None
        return self._answer.headers.get_content_type()

    def __iter__(self) -> Iterator[bytes]:
        answer = self._answer
        assert answer is not None
        while True:
            with self._watched():
                piece = answer.read1(_PIECE_BYTES)
                if not piece and not answer.isclosed():
                    # Some bytes that were promised did not come; read() says how many.
                    answer.read()
            if not piece:
                break
            yield piece
        if answer.will_close:
            self._connection.close()
        else:
            self._pool.give_back(self._connection)
        self._answer = None

    def close(self) -> None:
        """Gives the rest up. Harmless when done again, and at the end."""
        if self._answer is not None:
            self._answer = None
            self._connection.close()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            self._connection.close()
            raise Timeout(
                f"{self._what}: no answer from {self._pool.address} in {self._pool.timeout} s",
                code="timeout",
            ) from error
        except (ConnectionRefusedError, FileNotFoundError) as error:
            self._connection.close()
            raise Unavailable(
                f"no server at {self._pool.address}: start it with "
                f"`headrace serve{self._pool.option}`",
                code="unavailable",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise HeadraceIOError(
                f"{self._what}: {type(error).__name__}: {error}", code="io_error"
            ) from error
        except BaseException:
            self._connection.close()  # half an answer may still be on its way
            raise


def error_of(status: int, body: bytes) -> HeadraceError:
    """The exception that an answer names; by its status if it names none."""
    try:
        fields = json.loads(body)["error"]
        code, message = str(fields["code"]), str(fields["message"])
        location = tuple(str(step) for step in fields.get("location", ()))
        if location[:1] in (("body",), ("query",), ("path",)):
            location = location[1:]  # a matter of HTTP: a caller in Python gave arguments
    except (ValueError, KeyError, TypeError, AttributeError):
        text = body[:200].decode("utf-8", "replace").strip()
        code, message, location = "", f"HTTP status {status}: {text}", ()
    kinds = _core.error_kinds()
    if code not in kinds:
        code = next((name for name, (_, http) in kinds.items() if http == status), "internal")
    made: HeadraceError = getattr(errors, kinds[code][0])(message, code=code, location=location)
    return made
