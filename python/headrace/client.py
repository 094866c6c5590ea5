"""Buffers and tables on a server."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack
from urllib.parse import quote

from headrace import _core
from headrace._core import AppendResult, FeaturePlan
from headrace.arguments import Filter
from headrace.closing import Closing
from headrace.connection import ConnectionPool
from headrace.errors import NameExists
from headrace.frame import Frame
from headrace.live_buffer import BufferStats, PlanOptions, Rows, Schema, resolve_plan
from headrace.remote_table import TABLES, RemoteBatches, RemoteTable, TableInfo
from headrace.request import Request
from headrace.rows import describe_schema, normalize
from headrace.subscription import Policy, Subscription, plan_fields, subscribe

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_PREFIX = "/v1/ml/polars"
_SQL = "/v1/query/arrow"
_ARROW = "application/vnd.apache.arrow.stream"
_JSON = "application/json"


class Client(Closing):
    """A Headrace server. Any method may be called from any thread.

    Args:
        url: the server's address.
        timeout: seconds to wait for the server, for each step of a request.

    Raises (every method):
        Unavailable: the server cannot be reached or is stopping.
        Timeout: no answer in time.
    """

    def __init__(self, url: str = "http://localhost:14345", *, timeout: float = 30.0) -> None:
        self._url = url
        self._timeout = timeout
        self._pool = ConnectionPool(url, timeout)

    def __repr__(self) -> str:
        return f"<headrace.Client {self._url}>"

    def close(self) -> None:
        """Closes the idle connections; the client stays usable."""
        self._pool.close()

    def health(self) -> dict[str, Any]:
        """What the server says of itself."""
        answer: dict[str, Any] = self._pool.request("GET", "/v1/health").json()
        return answer

    def list(self) -> Sequence[BufferStats]:
        """Figures of all buffers."""
        answer = self._pool.request("GET", f"{_PREFIX}/buffers").json()
        return [_stats(entry) for entry in answer["data"]]

    def create(
        self,
        name: str,
        *,
        window_size: int = 1000,
        history_rows: int = 256,
        schema: Schema | None = None,
    ) -> "RemoteBuffer":
        """Makes a buffer; the arguments are those of headrace.Buffer.

        Raises:
            NameExists: there is one of that name.
            InvalidArgument: an argument breaks a rule.
        """
        body: dict[str, Any] = {
            "buffer_id": name,
            "window_size": window_size,
            "history_rows": history_rows,
        }
        if schema is not None:
            body["schema"] = describe_schema(schema)
        _post(self._pool, "/buffers", body)
        return RemoteBuffer(self._pool, name)

    def buffer(
        self,
        name: str,
        *,
        create: bool = False,
        window_size: int = 1000,
        history_rows: int = 256,
        schema: Schema | None = None,
    ) -> "RemoteBuffer":
        """The buffer of that name. Without `create` the server is not asked: a name that it does
        not know shows in the first call that needs it (UnknownName).

        Args:
            name: the buffer's name.
            create: make it unless it is there; one that is there is taken as it is.
            window_size, history_rows, schema: of a buffer that is made.
        """
        if create:
            try:
                return self.create(
                    name, window_size=window_size, history_rows=history_rows, schema=schema
                )
            except NameExists:
                pass
        return RemoteBuffer(self._pool, name)

    def tables(self) -> Sequence[TableInfo]:
        """All that can be read: live windows, files, and tables that the server holds."""
        return [TableInfo.of(each) for each in self._pool.request("GET", TABLES).json()["data"]]

    def table(self, name: str) -> RemoteTable:
        """The table of that name, "trips" or "buffers.ticks". The server is not asked: a name that
        it does not know shows when rows are asked for (UnknownName).

            client.table("trips").filter("fare > 50").select("ts", "fare").to_polars()
        """
        return RemoteTable(self._pool, name, Request())

    def put_table(self, name: str, rows: Rows) -> RemoteTable:
        """Has the server hold these rows (a DataFrame, an Arrow stream, or dicts) as a table; what
        had the name before is replaced.

        Raises:
            InvalidArgument: the name breaks a rule.
            NameExists: a live window has that name.
            MemoryLimit: the rows do not fit beside what the server holds.
        """
        path = f"{TABLES}/{quote(name, safe='')}"
        self._pool.request("PUT", path, _encoded(rows), {"Content-Type": _ARROW})
        return self.table(name)

    def drop_table(self, name: str) -> None:
        """Removes a table of files or of rows that the server holds; who is reading reads on.

        Raises:
            UnknownName: there is none of that name.
        """
        self._pool.request("DELETE", f"{TABLES}/{quote(name, safe='')}")

    def sql(
        self,
        sql: str,
        parameters: Sequence[bool | int | float | str | None] = (),
        *,
        timeout: float | None = None,
    ) -> Frame:
        """Runs SQL on the server (docs/sql.md): the rows of the last statement, or no columns if it
        has none.

        Args:
            sql: DuckDB's SQL over every source of the server and its own tables.
            parameters: values for `?` or `$1`; texts are cast to what their place wants.
            timeout: seconds until the server gives up.

        Raises:
            SqlSyntaxError, UnknownName, TypeMismatch, ConstraintViolation, Conflict,
            PermissionDenied, MemoryLimit: as the server says.
            Timeout: the rows were not there in time.
        """
        asked: dict[str, object] = {"sql": sql, "parameters": list(parameters)}
        if timeout is not None:
            asked["timeout_ms"] = max(1, round(timeout * 1000))
        headers = {"Content-Type": _JSON, "Accept": _ARROW}
        body = json.dumps(asked).encode()
        with RemoteBatches(self._pool.stream("POST", _SQL, body, headers)) as batches:
            return batches.collect()

    def subscribe(
        self,
        table: str,
        features: FeaturePlan | None = None,
        *,
        columns: Sequence[str] | None = None,
        filter: "Filter | None" = None,
        tail: int | None = None,
        rate: float | None = None,
        policy: Policy = "latest",
    ) -> Subscription:
        """Follows a window: an iterator of pyarrow batches, first of its present state, then of
        what comes. Needs the package websockets (`pip install 'headrace[live]'`).

        Args:
            table: any name of tables(); one that is no window is sent once.
            features: derive these columns as well.
            columns: those columns, in that order, of the originals and the derived ones.
            filter: rows for which it is true, over both.
            tail: the present state is at most so many of the last rows; 0: only what comes.
            rate: batches a second at most (30): what comes in between is one batch.
            policy: what becomes of rows that find no place in the server's queue for this client:
                "latest" skips and counts them, "all" ends the subscription.

        Raises:
            UnknownName, InvalidArgument, TypeMismatch: as the server says.
            Unavailable: the server has as many live clients as it takes, or is stopping.
        """
        return subscribe(
            self._url,
            self._timeout,
            table,
            features=features,
            columns=columns,
            filter=filter,
            tail=tail,
            rate=rate,
            policy=policy,
        )

    def delete(self, name: str) -> None:
        """Removes a buffer and frees its memory.

        Raises:
            UnknownName: there is none of that name.
        """
        self._pool.request("DELETE", _buffer_path(name))


class RemoteBuffer:
    """A buffer on a server; made by Client.buffer(). See LiveBuffer for what its methods do.

    Rows travel in Arrow's stream format both ways, so that values mean the same as in a Buffer of
    this process: NaN stays NaN, an int stays an int, times keep their nanoseconds.
    """

    __slots__ = ("__weakref__", "_name", "_pool")

    def __init__(self, pool: ConnectionPool, name: str) -> None:
        self._pool = pool
        self._name = name

    @property
    def name(self) -> str:
        """The buffer's name."""
        return self._name

    @property
    def window_size(self) -> int:
        """Rows shown at most."""
        return self.stats().window_size

    @property
    def size(self) -> int:
        """Rows shown now."""
        return self.stats().size

    @property
    def memory_bytes(self) -> int:
        """Bytes that columns, history, features and their state hold."""
        return self.stats().memory_bytes

    @property
    def schema(self) -> "pa.Schema":
        """Names and types of the columns, as a pyarrow.Schema."""
        return self.data(tail=1).schema

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"<headrace.RemoteBuffer {self._name!r}>"

    def append(self, rows: Rows) -> AppendResult:
        """Appends a dict, a list of dicts, a DataFrame or an Arrow stream, all or nothing.

        See LiveBuffer.append.
        """
        body = _encoded(rows)
        answer = self._pool.request(
            "POST",
            f"{_PREFIX}/append?buffer_id={quote(self._name, safe='')}",
            body,
            {"Content-Type": _ARROW},
        ).json()
        return AppendResult(answer["appended"], answer["buffer_size"], answer["avg_append_ms"])

    def features(
        self,
        plan: FeaturePlan | None = None,
        *,
        tail: int | None = None,
        **options: Unpack[PlanOptions],
    ) -> Frame:
        """The rows shown with the plan's derived columns behind them. See LiveBuffer.features."""
        return Frame(self._features(resolve_plan(plan, options), tail))

    def data(self, tail: int | None = None, *, with_features: bool = False) -> Frame:
        """The rows shown, oldest first. See LiveBuffer.data."""
        if with_features:
            return self.features(tail=tail)
        query = "" if tail is None else f"?tail={tail}"
        answer = self._pool.request(
            "GET", f"{_buffer_path(self._name)}/data{query}", headers={"Accept": _ARROW}
        )
        return Frame(_core.decode_stream(answer.body))

    def latest(
        self, plan: FeaturePlan | None = None, **options: Unpack[PlanOptions]
    ) -> dict[str, Any]:
        """The newest row with its derived values; {} if there is none. See LiveBuffer.latest."""
        newest = self._features(resolve_plan(plan, options), 1)
        return newest.row(0) if newest.num_rows else {}

    def latest_vector(
        self, plan: FeaturePlan | None = None, **options: Unpack[PlanOptions]
    ) -> "npt.NDArray[np.float64]":
        """The newest row as doubles, shape (k,). See LiveBuffer.latest_vector."""
        return self._features(resolve_plan(plan, options), 1).to_numpy().reshape(-1)

    def vector_names(
        self, plan: FeaturePlan | None = None, **options: Unpack[PlanOptions]
    ) -> list[str]:
        """Names of the values of latest_vector()."""
        return self._features(resolve_plan(plan, options), 1).numeric_columns

    def stats(self) -> BufferStats:
        """Figures of the buffer."""
        return _stats(self._pool.request("GET", _buffer_path(self._name)).json())

    def clear(self) -> None:
        """Drops rows, features and counters; keeps the schema."""
        self._pool.request("POST", f"{_buffer_path(self._name)}/clear")

    def delete(self) -> None:
        """Removes the buffer from the server and frees its memory."""
        self._pool.request("DELETE", _buffer_path(self._name))

    def _features(self, plan: FeaturePlan, tail: int | None) -> _core.Batch:
        body = {"buffer_id": self._name, **plan_fields(plan), "tail": tail}
        return _core.decode_stream(_post(self._pool, "/features", body, _ARROW))


def _post(pool: ConnectionPool, path: str, body: dict[str, Any], accept: str = _JSON) -> bytes:
    headers = {"Content-Type": _JSON, "Accept": accept}
    return pool.request("POST", _PREFIX + path, json.dumps(body).encode(), headers).body


def _encoded(rows: Rows) -> bytes:
    """Rows as an Arrow stream."""
    normalized = normalize(rows)
    if isinstance(normalized, list):
        return _core.encode_rows(normalized)
    return _core.encode_stream(normalized)


def _buffer_path(name: str) -> str:
    return f"{_PREFIX}/buffers/{quote(name, safe='')}"


def _stats(fields: dict[str, Any]) -> BufferStats:
    return BufferStats(
        name=fields["buffer_id"],
        size=fields["size"],
        window_size=fields["window_size"],
        columns=tuple(fields["columns"]),
        numeric_columns=tuple(fields["numeric_columns"]),
        memory_bytes=fields["memory_bytes"],
        append_count=fields["append_count"],
        avg_append_ms=fields["avg_append_ms"],
    )
