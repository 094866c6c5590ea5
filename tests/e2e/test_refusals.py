"""Whatever is refused says why in the one error body, and leaves the buffer exactly as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pyarrow as pa
import pytest

MakeBuffer = Callable[..., str]
ARROW = "application/vnd.apache.arrow.stream"


def arrow_stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


@dataclass(frozen=True)
class Refusal:
    """A request that must be refused. `{}` in a path or a body stands for the buffer's name."""

    name: str
    status: int
    code: str
    method: str
    path: str
    body: Any = None  # made JSON, unless it is bytes
    headers: dict[str, str] = field(default_factory=dict)
    location: tuple[str, ...] | None = None


def invalid(name: str, path: str, body: Any, *location: str) -> Refusal:
    where = location or None
    return Refusal(name, 422, "invalid_argument", "POST", path, body, location=where)


def unknown(name: str, method: str, path: str, body: Any = None) -> Refusal:
    return Refusal(name, 404, "unknown_name", method, path, body)


def mismatch(name: str, data: Any, *location: str) -> Refusal:
    body = {"buffer_id": "{}", "data": data}
    return Refusal(name, 422, "type_mismatch", "POST", "/append", body, location=location)


def no_rows(name: str, data: Any, *place: str) -> Refusal:
    return invalid(name, "/append", {"buffer_id": "{}", "data": data}, "body", "data", *place)


def feature(name: str, **options: Any) -> Refusal:
    (option,) = options
    return invalid(f"features: {name}", "/features", {"buffer_id": "{}", **options}, "body", option)


def create(name: str, wrong: str, **options: Any) -> Refusal:
    body = {"buffer_id": "n", **options}
    return invalid(f"create: {name}", "/buffers", body, "body", wrong)


def raw(name: str, status: int, code: str, body: bytes, content_type: str, path: str) -> Refusal:
    return Refusal(name, status, code, "POST", path, body, {"content-type": content_type})


GOOD = {"i": 1, "f": 1.5, "b": True, "s": "x"}
JSON = "application/json"
NDJSON = "application/x-ndjson"
TO_BUFFER = "/append?buffer_id={}"
MALFORMED = "malformed_body"

REFUSALS = [
    # names
    unknown("stats of nothing", "GET", "/buffers/no-such"),
    unknown("data of nothing", "GET", "/buffers/no-such/data"),
    unknown("delete nothing", "DELETE", "/buffers/no-such"),
    unknown("clear nothing", "POST", "/buffers/no-such/clear"),
    unknown("append to nothing", "POST", "/append", {"buffer_id": "no-such", "data": {"i": 1}}),
    unknown("features of nothing", "POST", "/features", {"buffer_id": "no-such"}),
    Refusal("create again", 409, "name_exists", "POST", "/buffers", {"buffer_id": "{}"}),
    Refusal("unknown path", 404, "unknown_route", "GET", "/bufers"),
    # create
    invalid("create: no name", "/buffers", {"window_size": 10}, "body", "buffer_id"),
    create("a name of another kind", "buffer_id", buffer_id=7),
    create("a bad name", "buffer_id", buffer_id="a/b"),
    create("an empty name", "buffer_id", buffer_id=""),
    create("a long name", "buffer_id", buffer_id="x" * 129),
    create("window 0", "window_size", window_size=0),
    create("window too large", "window_size", window_size=10**12),
    create("window as text", "window_size", window_size="10"),
    create("negative history", "history_rows", history_rows=-1),
    create("an unknown type", "schema", schema={"x": "complex"}),
    create("a misspelt field", "window_sise", window_sise=10),
    # append
    invalid("no rows", "/append", {"buffer_id": "{}"}),
    invalid("no buffer", "/append", {"data": GOOD}),
    no_rows("rows as a number", 7),
    no_rows("rows as text", "row"),
    no_rows("rows as null", None),
    no_rows("a row as a number", [GOOD, 7], "1"),
    no_rows("a row as a list", [[GOOD]], "0"),
    invalid("an unknown field", "/append", {"buffer_id": "{}", "data": GOOD, "x": 1}),
    mismatch("text in numbers", [GOOD, {"i": "1"}], "body", "data", "1", "i"),
    mismatch("a number in text", {"s": 1}, "body", "data", "0", "s"),
    mismatch("text in doubles", {"f": "1.5"}, "body", "data", "0", "f"),
    mismatch("a bool in doubles", [GOOD, GOOD, {"f": True}], "body", "data", "2", "f"),
    mismatch("a bool in integers", {"i": True}, "body", "data", "0", "i"),
    mismatch("a number in bools", {"b": 0}, "body", "data", "0", "b"),
    mismatch("an object", [{"new": {"deep": 1}}], "body", "data", "0", "new"),
    mismatch("a list", [{"i": [1]}], "body", "data", "0", "i"),
    mismatch("a list in a new column", {"new": [1]}, "body", "data", "0", "new"),
    mismatch("an integer beyond int64", {"i": 2**63}, "body", "data", "0", "i"),
    mismatch("an integer beyond all types", {"i": 10**40}, "body", "data", "0", "i"),
    mismatch("both kinds in one request", [{"new": 1}, {"new": "x"}], "body", "data", "1", "new"),
    raw("not JSON", 400, MALFORMED, b'{"buffer_id": ', JSON, "/append"),
    raw("a bare word", 400, MALFORMED, b"nonsense", JSON, "/append"),
    raw("no value", 400, MALFORMED, b'{"data": {"i": 1}, "buffer_id": }', JSON, "/append"),
    raw("more text", 400, MALFORMED, b'{"data": {"i": 1}, "buffer_id": "x"} more', JSON, "/append"),
    raw("a list as body", 422, "invalid_argument", b"[1]", JSON, "/append"),
    raw("an empty body", 400, MALFORMED, b"", JSON, "/append"),
    raw("NaN", 400, MALFORMED, b'{"data": {"f": NaN}}', JSON, "/append"),
    raw("a bad line", 400, MALFORMED, b'{"i": 1}\n{"i": \n', NDJSON, TO_BUFFER),
    raw("text in a line", 422, "type_mismatch", b'{"i": 1}\n{"i": "x"}\n', NDJSON, TO_BUFFER),
    raw("not Arrow", 400, MALFORMED, b"ARROW?" * 9, ARROW, TO_BUFFER),
    raw(
        "a cut Arrow stream",
        400,
        MALFORMED,
        arrow_stream(pa.table({"i": range(999)}))[:-900],
        ARROW,
        TO_BUFFER,
    ),
    raw(
        "text in Arrow",
        422,
        "type_mismatch",
        arrow_stream(pa.table({"i": ["x"]})),
        ARROW,
        TO_BUFFER,
    ),
    raw("an unknown type", 415, "unsupported_media_type", b"<i/>", "text/xml", "/append"),
    raw("too large", 413, "too_large", b" " * (70 << 20), JSON, "/append"),
    # features
    feature("window 0", rolling_windows=[0]),
    feature("a negative window", rolling_windows=[5, -1]),
    feature("the same window twice", rolling_windows=[5, 5]),
    feature("a window beyond the limit", rolling_windows=[1_000_001]),
    feature("too many windows", rolling_windows=list(range(1, 66))),
    feature("a window as text", rolling_windows=["5"]),
    feature("half a window", rolling_windows=[2.5]),
    feature("windows as a number", rolling_windows=5),
    feature("lag 0", lag_periods=[0]),
    feature("a negative lag", lag_periods=[-1]),
    feature("the same lag twice", lag_periods=[1, 1]),
    feature("an unknown statistic", include_rolling_stats=["mean", "men"]),
    feature("the same statistic twice", include_rolling_stats=["mean", "mean"]),
    feature("lags as text", include_lags="yes"),
    feature("tail 0", tail=0),
    feature("a negative tail", tail=-1),
    feature("a tail as text", tail="5"),
    feature("min_samples 0", min_samples=0),
    feature("ddof 2", ddof=2),
    feature("another fill", fill="one"),
    feature("a misspelt option", rolling_window=[5]),
    # data
    Refusal("tail=0", 422, "invalid_argument", "GET", "/buffers/{}/data?tail=0"),
    Refusal("tail=x", 422, "invalid_argument", "GET", "/buffers/{}/data?tail=x"),
    Refusal("an unknown parameter", 422, "invalid_argument", "GET", "/buffers/{}/data?tali=1"),
    Refusal("with_features=2", 422, "invalid_argument", "GET", "/buffers/{}/data?with_features=2"),
    Refusal(
        "another format",
        406,
        "not_acceptable",
        "GET",
        "/buffers/{}/data",
        headers={"accept": "image/png"},
    ),
    # methods
    Refusal("GET append", 405, "method_not_allowed", "GET", "/append"),
    Refusal("PUT a buffer", 405, "method_not_allowed", "PUT", "/buffers/{}", {}),
    Refusal("DELETE all", 405, "method_not_allowed", "DELETE", "/buffers"),
]


def state(client: httpx.Client, name: str) -> tuple[Any, ...]:
    """All that can be seen of a buffer: rows, features, types, statistics, the list of buffers."""
    data = client.get(f"/buffers/{name}/data", headers={"accept": ARROW})
    features = client.post("/features", json={"buffer_id": name}, headers={"accept": ARROW})
    stats = client.get(f"/buffers/{name}")
    listed = [stats["buffer_id"] for stats in client.get("/buffers").json()["data"]]
    assert {data.status_code, features.status_code, stats.status_code} == {200}
    return data.content, features.content, stats.json(), listed


def filled(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: filled(each, name) for key, each in value.items()}
    return name if value == "{}" else value


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.name.replace(" ", "-"))
def test_refused_and_nothing_changed(
    refusal: Refusal, client: httpx.Client, make_buffer: MakeBuffer
) -> None:
    name = make_buffer(window_size=50)
    rows = [{"i": k, "f": k / 4, "b": k % 2 == 0, "s": f"s{k}"} for k in range(60)]
    answer = client.post("/append", json={"buffer_id": name, "data": rows})
    assert answer.status_code == 200, answer.text
    state(client, name)  # the first read of the features makes their table
    before = state(client, name)

    content = refusal.body
    headers = dict(refusal.headers)
    if content is not None and not isinstance(content, bytes):
        content = json.dumps(filled(content, name)).encode()
        headers.setdefault("content-type", JSON)
    path = refusal.path.replace("{}", name)
    answer = client.request(refusal.method, path, content=content, headers=headers)

    assert answer.status_code == refusal.status, answer.text
    check_error(answer, refusal)
    assert state(client, name) == before


def check_error(answer: httpx.Response, refusal: Refusal) -> None:
    assert answer.headers["content-type"] == JSON
    body = answer.json()
    assert list(body) == ["error", "detail"]
    assert list(body["error"]) == ["code", "message", "location"]
    assert body["error"]["code"] == refusal.code
    assert body["error"]["message"]
    if refusal.location is not None:
        named = tuple(str(part) for part in body["error"]["location"])
        assert named[: len(refusal.location)] == refusal.location
    if refusal.status == 422:
        (detail,) = body["detail"]
        assert detail["msg"] == body["error"]["message"]
        assert [str(part) for part in detail["loc"]] == body["error"]["location"]
    else:
        assert body["detail"] == body["error"]["message"]
    if refusal.status == 405:
        assert answer.headers["allow"]


def test_a_misspelt_field_is_offered_the_right_one(
    client: httpx.Client, make_buffer: MakeBuffer
) -> None:
    ask = {"buffer_id": make_buffer(), "rolling_windws": [5]}
    assert "rolling_windows" in client.post("/features", json=ask).json()["error"]["message"]


def test_a_bad_row_poisons_nothing(client: httpx.Client, make_buffer: MakeBuffer) -> None:
    name = make_buffer()
    good = {"buffer_id": name, "data": {"x": 1.5}}
    assert client.post("/append", json=good).status_code == 200
    bad = {"buffer_id": name, "data": [{"x": 2.5, "new": 1}, {"x": "2.5"}]}
    assert client.post("/append", json=bad).status_code == 422
    assert client.post("/append", json=good).status_code == 200
    stats = client.get(f"/buffers/{name}").json()
    assert (stats["size"], stats["columns"], stats["numeric_columns"]) == (2, ["x"], ["x"])


def test_integers_do_not_change_by_becoming_double(
    client: httpx.Client, make_buffer: MakeBuffer
) -> None:
    name = make_buffer()
    big = 2**53 + 1
    assert client.post("/append", json={"buffer_id": name, "data": {"x": big}}).status_code == 200
    before = state(client, name)
    refused = client.post("/append", json={"buffer_id": name, "data": {"x": 0.5}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "type_mismatch")
    assert state(client, name) == before
    assert client.get(f"/buffers/{name}/data").json()["data"] == [{"x": big}]
