"""SQL over HTTP: every source as a table, rows as they are computed, failures with their code."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import httpx
import polars as pl
import pyarrow as pa
import pytest
from server_process import ROOT, ServerProcess

import headrace as hr

FLIGHTS = ROOT / "node_modules" / "vega-datasets" / "data" / "flights-3m.parquet"
ENDLESS = "SELECT count(*) FROM range(10000000) a(x), range(10000000) b(y) WHERE x * y % 7 = 3"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("sql-server")
    allowed = tmp_path_factory.mktemp("allowed")
    process = ServerProcess(
        folder, "--load", f"flights3m={FLIGHTS}", "--allow-dir", str(allowed)
    ).start()
    process.allowed = allowed  # type: ignore[attr-defined]
    yield process
    process.stop()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[hr.Client]:
    with hr.Client(server.url) as opened:
        yield opened


def post(server: ServerProcess, sql: str, accept: str = "", **body: Any) -> httpx.Response:
    headers = {"Accept": accept} if accept else {}
    return httpx.post(f"{server.url}/v1/sql", json={"sql": sql} | body, headers=headers, timeout=60)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) AS n, min(delay) AS a, max(date) AS b FROM {}",
        "SELECT origin, avg(delay) AS d FROM {} GROUP BY origin ORDER BY d, origin LIMIT 20",
        "SELECT date, delay FROM {} WHERE distance > 2500 ORDER BY date, delay LIMIT 50",
        "SELECT DISTINCT destination FROM {} ORDER BY ALL",
    ],
)
def test_files_give_what_duckdb_reads_itself(client: hr.Client, sql: str) -> None:
    ours = pa.table(client.sql(sql.format("files.flights3m")))
    theirs = duckdb.sql(sql.format(f"'{FLIGHTS}'")).to_arrow_table()
    assert pl.DataFrame(ours).equals(pl.DataFrame(theirs))


def test_live_windows_and_tables_join(client: hr.Client) -> None:
    window = client.buffer("sql-window", create=True, window_size=100)
    window.append([{"id": k % 3, "x": float(k)} for k in range(250)])
    client.put_table("names", pa.table({"id": [0, 1, 2], "name": ["a", "b", "c"]}))
    rows = client.sql(
        'SELECT name, count(*) AS n, sum(x) AS s FROM buffers."sql-window" JOIN tables.names '
        "USING (id) GROUP BY name ORDER BY name"
    )
    kept = pl.DataFrame({"id": [k % 3 for k in range(150, 250)], "x": range(150, 250)})
    expected = kept.group_by("id").agg(n=pl.len(), s=pl.sum("x")).sort("id")
    assert [tuple(row.values()) for row in pa.table(rows).to_pylist()] == [
        (name, n, float(s)) for name, (_, n, s) in zip("abc", expected.rows(), strict=True)
    ]
    client.delete("sql-window")
    client.drop_table("names")


def test_a_source_that_changes_its_columns(client: hr.Client) -> None:
    client.put_table("shape", pa.table({"a": [1, 2]}))
    assert pa.table(client.sql("SELECT * FROM tables.shape")).column_names == ["a"]
    client.put_table("shape", pa.table({"b": ["x"], "c": [None]}))
    assert pa.table(client.sql("SELECT * FROM tables.shape")).column_names == ["b", "c"]
    client.drop_table("shape")
    with pytest.raises(hr.UnknownName):
        client.sql("SELECT * FROM tables.shape")


TYPES = """SELECT 1::TINYINT AS i8, 2::UBIGINT AS u64, 3::HUGEINT AS huge, 1.5::FLOAT AS f,
  1.25::DECIMAL(9,2) AS dec, 'x' AS s, 'ab'::BLOB AS b, DATE '2024-02-29' AS d,
  TIME '01:02:03' AS t, TIMESTAMP '2024-01-02 03:04:05.678' AS ts,
  TIMESTAMPTZ '2024-01-02 03:04:05+00' AS tz, INTERVAL 1 DAY AS iv,
  '6f3b1f6e-3d1c-4b7e-9d39-2f0f4c1b2a3d'::UUID AS id, [1, 2, NULL] AS l, {'a': 1, 'b': 'x'} AS r,
  'red'::ENUM ('red', 'green') AS e, NULL AS n, true AS yes"""


def test_types(client: hr.Client) -> None:
    ours = pa.table(client.sql(TYPES))
    assert ours.num_rows == 1
    ours.validate(full=True)
    theirs = duckdb.sql(TYPES).to_arrow_table()
    for name in theirs.column_names:
        if name not in ("tz", "e", "huge"):  # by zone, and by release of DuckDB
            assert ours[name].to_pylist() == theirs[name].to_pylist(), name


@pytest.mark.parametrize(
    "accept",
    ["application/json", "text/csv", "application/x-ndjson", "application/vnd.apache.parquet"],
)
def test_any_format(server: ServerProcess, accept: str) -> None:
    answer = post(server, "SELECT i, 'v' || i AS v FROM range(5) r(i)", accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(accept)
    assert answer.content


def test_parameters(server: ServerProcess, client: hr.Client) -> None:
    row = pa.table(
        client.sql("SELECT ? AS a, ? AS b, ?::DATE AS c, ? AS d", [1, "it's", "2024-01-01", None])
    ).to_pylist()[0]
    assert (row["a"], row["b"], str(row["c"]), row["d"]) == (1, "it's", "2024-01-01", None)
    assert code(post(server, "SELECT ?")) == (422, "invalid_argument")
    assert code(post(server, "SELECT ?", parameters=[[1]])) == (422, "invalid_argument")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELEC 1", (400, "syntax_error")),
        ("", (400, "syntax_error")),
        ("-- nothing", (400, "syntax_error")),
        ("SELECT * FROM nowhere", (404, "unknown_name")),
        ("SELECT * FROM buffers.nowhere", (404, "unknown_name")),
        ("SELECT nothing FROM files.flights3m", (422, "unknown_column")),
        ("SELECT 'x'::INTEGER", (422, "type_mismatch")),
        ("SELECT * FROM read_csv('/etc/passwd')", (403, "permission_denied")),
        ("COPY (SELECT 1) TO '/tmp/headrace-sql-test.csv'", (403, "permission_denied")),
        ("ATTACH '/tmp/headrace-sql-test.db'", (403, "permission_denied")),
    ],
)
def test_failures(server: ServerProcess, sql: str, expected: tuple[int, str]) -> None:
    answer = post(server, sql)
    assert code(answer) == expected, answer.text


def test_a_syntax_error_has_its_place(client: hr.Client) -> None:
    with pytest.raises(hr.SqlSyntaxError) as refused:
        client.sql("SELECT 1\n FROM FROM x")
    assert refused.value.location[:2] == ("sql", "2")


def test_allowed_directories(server: ServerProcess, client: hr.Client) -> None:
    path = server.allowed / "out.parquet"  # type: ignore[attr-defined]
    client.sql(f"COPY (SELECT 42 AS x) TO '{path}'")
    assert pl.read_parquet(path)["x"].to_list() == [42]
    assert pa.table(client.sql(f"SELECT x FROM '{path}'"))["x"].to_pylist() == [42]


def test_timeout_and_leaving_end_the_work(server: ServerProcess, client: hr.Client) -> None:
    with pytest.raises(hr.Timeout):
        client.sql(ENDLESS, timeout=0.2)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{server.url}/v1/sql", json={"sql": ENDLESS}, timeout=0.3)
    deadline = time.monotonic() + 20
    while cpu_seconds(server, 0.3) > 0.1:
        assert time.monotonic() < deadline, "the statement goes on without its client"
    assert pa.table(client.sql("SELECT 1 AS a"))["a"].to_pylist() == [1]


def cpu_seconds(server: ServerProcess, during: float) -> float:
    def used() -> int:
        fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = used()
    time.sleep(during)
    return (used() - before) / 100


def test_the_first_rows_come_before_the_last_exist(server: ServerProcess) -> None:
    body = {"sql": "SELECT i FROM range(100000000000) r(i)"}
    with httpx.stream("POST", f"{server.url}/v1/query/arrow", json=body, timeout=30) as answer:
        assert answer.headers["x-column-count"] == "1"
        got = 0
        for piece in answer.iter_raw():
            got += len(piece)
            if got > 1 << 20:
                break


def test_writers_lose_nothing(server: ServerProcess, client: hr.Client) -> None:
    client.sql("CREATE TABLE counted (id INTEGER PRIMARY KEY, n INTEGER)")
    client.sql("INSERT INTO counted VALUES (1, 0)")

    def write(k: int) -> None:
        update = "UPDATE counted SET n = n + 1 WHERE id = 1"
        with hr.Client(server.url) as own:
            own.sql(f"BEGIN; {update}; COMMIT" if k % 2 else update)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(80)))
    assert pa.table(client.sql("SELECT n FROM counted"))["n"].to_pylist() == [80]
    with pytest.raises(hr.ConstraintViolation):
        client.sql("INSERT INTO counted VALUES (1, 1)")
    client.sql("DROP TABLE counted")


def test_a_window_is_read_while_it_is_written(client: hr.Client) -> None:
    window = client.buffer("sql-busy", create=True, window_size=1000)
    stop = threading.Event()

    def write() -> None:
        k = 0
        while not stop.is_set():
            window.append([{"k": k + j, "same": k} for j in range(10)])
            k += 10

    writer = threading.Thread(target=write)
    writer.start()
    try:
        deadline = time.monotonic() + 30
        while window.size < 1000 and time.monotonic() < deadline:
            time.sleep(0.01)
        for _ in range(20):
            sql = 'SELECT count(*) AS n, max(k) - min(k) AS r FROM buffers."sql-busy"'
            (row,) = pa.table(client.sql(sql)).to_pylist()
            assert row == {"n": 1000, "r": 999}, "a snapshot has rows side by side"
    finally:
        stop.set()
        writer.join(30)
    client.delete("sql-busy")


def test_tables_survive_a_restart_and_a_kill(
    start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    database = tmp_path / "kept.duckdb"
    first = start_server("--database", str(database))
    with hr.Client(first.url) as client:
        client.sql("CREATE TABLE kept AS SELECT i FROM range(1000) r(i)")
    first.stop()
    second = start_server("--database", str(database))
    with hr.Client(second.url) as client:
        client.sql("INSERT INTO kept VALUES (1000)")
        threading.Timer(0.2, lambda: second.send(signal.SIGKILL)).start()
        with pytest.raises(hr.HeadraceError):
            while True:
                client.sql("INSERT INTO kept SELECT 5 FROM range(100000)")
    second.process.wait(30)
    third = start_server("--database", str(database), "--read-only")
    with hr.Client(third.url) as client:
        sql = "SELECT count(*) FILTER (i <> 5) AS a, count(*) FILTER (i = 5) AS b FROM kept"
        (row,) = pa.table(client.sql(sql)).to_pylist()
        assert row["a"] == 1000
        assert row["b"] % 100_000 == 1, "half an insert is there"
        with pytest.raises(hr.PermissionDenied):
            client.sql("INSERT INTO kept VALUES (2000)")
