"""The peers of the delivery benchmark, each a process of its own.

usage: python bench/delivery_peers.py fastapi|flight|socket PORT_FILE [--quick]

They hold the table of datasets.answer_table(). FastAPI's endpoints write the frame into a BytesIO
and give out its bytes; as a StreamingResponse, as one reads it often, it would hand over line by
line and take minutes. The bare socket sends an Arrow stream's bytes to whoever connects.
"""

from __future__ import annotations

import io
import socket
import sys
from pathlib import Path

import datasets
import polars as pl
import pyarrow as pa

WRITE_BYTES = 1 << 20


def fastapi(rows: int, port_file: Path) -> None:
    import uvicorn
    from fastapi import FastAPI
    from fastapi.responses import Response

    frame = pl.from_arrow(datasets.answer_table(rows))
    assert isinstance(frame, pl.DataFrame)
    app = FastAPI()

    @app.get("/data/arrow_ipc")
    async def arrow(offset: int = 0, limit: int | None = None) -> Response:
        buffer = io.BytesIO()
        frame.slice(offset, limit).write_ipc(buffer)
        return Response(buffer.getvalue(), media_type="application/vnd.apache.arrow.stream")

    @app.get("/data/csv")
    async def csv() -> Response:
        buffer = io.BytesIO()
        frame.write_csv(buffer)
        return Response(buffer.getvalue(), media_type="text/csv")

    @app.get("/data/parquet")
    async def parquet() -> Response:
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        return Response(buffer.getvalue(), media_type="application/octet-stream")

    listener = _listen(port_file)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


def flight(rows: int, port_file: Path) -> None:
    import pyarrow.flight as fl

    table = datasets.answer_table(rows)

    class Server(fl.FlightServerBase):  # type: ignore[misc]
        def do_get(self, context: object, ticket: object) -> fl.RecordBatchStream:
            return fl.RecordBatchStream(table)

    server = Server("grpc://127.0.0.1:0")
    port_file.write_text(str(server.port))
    server.serve()


def bare_socket(rows: int, port_file: Path) -> None:
    table = datasets.answer_table(rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    body = memoryview(sink.getvalue())
    listener = _listen(port_file)
    while True:
        connection, _ = listener.accept()
        with connection:
            if not connection.recv(1024):
                return
            for at in range(0, len(body), WRITE_BYTES):
                connection.sendall(body[at : at + WRITE_BYTES])


def _listen(port_file: Path) -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    port_file.write_text(str(listener.getsockname()[1]))
    return listener


if __name__ == "__main__":
    run = {"fastapi": fastapi, "flight": flight, "socket": bare_socket}[sys.argv[1]]
    run(datasets.answer_rows("--quick" in sys.argv), Path(sys.argv[2]))
