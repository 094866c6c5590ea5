"""Tables on a server, read as they arrive."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from headrace import _core
from headrace.arguments import Filter, filter_text
from headrace.closing import Closing
from headrace.connection import Answer, ConnectionPool
from headrace.errors import HeadraceIOError, InvalidArgument
from headrace.expr import Expr
from headrace.frame import Frame
from headrace.query import Query
from headrace.request import Request

TABLES = "/v1/tables"
_ARROW = "application/vnd.apache.arrow.stream"
_SHARED = "application/vnd.headrace.shared-rows"


@dataclass(frozen=True, slots=True)
class TableInfo:
    """What a server says of a table."""

    name: str
    full_name: str
    """With the kind in front: "buffers.ticks", "files.trips"."""
    kind: str
    rows: int | None
    """None where nobody has counted them."""
    bytes: int | None
    columns: dict[str, str]
    """Name to type."""

    @classmethod
    def of(cls, fields: dict[str, Any]) -> "TableInfo":
        columns = {column["name"]: column["type"] for column in fields["schema"]}
        return cls(
            fields["name"],
            fields["full_name"],
            fields["kind"],
            fields["rows"],
            fields["bytes"],
            columns,
        )


class RemoteTable(Query):
    """Any table of a server: a live window, files, or rows that it holds. Made by Client.table().

    The methods of Query say what is wanted and return new tables; the server is asked when rows
    are, and does the work: what arrives is what is left. Iterating gives Frames as they arrive.
    Anything that knows the Arrow PyCapsule interface takes collect()'s Frame.

    Raises (where rows are asked for):
        UnknownName, InvalidArgument, TypeMismatch: as the server says.
        HeadraceIOError: the server broke off, or could not read a file, after it had begun.
    """

    __slots__ = ("_name", "_pool")

    def __init__(self, pool: ConnectionPool, name: str, request: Request) -> None:
        super().__init__(request)
        self._pool = pool
        self._name = name

    def _with(self, request: Request) -> "RemoteTable":
        return RemoteTable(self._pool, self._name, request)

    def _filter(self, given: Filter) -> str | Expr:
        return filter_text(given, None)

    @property
    def name(self) -> str:
        """The table's name."""
        return self._name

    def info(self) -> TableInfo:
        """What the server says of the table, whatever is asked of it here."""
        path = f"{TABLES}/{quote(self._name, safe='')}/schema"
        return TableInfo.of(self._pool.request("GET", path).json())

    def __iter__(self) -> "RemoteBatches":
        query = urlencode(_parameters(self._request))
        path = f"{TABLES}/{quote(self._name, safe='')}" + (f"?{query}" if query else "")
        accept = f"{_SHARED}, {_ARROW};q=0.9" if self._pool.is_local else _ARROW
        return RemoteBatches(self._pool.stream("GET", path, headers={"Accept": accept}))

    def collect(self) -> Frame:
        """All rows as one Frame, in the memory of this process."""
        with iter(self) as batches:
            return batches.collect()

    def count(self) -> int:
        """How many rows come out, counted by the server."""
        asked = self._request
        if asked.groups or asked.chooses or asked.limit is not None or asked.offset:
            with iter(self) as batches:
                return sum(frame.num_rows for frame in batches)
        counted = Request(filters=asked.filters, aggregates="count(*) as rows")
        return int(self._with(counted).collect().row(0)["rows"])

    def __repr__(self) -> str:
        return f"<headrace.RemoteTable {self._name}{self._request.describe()}>"


class RemoteBatches(Iterator[Frame], Closing):
    """The rows of one answer: an iterator of Frames, each of what has arrived meanwhile."""

    __slots__ = ("_answer", "_decoder", "_pieces")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._decoder: _core.StreamDecoder | _core.SharedRows
        if answer.content_type == _SHARED:
            self._decoder = _shared_rows(answer)
            self._pieces: Iterator[bytes] = iter(())
        else:
            self._decoder = _core.StreamDecoder()
            self._pieces = iter(answer)

    def __next__(self) -> Frame:
        more = True
        while more:
            more = self._feed()
            batch = self._decoder.take()
            if batch is not None and batch.num_rows:
                return Frame(batch)
        raise StopIteration

    def collect(self) -> Frame:
        """The rows that are left, as one Frame."""
        while self._feed():
            pass
        batch = self._decoder.take()
        assert batch is not None, "the end of a stream comes behind its schema"
        return Frame(batch)

    def close(self) -> None:
        """Gives the rest up: the server stops its work. Harmless when done again."""
        self._answer.close()

    def _feed(self) -> bool:
        piece = next(self._pieces, None)
        if piece is not None:
            assert isinstance(self._decoder, _core.StreamDecoder), "shared rows come at once"
            self._decoder.feed(piece)
        elif not self._decoder.ended:
            raise HeadraceIOError("the answer ends before the rows do", code="io_error")
        return piece is not None


def _shared_rows(answer: Answer) -> _core.SharedRows:
    """Rows in the server's memory, which is mapped here: nothing of them is copied."""
    descriptor = answer.take_descriptor()
    try:
        return _core.SharedRows(descriptor, b"".join(answer))
    finally:
        os.close(descriptor)


def _parameters(asked: Request) -> dict[str, str]:
    """The request as the server's parameters (docs/tables.md)."""
    given: dict[str, object] = {
        "filter": asked.filter,
        "group_by": _names(asked.group_by),
        "agg": asked.aggregates,
        "order_by": asked.order_by,
        "offset": asked.offset or None,
        "limit": asked.limit,
    }
    if asked.columns is not None:
        if not asked.columns:
            raise InvalidArgument(
                "a table without columns cannot be asked for: select one, or count()",
                code="invalid_argument",
                location=("columns",),
            )
        given["columns"] = _names(asked.columns)
    if asked.sample is not None:
        rows, fraction, seed, stratify = asked.sample.native()
        given |= {"sample": rows, "fraction": fraction, "seed": seed, "stratify": stratify}
    if asked.chart is not None:
        chart = asked.chart
        given |= {"downsample": chart.method, "x": chart.x, "y": _names(chart.y), "by": chart.by}
        given |= {"points": chart.points, "from": chart.from_, "to": chart.to}
    return {name: str(value) for name, value in given.items() if value not in (None, "")}


def _names(names: tuple[str, ...]) -> str:
    """Names with commas between, quoted as in CSV where they have one."""
    plain = str.maketrans("", "", ',"')
    return ",".join(
        name if name and name == name.translate(plain) else '"' + name.replace('"', '""') + '"'
        for name in names
    )
