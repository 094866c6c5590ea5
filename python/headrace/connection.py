"""Keep-alive connections to one server, on the standard library alone."""

import http.client
import json
import select
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from headrace import _core, errors
from headrace.errors import (
    HeadraceError,
    HeadraceIOError,
    InvalidArgument,
    MalformedBody,
    Timeout,
    Unavailable,
)


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


class ConnectionPool:
    """Requests to one server from any number of threads; idle connections are kept for the next.

    A connection that the server closed while it was idle is noticed before a request is sent, so
    that nothing needs to be sent twice; a request that fails midway is not repeated.
    """

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidArgument(
                f"the server's address is http://host:port, not {url!r}",
                code="invalid_argument",
                location=("url",),
            )
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._host = parts.hostname
        self._port = parts.port or (443 if self._tls else 80)
        self._path = parts.path.rstrip("/")
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
        connection = self._take()
        try:
            connection.request(method, self._path + path, body, dict(headers or {}))
            answer = connection.getresponse()
            content = answer.read()
        except TimeoutError as error:
            connection.close()
            raise Timeout(
                f"{method} {path}: no answer from {self._host}:{self._port} in {self._timeout} s",
                code="timeout",
            ) from error
        except ConnectionRefusedError as error:
            connection.close()
            raise Unavailable(
                f"no server at {self._host}:{self._port}: start it with `headrace serve`",
                code="unavailable",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise HeadraceIOError(
                f"{method} {path}: {type(error).__name__}: {error}", code="io_error"
            ) from error
        except BaseException:
            connection.close()  # half an answer may still be on its way
            raise
        if answer.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.append(connection)
        if answer.status >= 400:
            raise error_of(answer.status, content)
        return Response(answer.headers.get_content_type(), content)

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
        if self._tls is not None:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout, context=self._tls
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


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
