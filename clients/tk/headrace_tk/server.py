"""The calls that the window needs, with pyarrow and the standard library. All of them block."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pyarrow as pa

ARROW = "application/vnd.apache.arrow.stream"
TIMEOUT_SECONDS = 10.0


class ServerFailed(Exception):
    """What to tell a person; `code` is the server's, or "unavailable" if it does not answer."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Page:
    rows: pa.Table
    next_cursor: str | None


class Server:
    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def tables(self) -> list[dict[str, Any]]:
        """All that can be read, with schema and, where it is known, rows."""
        body, _ = self._get("/v1/tables", "application/json")
        tables: list[dict[str, Any]] = json.loads(body)["data"]
        return tables

    def page(self, table: str, limit: int, *, cursor: str | None = None, offset: int = 0) -> Page:
        """Rows from a cursor on, or else from a row's number."""
        place = {"cursor": cursor} if cursor else {"offset": offset}
        query = urlencode({"limit": limit, **place})
        body, fields = self._get(f"/v1/tables/{quote(table, safe='')}?{query}", ARROW)
        rows = shown(pa.ipc.open_stream(body).read_all())
        return Page(rows, fields.get("X-Next-Cursor"))

    def _get(self, path: str, accept: str) -> tuple[bytes, Any]:
        request = urllib.request.Request(self.url + path, headers={"Accept": accept})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                return answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            raise _refusal(error) from error
        except Exception as error:  # refused, timed out, or broken off in the middle
            raise ServerFailed(
                f"The server does not answer at {self.url}", "unavailable"
            ) from error


def shown(rows: pa.Table) -> pa.Table:
    """With times as Python has them: microseconds."""
    for i, field in enumerate(rows.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            exact = pa.timestamp("us", field.type.tz)
            rows = rows.set_column(i, field.name, rows.column(i).cast(exact, safe=False))
    return rows


def _refusal(error: urllib.error.HTTPError) -> ServerFailed:
    with error:
        try:
            fields = json.loads(error.read())["error"]
            return ServerFailed(fields["message"], fields["code"])
        except (ValueError, KeyError, TypeError):
            return ServerFailed(f"{error.code} {error.reason}", "unknown")
