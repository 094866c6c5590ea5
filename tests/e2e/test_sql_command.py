"""`headrace sql`: a statement in, rows out as `scan` gives them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import polars as pl
import pytest
from server_process import BINARY, ROOT, clean_environment

FLIGHTS = ROOT / "node_modules" / "vega-datasets" / "data" / "flights-3m.parquet"
BAD_CONFIG, BAD_INPUT, ABSENT = 2, 3, 4


def run(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(BINARY), "sql", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(),
    )
    assert done.returncode == status, done.stderr
    return done


def test_files_by_name(tmp_path: Path) -> None:
    sql = "SELECT origin, count(*) AS n FROM f GROUP BY origin ORDER BY n DESC LIMIT 3"
    said = run("--load", f"f={FLIGHTS}", sql, "--format", "ndjson").stdout
    expected = (
        pl.scan_parquet(FLIGHTS).group_by("origin").agg(n=pl.len()).sort("n", descending=True)
    )
    assert [json.loads(line) for line in said.splitlines()] == (
        expected.limit(3).collect().to_dicts()
    )


def test_an_output_file(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    run("SELECT i, 'v' || i AS v FROM range(1000) r(i)", "--output", str(out))
    assert pl.read_parquet(out).shape == (1000, 2)
    run("SELECT 1/0 AS x, error('no') AS y", "--output", str(tmp_path / "no.csv"), status=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.parquet"]


def test_a_database_and_parameters(tmp_path: Path) -> None:
    database = str(tmp_path / "x.duckdb")
    made = "CREATE TABLE t (id INTEGER, name VARCHAR); INSERT INTO t VALUES (1, 'a'), (2, 'b')"
    assert run("--database", database, made).stdout == "INSERT 2\n"
    said = run("--database", database, "SELECT id FROM t WHERE name = ?", "--param", "b").stdout
    assert said.split() == ['"id"', "2"]
    run("--database", database, "--read-only", "DELETE FROM t", status=BAD_CONFIG)


def test_directories_that_are_allowed(tmp_path: Path) -> None:
    pl.DataFrame({"x": [1, 2, 3]}).write_parquet(tmp_path / "x.parquet")
    sql = f"SELECT sum(x)::INTEGER AS s FROM '{tmp_path}/x.parquet'"
    assert run("--allow-dir", str(tmp_path), sql).stdout.split() == ['"s"', "6"]
    assert "Permission" in run(sql, status=BAD_CONFIG).stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), BAD_CONFIG, "give SQL to run"),
        (("SELEC 1",), BAD_INPUT, "syntax error"),
        (("SELECT * FROM nowhere",), ABSENT, "nowhere"),
        (("SELECT 1", "--load", "x"), BAD_CONFIG, "--load"),
        (("SELECT 1", "--format", "xml"), BAD_CONFIG, "--format"),
        (("SELECT 1", "--memory", "lots"), BAD_CONFIG, "--memory"),
        (("SELECT ?",), BAD_CONFIG, "parameters"),
        (("SELECT 1", "--lod", "x=y"), BAD_CONFIG, "--load"),
    ],
)
def test_refusals(arguments: tuple[str, ...], status: int, said: str) -> None:
    assert said in run(*arguments, status=status).stderr


def test_ctrl_c_ends_it() -> None:
    sql = "SELECT count(*) FROM range(10000000) a(x), range(10000000) b(y) WHERE x * y % 7 = 3"
    process = subprocess.Popen([str(BINARY), "sql", sql], env=clean_environment())
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130


def test_a_reader_that_leaves_is_no_failure() -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [str(BINARY), "sql", "SELECT i FROM range(100000000) r(i)"],
        stdout=writing,
        env=clean_environment(),
    )
    os.close(writing)
    assert os.read(reading, 10)
    os.close(reading)
    assert process.wait(30) == 0
