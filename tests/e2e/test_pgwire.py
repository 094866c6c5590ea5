"""The PostgreSQL protocol with the clients that people use, and with bytes that no client sends."""

from __future__ import annotations

import asyncio
import concurrent.futures
import datetime as dt
import random
import shutil
import struct
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pg_clients import PgServer, RawPgClient, wait_until

psycopg2 = pytest.importorskip("psycopg2")
psycopg = pytest.importorskip("psycopg")
asyncpg = pytest.importorskip("asyncpg")
sqlalchemy = pytest.importorskip("sqlalchemy")

SLOW = "SELECT sum(a.range * b.range) FROM range(3000000) a, range(300000) b"
UUID = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


@pytest.fixture(scope="module")
def pg(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgServer]:
    server = PgServer(tmp_path_factory.mktemp("pg"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def connection(pg: PgServer) -> Iterator[Any]:
    opened = psycopg2.connect(pg.dsn)
    opened.autocommit = True
    yield opened
    opened.close()


VALUES = [
    ("true", True, 16),
    ("12::TINYINT", 12, 21),
    ("200::UTINYINT", 200, 21),
    ("-5::SMALLINT", -5, 21),
    ("4000000000::UINTEGER", 4_000_000_000, 20),
    ("1", 1, 23),
    ("1::BIGINT", 1, 20),
    ("18446744073709551615::UBIGINT", Decimal(18446744073709551615), 1700),
    ("170141183460469231731687303715884105727::HUGEINT", Decimal(2**127 - 1), 1700),
    ("-1.50::DECIMAL(9,2)", Decimal("-1.50"), 1700),
    ("0.1::DOUBLE", 0.1, 701),
    ("'infinity'::DOUBLE", float("inf"), 701),
    ("1.5::FLOAT", 1.5, 700),
    ("'héé'", "héé", 25),
    ("DATE '2024-02-29'", dt.date(2024, 2, 29), 1082),
    ("TIME '10:20:30.5'", dt.time(10, 20, 30, 500_000), 1083),
    ("TIMESTAMP '1969-12-31 23:59:59.5'", dt.datetime(1969, 12, 31, 23, 59, 59, 500_000), 1114),
    (
        "TIMESTAMPTZ '2024-01-01 12:00:00+00'",
        dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC),
        1184,
    ),
    ("INTERVAL '2 days 3 hours'", dt.timedelta(days=2, hours=3), 1186),
    ("[1, NULL, 3]", [1, None, 3], 1007),
    ("['a b', '\"', '']", ["a b", '"', ""], 1009),
    ("{'a': [{'b': 'x'}], 'c': NULL}", {"a": [{"b": "x"}], "c": None}, 114),
    ("MAP {'k': 1.5::DOUBLE}", {"k": 1.5}, 114),
    ("[[1], [2, 3]]", [[1], [2, 3]], 114),
    ("'w'::ENUM('q', 'w')", "w", 25),
    ("'{\"a\":1}'::JSON", {"a": 1}, 114),
    ("NULL", None, 23),
]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize(("sql", "value", "oid"), VALUES, ids=[v[0] for v in VALUES])
def test_a_value_comes_as_its_type(
    pg: PgServer, sql: str, value: object, oid: int, binary: bool
) -> None:
    with psycopg.connect(pg.dsn, autocommit=True) as opened:
        cursor = opened.cursor(binary=binary)
        row = cursor.execute(f"SELECT {sql} AS v").fetchone()
        assert row == (value,)
        assert cursor.description[0].type_code == oid


@pytest.mark.parametrize(("sql", "value", "oid"), VALUES, ids=[v[0] for v in VALUES])
def test_psycopg2_reads_the_text(connection: Any, sql: str, value: object, oid: int) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SELECT {sql} AS v")
    assert cursor.fetchone() == (value,)
    assert cursor.description[0].type_code == oid


def test_bytes_and_uuids(pg: PgServer) -> None:
    with psycopg.connect(pg.dsn, autocommit=True) as opened:
        for binary in (False, True):
            cursor = opened.cursor(binary=binary)
            row = cursor.execute(f"SELECT '\\x00\\xFF'::BLOB, '{UUID}'::UUID").fetchone()
            assert row == (b"\x00\xff", UUID)


def test_parameters_of_psycopg(pg: PgServer) -> None:
    values = (
        5,
        2**40,
        "it's",
        dt.date(2024, 1, 2),
        dt.datetime(2024, 1, 2, 3, 4, 5, 6),
        Decimal("1.25"),
        [1, 2, None],
        UUID,
        True,
        1.5,
        None,
    )
    sql = "SELECT " + ", ".join(["{0}"] * len(values))
    with psycopg.connect(pg.dsn, autocommit=True) as opened:
        assert opened.execute(sql.replace("{0}", "%s"), values).fetchone() == values
        assert opened.execute(sql.replace("{0}", "%b"), values).fetchone() == values
        opened.execute("CREATE TABLE given (i INTEGER, s VARCHAR, t TIMESTAMP, b BLOB)")
        rows = [(i, f"s{i}", dt.datetime(2024, 1, 1) + dt.timedelta(hours=i), bytes([i, 255]))
                for i in range(50)]  # fmt: skip
        opened.cursor().executemany("INSERT INTO given VALUES (%s, %s, %s, %s)", rows)
        assert opened.execute("SELECT * FROM given ORDER BY i").fetchall() == rows
        assert opened.execute("SELECT s FROM given WHERE t = %s", (rows[7][2],)).fetchone() == (
            "s7",
        )


ERRORS = [
    ("SELEC 1", "42601", "1"),
    ("SELECT 'é', *\nFROM nope", "42P01", "20"),
    ("SELECT nope", "42703", "8"),
    ("SELECT no_such_function(1)", "42883", "8"),
    ("SELECT 'x'::INTEGER", "22P02", "11"),
    ("SELECT 100::TINYINT * 100::TINYINT", "22003", None),
    ("INSERT INTO keyed VALUES (1)", "23505", None),
    ("INSERT INTO keyed VALUES (NULL)", "23502", None),
    ("CREATE TABLE keyed (i INTEGER)", "42P07", None),
    ("CREATE SCHEMA main", "42P06", None),
    ("SET no_such_setting = 1", "42704", None),
    ("SAVEPOINT a", "0A000", None),
    ("SELECT 1; SELECT * FROM nope", "42P01", "25"),
    ("COPY keyed TO 'file.csv'", "42501", None),
]


@pytest.mark.parametrize(("sql", "state", "position"), ERRORS, ids=[e[0] for e in ERRORS])
def test_errors_have_a_state_and_a_place(
    connection: Any, sql: str, state: str, position: str | None
) -> None:
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE IF NOT EXISTS keyed (i INTEGER PRIMARY KEY)")
    cursor.execute("INSERT INTO keyed VALUES (1) ON CONFLICT DO NOTHING")
    with pytest.raises(psycopg2.Error) as refused:
        cursor.execute(sql)
    assert refused.value.pgcode == state
    assert refused.value.diag.statement_position == position
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)


def test_row_counts_and_tags(connection: Any) -> None:
    cursor = connection.cursor()
    tags = []
    for sql in (
        "CREATE TABLE counted (i INTEGER)",
        "INSERT INTO counted SELECT * FROM range(5)",
        "UPDATE counted SET i = i + 1 WHERE i > 2",
        "DELETE FROM counted WHERE i = 0",
        "INSERT INTO counted VALUES (9) RETURNING i",
        "SELECT * FROM counted",
        "SET hatidata_request_id = 'r'",
        "BEGIN",
        "COMMIT",
        "DROP TABLE counted",
    ):
        cursor.execute(sql)
        tags.append((cursor.statusmessage, cursor.rowcount))
    assert tags == [
        ("CREATE TABLE", -1),
        ("INSERT 0 5", 5),
        ("UPDATE 2", 2),
        ("DELETE 1", 1),
        ("INSERT 0 1", 1),
        ("SELECT 5", 5),
        ("SET", -1),
        ("BEGIN", -1),
        ("COMMIT", -1),
        ("DROP TABLE", -1),
    ]


def test_a_failed_transaction_has_to_be_rolled_back(pg: PgServer) -> None:
    with psycopg.connect(pg.dsn) as opened:
        opened.execute("CREATE TABLE undone (i INTEGER)")
        with pytest.raises(psycopg.errors.UndefinedTable):
            opened.execute("SELECT * FROM nope")
        assert opened.info.transaction_status.name == "INERROR"
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            opened.execute("SELECT 1")
        opened.rollback()
        assert opened.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(psycopg.errors.UndefinedTable):
            opened.execute("SELECT * FROM undone")
        opened.rollback()


def test_settings(pg: PgServer) -> None:
    options = "-c hatidata_agent_id=a\\ b -c statement_timeout=30000"
    opened = psycopg2.connect(pg.dsn, options=options, application_name="a test")
    opened.autocommit = True
    cursor = opened.cursor()
    shown = {}
    for name in ("hatidata_agent_id", "statement_timeout", "application_name", "server_version"):
        cursor.execute(f"SHOW {name}")
        shown[name] = cursor.fetchone()[0]
    assert shown == {
        "hatidata_agent_id": "a b",
        "statement_timeout": "30000",
        "application_name": "a test",
        "server_version": "15.0",
    }
    assert opened.get_parameter_status("integer_datetimes") == "on"
    cursor.execute("SET statement_timeout = 100")
    with pytest.raises(psycopg2.errors.QueryCanceled):
        cursor.execute(SLOW)
    opened.close()


def test_cancel_ends_what_runs(pg: PgServer) -> None:
    opened = psycopg2.connect(pg.dsn)
    opened.autocommit = True
    timer = threading.Timer(0.3, opened.cancel)
    timer.start()
    with pytest.raises(psycopg2.errors.QueryCanceled):
        opened.cursor().execute(SLOW)
    timer.join()
    cursor = opened.cursor()
    cursor.execute("SELECT 42")
    assert cursor.fetchone() == (42,)
    opened.close()


def test_a_wrong_key_cancels_nothing(pg: PgServer) -> None:
    client = RawPgClient(pg.pg_port, start=False)
    client.send_startup(b"user\0raw\0\0")
    key = next(body for kind, body in client.until(b"Z") if kind == b"K")
    process, secret = struct.unpack("!II", key)
    client.send(b"Q", b"SELECT count(*) FROM range(200000000) WHERE range % 7 = 3\0")
    wrong = RawPgClient(pg.pg_port, start=False)
    wrong.send_startup(struct.pack("!II", process, secret ^ 1), code=80877102)
    assert wrong.read() is None
    wrong.close()
    assert b"D" in [kind for kind, _ in client.until(b"Z")]
    client.close()


def test_asyncpg(pg: PgServer) -> None:
    async def talk() -> list[Any]:
        opened = await asyncpg.connect(
            host="127.0.0.1", port=pg.pg_port, user="a", database="b", timeout=10
        )
        seen = [
            tuple(
                await opened.fetchrow(
                    "SELECT $1::INTEGER, $2::VARCHAR, $3::TIMESTAMP, $4::DECIMAL(9,2), $5::INT[]",
                    1,
                    "a",
                    dt.datetime(2024, 1, 1),
                    Decimal("2.50"),
                    [1, None],
                )
            )
        ]
        async with opened.transaction():
            seen.append([r[0] async for r in opened.cursor("SELECT * FROM range(10)", prefetch=3)])
        with pytest.raises(asyncpg.UndefinedTableError):
            await opened.fetch("SELECT * FROM nope")
        await opened.reset()
        seen.append(await opened.fetchval("SELECT 7"))
        await opened.close()
        return seen

    assert asyncio.run(asyncio.wait_for(talk(), 60)) == [
        (1, "a", dt.datetime(2024, 1, 1), Decimal("2.50"), [1, None]),
        list(range(10)),
        7,
    ]


def test_portals_give_rows_bit_by_bit_while_others_run(pg: PgServer) -> None:
    client = RawPgClient(pg.pg_port)
    client.query("BEGIN")
    client.send(b"P", b"s\0SELECT * FROM range(10)\0\0\0")
    client.send(b"B", b"p\0s\0\0\0\0\0\0\0")
    rows = 0
    for _ in range(3):
        client.send(b"E", b"p\0" + struct.pack("!I", 4))
        client.send(b"S")
        kinds = [kind for kind, _ in client.until(b"Z")]
        rows += kinds.count(b"D")
        assert (b"s" in kinds) == (rows < 10)
        assert b"D" in [kind for kind, _ in client.query("SELECT 'in between'")]
    assert rows == 10
    client.send(b"E", b"nope\0\0\0\0\0")
    client.send(b"E", b"p\0\0\0\0\0")
    client.send(b"S")
    kinds = [kind for kind, _ in client.until(b"Z")]
    assert kinds == [b"E", b"Z"]  # what follows an error is skipped
    client.close()


def test_copy_both_ways(pg: PgServer) -> None:
    with psycopg.connect(pg.dsn, autocommit=True) as opened:
        opened.execute("CREATE TABLE copied (i INTEGER, s VARCHAR)")
        rows = [(i, None if i % 3 == 0 else f"a\t{i}\n\\") for i in range(2000)]
        with opened.cursor().copy("COPY copied (i, s) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        assert opened.execute("SELECT * FROM copied ORDER BY i").fetchall() == rows
        for options in ("", "(FORMAT binary)"):
            sql = f"COPY (SELECT * FROM copied ORDER BY i) TO STDOUT {options}"
            with opened.cursor().copy(sql) as copy:
                copy.set_types(["int4", "text"])
                assert list(copy.rows()) == rows
        with opened.cursor().copy("COPY copied TO STDOUT (FORMAT csv, HEADER)") as copy:
            assert b"".join(copy).startswith(b'i,s\n0,\n1,"a\t1\n')
        with (
            pytest.raises(psycopg.errors.InvalidTextRepresentation),
            opened.cursor().copy("COPY copied FROM STDIN (FORMAT csv)") as copy,
        ):
            copy.write(b"1,ok\nx,bad\n")
        assert opened.execute("SELECT count(*) FROM copied").fetchone() == (2000,)


def test_sqlalchemy(pg: PgServer) -> None:
    engine = sqlalchemy.create_engine(f"postgresql+psycopg2://a@127.0.0.1:{pg.pg_port}/x")
    with engine.begin() as opened:
        opened.execute(sqlalchemy.text("CREATE TABLE alchemy (i INTEGER, n VARCHAR)"))
        opened.execute(
            sqlalchemy.text("INSERT INTO alchemy VALUES (:i, :n)"),
            [{"i": 1, "n": "x"}, {"i": 2, "n": None}],
        )
    with engine.connect() as opened:
        rows = opened.execute(sqlalchemy.text("SELECT * FROM alchemy ORDER BY i")).fetchall()
        assert rows == [(1, "x"), (2, None)]
        assert "alchemy" in sqlalchemy.inspect(engine).get_table_names(schema="main")
    engine.dispose()


def test_the_agent_of_hatidata(pg: PgServer) -> None:
    hatidata = pytest.importorskip("hatidata_agent")
    with hatidata.HatiDataAgent(host="127.0.0.1", port=pg.pg_port, agent_id="me") as agent:
        agent.execute("CREATE TABLE sensed (i INTEGER, v DOUBLE)")
        assert agent.execute("INSERT INTO sensed SELECT i, i / 2 FROM range(5) t(i)") == 5
        assert agent.query("SELECT * FROM sensed WHERE i = %s", (3,)) == [{"i": 3, "v": 1.5}]
        memory = agent.store_memory("the pump runs hot")
        assert [m["content"] for m in agent.search_memory("pump")] == ["the pump runs hot"]
        assert agent.delete_memory(memory)
        with agent.reasoning_chain("r-1") as chain:
            assert chain.query("SELECT 1 AS one", step=1) == [{"one": 1}]


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")
def test_psql(pg: PgServer) -> None:
    def psql(*commands: str) -> str:
        arguments = [part for command in commands for part in ("-c", command)]
        done = subprocess.run(
            ["psql", "-X", "-A", "-t", pg.dsn, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    assert psql("SELECT 1, 'x'") == "1|x\n"
    made = psql("CREATE TABLE shown (i INTEGER, name VARCHAR)", r"\dt", r"\d", r"\dn")
    assert "main|shown|table" in made


BAD_BYTES = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff\0\0\0\0",
    struct.pack("!II", 8, 0x20000),
    struct.pack("!II", 9, 196608) + b"x",
]
BAD_MESSAGES = [
    b"Q\xff\xff\xff\xff",
    b"Q\0\0\0\3",
    b"Q\x7f\xff\xff\xff",
    b"?\0\0\0\4",
    b"p\0\0\0\5\0",
]


@pytest.mark.parametrize("bad", BAD_BYTES + BAD_MESSAGES)
def test_bad_bytes_end_their_connection_only(pg: PgServer, connection: Any, bad: bytes) -> None:
    client = RawPgClient(pg.pg_port, start=bad in BAD_MESSAGES)
    client.socket.sendall(bad)
    message = client.read()
    assert message is None or message[0] == b"E"
    while client.read() is not None:
        pass
    client.close()
    cursor = connection.cursor()
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)


def test_contents_that_do_not_fit_are_an_error_and_no_end(pg: PgServer) -> None:
    client = RawPgClient(pg.pg_port)
    for kind, body in [(b"P", b"no end"), (b"B", b"\0\0\0\1\0\7"), (b"E", b""), (b"D", b"Xname\0")]:
        client.send(kind, body)
        client.send(b"S")
        messages = client.until(b"Z")
        assert [m[0] for m in messages] == [b"E", b"Z"]
        assert b"C08P01" in messages[0][1]
    assert b"D" in [kind for kind, _ in client.query("SELECT 1")]
    client.close()


def test_random_bytes_leave_the_server_well(pg: PgServer, connection: Any) -> None:
    generator = random.Random(7)
    seed = (
        b"P\0\0\0\x12s\0SELECT 1\0\0\0"
        + b"B\0\0\0\x0c\0s\0\0\0\0\0\0"
        + b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\4"
    )
    for _ in range(200):
        client = RawPgClient(pg.pg_port)
        data = bytearray(seed)
        for _ in range(generator.randrange(1, 6)):
            data[generator.randrange(len(data))] = generator.randrange(256)
        client.socket.sendall(bytes(data))
        client.close()
    cursor = connection.cursor()
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)


def test_who_vanishes_stops_what_it_asked_for(pg: PgServer) -> None:
    def cpu_seconds() -> float:
        fields = Path(f"/proc/{pg.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    for _ in range(5):
        client = RawPgClient(pg.pg_port)
        client.send(b"Q", SLOW.encode() + b"\0")
        client.close()

    def is_quiet() -> bool:
        before = cpu_seconds()
        time.sleep(0.5)
        return cpu_seconds() - before < 0.1

    wait_until(is_quiet, 20)


def test_a_client_that_takes_nothing_is_not_gathered_for(pg: PgServer) -> None:
    before = pg.peak_rss_bytes()
    client = RawPgClient(pg.pg_port)
    client.send(b"Q", b"SELECT repeat('x', 1000) FROM range(1000000)\0")
    with psycopg2.connect(pg.dsn) as other, other.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM range(1000)")
        assert cursor.fetchone() == (1000,)
    time.sleep(0.5)  # what it could gather in, if it did
    assert pg.peak_rss_bytes() - before < 300 << 20
    client.close()


def test_too_many_clients_are_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = PgServer(tmp_path_factory.mktemp("few"), "--pg-connections", "2")
    server.start()
    opened = [psycopg2.connect(server.dsn) for _ in range(2)]
    with pytest.raises(psycopg2.OperationalError, match="too many clients"):
        psycopg2.connect(server.dsn)
    opened.pop().close()
    wait_until(lambda: _connects(server.dsn), 10)
    assert server.stop() < 10  # clients that wait are no reason to wait for
    for left in opened:
        left.close()


def _connects(dsn: str) -> bool:
    try:
        psycopg2.connect(dsn).close()
    except psycopg2.OperationalError:
        return False
    return True


def test_read_only_and_a_file_that_lasts(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("file")
    file = folder / "data.db"
    server = PgServer(folder / "first", "--database", str(file))
    server.start()
    with psycopg.connect(server.dsn, autocommit=True) as opened:
        opened.execute("CREATE TABLE kept AS SELECT * FROM range(7) t(i)")
    server.stop()
    server = PgServer(folder / "second", "--database", str(file), "--read-only")
    server.start()
    with psycopg.connect(server.dsn, autocommit=True) as opened:
        assert opened.execute("SELECT count(*) FROM kept").fetchone() == (7,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            opened.execute("DELETE FROM kept")
    server.stop()


def test_many_clients_lose_nothing(pg: PgServer) -> None:
    with psycopg.connect(pg.dsn, autocommit=True) as opened:
        opened.execute("CREATE TABLE shared (worker INTEGER, i INTEGER)")
    rounds = 20

    def work(number: int) -> int:
        written = 0
        with psycopg.connect(pg.dsn, autocommit=True) as own:
            for i in range(rounds):
                with own.transaction():
                    own.execute("INSERT INTO shared VALUES (%s, %s)", (number, i))
                    seen = own.execute(
                        "SELECT count(*) FROM shared WHERE worker = %s", (number,)
                    ).fetchone()
                written += 1
                assert seen == (written,)
                if i % 5 == number % 5:
                    timer = threading.Timer(0.05, own.cancel)
                    timer.start()
                    with pytest.raises(psycopg.errors.QueryCanceled):
                        own.execute(SLOW)
                    timer.join()
        return written

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        written = sum(pool.map(work, range(16), timeout=120))
    with psycopg.connect(pg.dsn, autocommit=True) as opened:
        assert opened.execute("SELECT count(*) FROM shared").fetchone() == (written,)
        assert written == 16 * rounds
