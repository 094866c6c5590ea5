"""Exceptions: one class for each kind that the C++ table names."""

import pickle

import numpy as np
import pyarrow as pa
import pytest

import headrace as hr
from headrace import _core, errors
from headrace.connection import error_of

CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, hr.HeadraceError)
}


def test_the_table_and_the_classes_agree() -> None:
    named = {python_class for python_class, _ in _core.error_kinds().values()}
    assert named == set(CLASSES)
    assert named <= set(hr.__all__)


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (hr.InvalidArgument, ValueError),
        (hr.MalformedBody, ValueError),
        (hr.TypeMismatch, TypeError),
        (hr.UnknownName, KeyError),
        (hr.MemoryLimit, MemoryError),
        (hr.Unavailable, ConnectionError),
        (hr.Timeout, TimeoutError),
        (hr.HeadraceIOError, OSError),
    ],
)
def test_classes_are_also_what_python_calls_them(kind: type, base: type) -> None:
    assert issubclass(kind, base)


@pytest.mark.parametrize("kind", CLASSES.values())
def test_message_code_and_location(kind: type[hr.HeadraceError]) -> None:
    error = kind("it's wrong", code="some_code", location=["data", "3"])
    assert str(error) == "it's wrong"
    assert (error.code, error.location) == ("some_code", ("data", "3"))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), again.code, again.location) == (str(error), error.code, error.location)


@pytest.mark.parametrize("code", _core.error_kinds())
def test_an_answer_of_the_server_becomes_the_class_of_its_code(code: str) -> None:
    python_class, status = _core.error_kinds()[code]
    body = b'{"error": {"code": "%s", "message": "m", "location": ["a", "b"]}}' % code.encode()
    error = error_of(status, body)
    assert type(error).__name__ == python_class
    assert (str(error), error.code, error.location) == ("m", code, ("a", "b"))


def test_a_location_is_the_callers_and_not_that_of_http() -> None:
    body = b'{"error": {"code": "invalid_argument", "message": "", "location": ["query", "tail"]}}'
    assert error_of(422, body).location == ("tail",)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"detail": "x"}', b"\xff"])
def test_an_answer_of_something_else_goes_by_its_status(body: bytes) -> None:
    assert isinstance(error_of(404, body), hr.UnknownName)
    assert isinstance(error_of(503, body), hr.Unavailable)
    assert type(error_of(418, body)) is hr.HeadraceError
    assert "418" in str(error_of(418, body))


def test_the_memory_budget_refuses() -> None:
    column = np.zeros(64_000_000)  # never touched, so never there: half a TB in name only
    buffer = hr.Buffer(window_size=100_000_000)
    with pytest.raises(hr.MemoryLimit) as refused:
        buffer.append(pa.table({f"c{i}": column for i in range(1000)}))
    assert refused.value.code == "memory_limit"
    assert buffer.data().columns == []
