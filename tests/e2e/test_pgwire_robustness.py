"""The PostgreSQL protocol with bytes that no client sends, and clients that vanish or crowd."""

from __future__ import annotations

import concurrent.futures
import random
import struct
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pg_clients import SLOW, PgServer, RawPgClient, wait_until

psycopg2 = pytest.importorskip("psycopg2")
psycopg = pytest.importorskip("psycopg")

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
def test_bad_bytes_end_their_connection_only(pg: PgServer, pg_connection: Any, bad: bytes) -> None:
    client = RawPgClient(pg.pg_port, start=bad in BAD_MESSAGES)
    client.socket.sendall(bad)
    message = client.read()
    assert message is None or message[0] == b"E"
    while client.read() is not None:
        pass
    client.close()
    cursor = pg_connection.cursor()
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


def test_random_bytes_leave_the_server_well(pg: PgServer, pg_connection: Any) -> None:
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
    cursor = pg_connection.cursor()
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
