"""Sessions of the PostgreSQL protocol: errors, tags, settings, cancelling, portals, COPY."""

from __future__ import annotations

import struct
import threading
from typing import Any

import pytest
from pg_clients import SLOW, PgServer, RawPgClient

psycopg2 = pytest.importorskip("psycopg2")
psycopg = pytest.importorskip("psycopg")

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
    pg_connection: Any, sql: str, state: str, position: str | None
) -> None:
    cursor = pg_connection.cursor()
    cursor.execute("CREATE TABLE IF NOT EXISTS keyed (i INTEGER PRIMARY KEY)")
    cursor.execute("INSERT INTO keyed VALUES (1) ON CONFLICT DO NOTHING")
    with pytest.raises(psycopg2.Error) as refused:
        cursor.execute(sql)
    assert refused.value.pgcode == state
    assert refused.value.diag.statement_position == position
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)


def test_row_counts_and_tags(pg_connection: Any) -> None:
    cursor = pg_connection.cursor()
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
