"""What SQL's values and parameters become in the PostgreSQL protocol, as text and in binary."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from pg_clients import PgServer

psycopg = pytest.importorskip("psycopg")

UUID = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
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
def test_psycopg2_reads_the_text(pg_connection: Any, sql: str, value: object, oid: int) -> None:
    cursor = pg_connection.cursor()
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
