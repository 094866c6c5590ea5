"""Every refusal has its status, its code and its place, and leaves the buffer as it was."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server import PREFIX

APPEND = f"{PREFIX}/append"
FEATURES = f"{PREFIX}/features"
DATA = [{"n": 1, "d": 1.5, "b": True, "s": "x"}, {"n": 2, "d": 2.5, "b": False, "s": "y"}]


@pytest.fixture
def kept(http: httpx.Client, buffer_id: str) -> Any:
    http.post(f"{PREFIX}/buffers", json={"buffer_id": buffer_id})
    http.post(APPEND, json={"buffer_id": buffer_id, "data": DATA})

    def state() -> Any:
        stats = http.get(f"{PREFIX}/buffers/{buffer_id}").json()
        return stats, http.get(f"{PREFIX}/buffers/{buffer_id}/data").json()

    before = state()
    yield buffer_id
    assert state() == before


def check(answer: httpx.Response, status: int, code: str, *location: str | int) -> None:
    body = answer.json()
    assert answer.status_code == status, body
    assert body["error"]["code"] == code
    for part in location:
        assert part in body["error"]["location"]
    if status == 422:
        assert set(body["detail"][0]) >= {"loc", "msg", "type"}
    else:
        assert isinstance(body["detail"], str)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"n": "one"}, "n"),
        ({"n": True}, "n"),
        ({"d": "1.5"}, "d"),
        ({"b": 1}, "b"),
        ({"s": 1}, "s"),
        ({"new": {"a": 1}}, "new"),
        ({"new": [1]}, "new"),
        ({"n": 2**63}, "n"),
        ({"n": 10**40}, "n"),
    ],
)
def test_values_that_do_not_fit(http: httpx.Client, kept: str, row: dict, column: str) -> None:
    for data in (row, [{"d": 9.5}, row]):
        answer = http.post(APPEND, json={"buffer_id": kept, "data": data})
        check(answer, 422, "type_mismatch", column)


@pytest.mark.parametrize(
    "body",
    ["", "{", "[1]", "nonsense", '{"buffer_id": "x", "data": }', '{"buffer_id": "x"} trailing'],
)
def test_bodies_that_are_no_request(http: httpx.Client, kept: str, body: str) -> None:
    answer = http.post(APPEND, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("data", [1, "row", None, [1], [[{}]], [{"d": 1.0}, 2]])
def test_data_that_is_no_row(http: httpx.Client, kept: str, data: Any) -> None:
    answer = http.post(APPEND, json={"buffer_id": kept, "data": data})
    check(answer, 422, "invalid_argument", "data")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"rolling_windows": [0]}, "rolling_windows"),
        ({"rolling_windows": [-1]}, "rolling_windows"),
        ({"rolling_windows": [5, 5]}, "rolling_windows"),
        ({"rolling_windows": [2.5]}, "rolling_windows"),
        ({"rolling_windows": [10**9]}, "rolling_windows"),
        ({"rolling_windows": 5}, "rolling_windows"),
        ({"lag_periods": [0]}, "lag_periods"),
        ({"lag_periods": [1, 1]}, "lag_periods"),
        ({"include_rolling_stats": ["average"]}, "include_rolling_stats"),
        ({"tail": 0}, "tail"),
        ({"tail": -1}, "tail"),
        ({"tail": "5"}, "tail"),
        ({"min_samples": 0}, "min_samples"),
        ({"ddof": 2}, "ddof"),
        ({"rolling_window": [5]}, "rolling_window"),
    ],
)
def test_plans_that_break_a_rule(http: httpx.Client, kept: str, fields: dict, field: str) -> None:
    check(http.post(FEATURES, json={"buffer_id": kept} | fields), 422, "invalid_argument", field)


def test_a_misspelt_field_is_offered_the_right_one(http: httpx.Client, kept: str) -> None:
    answer = http.post(FEATURES, json={"buffer_id": kept, "rolling_windws": [5]})
    assert "rolling_windows" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "buffer_id"),
        ({"buffer_id": ""}, "buffer_id"),
        ({"buffer_id": "a/b"}, "buffer_id"),
        ({"buffer_id": 5}, "buffer_id"),
        ({"buffer_id": "fine", "window_size": 0}, "window_size"),
        ({"buffer_id": "fine", "window_size": "10"}, "window_size"),
        ({"buffer_id": "fine", "window": 10}, "window"),
    ],
)
def test_buffers_that_cannot_be(http: httpx.Client, body: dict, field: str) -> None:
    check(http.post(f"{PREFIX}/buffers", json=body), 422, "invalid_argument", field)
    assert http.get(f"{PREFIX}/buffers/fine").status_code == 404


def test_names(http: httpx.Client, kept: str) -> None:
    check(http.post(f"{PREFIX}/buffers", json={"buffer_id": kept}), 409, "name_exists")
    for answer in (
        http.get(f"{PREFIX}/buffers/nowhere"),
        http.delete(f"{PREFIX}/buffers/nowhere"),
        http.post(f"{PREFIX}/buffers/nowhere/clear"),
        http.get(f"{PREFIX}/buffers/nowhere/data"),
        http.post(APPEND, json={"buffer_id": "nowhere", "data": {"a": 1}}),
        http.post(FEATURES, json={"buffer_id": "nowhere"}),
    ):
        check(answer, 404, "unknown_name")


def test_routes_methods_and_formats(http: httpx.Client, kept: str) -> None:
    check(http.get("/v1/nothing"), 404, "unknown_route")
    wrong_method = http.put(f"{PREFIX}/buffers")
    check(wrong_method, 405, "method_not_allowed")
    assert "POST" in wrong_method.headers["Allow"]
    data = f"{PREFIX}/buffers/{kept}/data"
    check(http.get(data, headers={"Accept": "image/png"}), 406, "not_acceptable")
    check(http.get(data, params={"tail": 0}), 422, "invalid_argument", "tail")
    check(http.get(data, params={"tails": 1}), 422, "invalid_argument", "tails")
    strange = http.post(
        APPEND, params={"buffer_id": kept}, content=b"x", headers={"Content-Type": "image/png"}
    )
    check(strange, 415, "unsupported_media_type")
    garbage = http.post(
        APPEND,
        params={"buffer_id": kept},
        content=b"not arrow",
        headers={"Content-Type": "application/vnd.apache.arrow.stream"},
    )
    check(garbage, 400, "malformed_body")
