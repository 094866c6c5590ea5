"""The PostgreSQL protocol with the clients that people use."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import subprocess
from decimal import Decimal
from typing import Any

import pytest
from pg_clients import PgServer

asyncpg = pytest.importorskip("asyncpg")
sqlalchemy = pytest.importorskip("sqlalchemy")


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
