"""A window on a server, followed as it moves."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from headrace._core import FeaturePlan
from headrace.arguments import Filter, filter_text
from headrace.closing import Closing
from headrace.connection import error_of
from headrace.errors import (
    HeadraceError,
    HeadraceIOError,
    InvalidArgument,
    MemoryLimit,
    Timeout,
    TooLarge,
    Unavailable,
    UnknownName,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from websockets.sync.client import ClientConnection

Policy = Literal["latest", "all"]

_PREFIX_BYTES = 8
_SCHEMA_FLAG = 1
_STATE_FLAG = 2
_MAX_MESSAGE_BYTES = 64 << 20
_QUEUED_MESSAGES = 8
_PING_SECONDS = 20


class Subscription(Iterator["pa.RecordBatch"], Closing):
    """The rows of one window: those that are there, then those that come. Made by
    Client.subscribe().

        with client.subscribe("ticks", tail=100) as live:
            for batch in live:
                print(batch.num_rows, live.rows_skipped)

    Every row comes once and in order. At most a few messages wait here; behind them the server's
    queue fills, and its policy says what happens to rows that find no place (docs/live.md). One
    thread reads; close() may be called from any.

    Raises (where rows are waited for):
        UnknownName: the window was dropped.
        TooLarge: policy "all", and this client did not keep up.
        Unavailable: the server is stopping.
        HeadraceIOError: the connection broke.
    """

    def __init__(self, socket: "ClientConnection", closing: ExitStack, timeout: float) -> None:
        self._socket = socket
        self._closing = closing
        self._schema = b""
        self._closed = False
        self._is_state = False
        self._rows_skipped = 0
        self._times_cleared = 0
        self.first_row = 0
        """Where the present state begins in the rows of the window since it was made."""
        subscribed = self._control(self._receive(timeout))["subscribed"]
        self.first_row = int(subscribed["first_row"])

    @property
    def is_state(self) -> bool:
        """Whether the newest batch is of rows that were there before, not of what changed."""
        return self._is_state

    @property
    def rows_skipped(self) -> int:
        """Rows that did not come, because this client did not keep up (policy "latest")."""
        return self._rows_skipped

    @property
    def times_cleared(self) -> int:
        """How often the window was cleared: the batch behind that begins anew."""
        return self._times_cleared

    def __next__(self) -> "pa.RecordBatch":
        batch = self.read()
        if batch is None:
            raise StopIteration
        return batch

    def read(self, timeout: float | None = None) -> "pa.RecordBatch | None":
        """The next rows. None at the end: of a table that is sent once, or after close().

        Args:
            timeout: seconds to wait at most; None waits as long as it takes.

        Raises:
            Timeout: nothing came in that time; reading again goes on.
        """
        while not self._closed:
            message = self._receive(timeout)
            if message is None:
                break
            if isinstance(message, str):
                if "closed" in self._control(message):
                    self.close()
            elif message[4] & _SCHEMA_FLAG:
                self._schema = message[_PREFIX_BYTES:]
            else:
                self._is_state = bool(message[4] & _STATE_FLAG)
                return _decode(self._schema, message[_PREFIX_BYTES:])
        return None

    def close(self) -> None:
        """Ends the subscription and whoever waits for rows. Harmless when done again."""
        self._closed = True
        self._closing.close()

    def _receive(self, timeout: float | None) -> str | bytes | None:
        from websockets.exceptions import ConnectionClosed

        try:
            return self._socket.recv(timeout)
        except TimeoutError as error:
            raise Timeout(f"nothing came in {timeout} s", code="timeout") from error
        except ConnectionClosed as error:
            if self._closed:
                return None
            self._closed = True
            received = error.rcvd
            raise _closing_error(
                received.code if received else 0, received.reason if received else str(error)
            ) from error

    def _control(self, message: str | bytes | None) -> dict[str, Any]:
        """A text message, accounted for. Raises what it says went wrong."""
        said: dict[str, Any] = json.loads(message or "{}")
        if "error" in said:
            raise _refusal(said)
        if "skipped" in said:
            self._rows_skipped = said["skipped"]["total"]
        elif "cleared" in said:
            self._times_cleared += 1
        elif "closed" in said and said["closed"]["reason"] != "end":
            closed = said["closed"]
            self.close()
            if "because" in closed:
                raise _refusal({"error": closed["because"]})
            raise UnknownName(f"the window was {closed['reason']}", code="unknown_name")
        return said


def subscribe(
    url: str,
    timeout: float,
    table: str,
    *,
    features: FeaturePlan | None,
    columns: Sequence[str] | None,
    filter: "Filter | None",
    tail: int | None,
    rate: float | None,
    policy: Policy,
) -> Subscription:
    """Client.subscribe() says what the arguments mean."""
    asked = {
        "table": table,
        "features": None if features is None else plan_fields(features),
        "columns": None if columns is None else list(columns),
        "filter": None if filter is None else str(filter_text(filter, None)),
        "tail": tail,
        "rate": rate,
        "policy": policy,
    }
    with ExitStack() as closing:
        socket = _connect(url, timeout, closing)
        socket.send(json.dumps({"subscribe": {k: v for k, v in asked.items() if v is not None}}))
        made = Subscription(socket, closing, timeout)
        made._closing = closing.pop_all()
        return made


def plan_fields(plan: FeaturePlan) -> dict[str, Any]:
    """A plan as the server takes it."""
    return {
        "rolling_windows": plan.rolling_windows,
        "include_rolling_stats": plan.include_rolling_stats,
        "include_lags": bool(plan.lag_periods),
        "lag_periods": plan.lag_periods,
        "columns": plan.columns,
        "min_samples": plan.min_samples,
        "ddof": plan.ddof,
        "fill": "null" if plan.fill is None else "zero",
    }


def _connect(url: str, timeout: float, closing: ExitStack) -> "ClientConnection":
    try:
        from websockets.exceptions import InvalidStatus, WebSocketException
        from websockets.sync.client import connect
    except ImportError as error:
        raise ImportError(
            "subscribe() needs the package websockets: pip install 'headrace[live]'"
        ) from error
    address = urlsplit(url)
    scheme = "wss" if address.scheme == "https" else "ws"
    live = f"{scheme}://{address.netloc}{address.path.rstrip('/')}/v1/live"
    try:
        # A reader that is slow, which is its right, does not see pongs in time.
        socket = connect(
            live,
            open_timeout=timeout,
            ping_interval=_PING_SECONDS,
            ping_timeout=None,
            compression=None,
            proxy=None,
            max_size=_MAX_MESSAGE_BYTES,
            max_queue=_QUEUED_MESSAGES,
        )
        return closing.enter_context(socket)
    except InvalidStatus as error:
        raise error_of(error.response.status_code, bytes(error.response.body or b"")) from error
    except TimeoutError as error:
        raise Timeout(f"no answer from {address.netloc} in {timeout} s", code="timeout") from error
    except ConnectionRefusedError as error:
        raise Unavailable(
            f"no server at {address.netloc}: start it with `headrace serve`", code="unavailable"
        ) from error
    except (OSError, WebSocketException) as error:
        raise HeadraceIOError(f"{type(error).__name__}: {error}", code="io_error") from error


def _decode(schema: bytes, rows: bytes) -> "pa.RecordBatch":
    """With the schema before it, each message is a whole Arrow stream."""
    import pyarrow as pa

    with pa.ipc.open_stream(pa.py_buffer(schema + rows)) as reader:
        return reader.read_next_batch()


def _refusal(said: dict[str, Any]) -> HeadraceError:
    made = error_of(0, json.dumps(said).encode())
    if made.location[:1] == ("subscribe",):
        made.location = made.location[1:]  # a matter of the wire
    return made


def _closing_error(code: int, reason: str) -> HeadraceError:
    """What the server's close says (docs/live.md)."""
    if code == 1001:
        return Unavailable("the server is stopping", code="unavailable")
    if code == 1013:
        return MemoryLimit(reason or "no memory for the connection", code="memory_limit")
    if code == 4001:
        return TooLarge(f"rows were lost: {reason}", code="too_large")
    if code == 1008:
        return InvalidArgument(reason, code="invalid_argument")
    return HeadraceIOError(f"the connection broke: {reason or code}", code="io_error")
