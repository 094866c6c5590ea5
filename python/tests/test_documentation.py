"""Runs the Python of README.md and the pages of docs and checks what they say comes out."""

import ast
import re
from typing import Any

import pytest

import headrace as hr
from conftest import ROOT

TEXT = (ROOT / "docs" / "python.md").read_text()
PROMISE = re.compile(r"^(?P<code>.*?)\s*# → (?P<value>.*)$")


def run(block: str, names: dict[str, Any]) -> int:
    """Runs a block; returns how many promised values were found to be true."""
    lines = block.splitlines()
    promised = {
        number: found["value"]
        for number, line in enumerate(lines, start=1)
        if (found := PROMISE.match(line))
    }
    kept = 0
    for statement in ast.parse(block).body:
        code = ast.unparse(statement)
        last = statement.end_lineno or 0
        value = promised.get(last)
        if value is None and last + 1 in promised and lines[last].startswith("# →"):
            value = promised[last + 1]
        if value is None:
            exec(code, names)
        else:
            assert isinstance(statement, ast.Expr), f"no expression: {code}"
            assert repr(eval(code, names)) == value, code
            kept += 1
    assert kept == len(promised), "a promise follows no expression"
    return kept


@pytest.mark.parametrize(
    ("page", "promises"),
    [
        ("README.md", 1),
        ("docs/python.md", 16),
        ("docs/scan.md", 9),
        ("docs/aggregation.md", 3),
        ("docs/downsampling.md", 5),
        ("docs/bars.md", 3),
        ("docs/order-and-samples.md", 3),
    ],
)
def test_the_page_is_true(
    page: str, promises: int, client: hr.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    kept = 0
    for block in re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL):
        kept += run(block.replace("http://localhost:14345", client._url), names)
    assert kept >= promises
    client.buffer("python-doc", create=True).delete()


def test_a_wrong_promise_is_noticed() -> None:
    with pytest.raises(AssertionError):
        run("1 + 1  # → 3", {})
    with pytest.raises(AssertionError):
        run("x = 1  # → 1", {})


def test_the_table_of_arguments_is_that_of_the_plan() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \|", TEXT, re.MULTILINE))
    plan = hr.FeaturePlan()
    for name in ("rolling_windows", "columns", "min_samples", "ddof", "fill"):
        assert ast.literal_eval(table[name]) == getattr(plan, name)
    assert ast.literal_eval(table["include_rolling_stats"]) == plan.include_rolling_stats
