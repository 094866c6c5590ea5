"""The document of all calls, and the page of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_process import ServerProcess

SCHEMA = {"date": "timestamp", "delay": "double", "origin": "string"}
CHART = ("downsample", "x", "y")
# What a parameter is not taken without.
COMPANY = {
    "seed": ("sample",),
    "stratify": ("sample",),
    **dict.fromkeys((*CHART, "points", "from", "to", "by"), CHART),
}


@pytest.fixture
def document(server: ServerProcess) -> dict[str, Any]:
    answer = httpx.get(f"{server.url}/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    opened: dict[str, Any] = answer.json()
    return opened


def test_every_route_is_in_the_document(server: ServerProcess, document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    routes = httpx.get(server.url).json()["routes"]
    documented = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert documented == {(route["method"], route["path"]) for route in routes}
    names = [o["operationId"] for p in document["paths"].values() for o in p.values()]
    assert len(set(names)) == len(names)


def test_the_parameters_are_those_that_are_taken(
    server: ServerProcess, document: dict[str, Any]
) -> None:
    """Each one's example is; and a name that is not there is refused with those that are."""
    body = {"buffer_id": "documented", "schema": SCHEMA}
    httpx.post(f"{server.url}/v1/ml/polars/buffers", json=body)
    parameters = document["paths"]["/v1/tables/{name}"]["get"]["parameters"]
    assert parameters[0] == {
        "name": "name",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
    }
    url = f"{server.url}/v1/tables/documented"
    examples = {each["name"]: each["example"] for each in parameters[1:] if "example" in each}
    for name in examples:
        asked = {each: examples[each] for each in (*COMPANY.get(name, ()), name)}
        answer = httpx.get(url, params=asked)
        assert answer.status_code == 200, answer.text
    refused = httpx.get(url, params={"zzzzzzzz": "1"}).json()["error"]["message"]
    for parameter in parameters[1:]:
        assert parameter["name"] in refused
    httpx.delete(url)


def test_the_page_needs_nothing_else(server: ServerProcess) -> None:
    answer = httpx.get(f"{server.url}/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = answer.text
    assert page.startswith("<!doctype html>") and page.rstrip().endswith("</html>")
    for foreign in ("http://", "https://", "src=", "@import", "<link"):
        assert foreign not in page
