"""The scan beside Polars' streaming engine, DuckDB and pyarrow, and above its floor.

The floor of a query is the time in which parquet-cpp's page reader reads and decompresses, with as
many threads, the pages that the query has to touch.
"""

from __future__ import annotations

import json
import pickle
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
from contenders import CONTENDERS, THREADS, Answer, Query
from report import BUILD, Report, interleaved_seconds
from scan_queries import queries

import headrace as hr

ALLOWANCE = 96 << 20  # resident beside the memory limit
LIMITS = {"256MB": 256_000_000, "64MB": 64_000_000}
CAPPED = ("all", "key", "group", "range")


def run(report: Report) -> None:
    rows = datasets.tick_rows(report)
    asked = queries(rows, datasets.lineitem(report))
    _uncapped(report, asked, rounds=3)
    _capped(report, asked, rounds=3)
    _large_row_group(report)
    _first_rows(report, rows)
    _one_column(report, rows)


def _uncapped(report: Report, asked: dict[str, Query], rounds: int) -> None:
    table = []
    for name, query in asked.items():
        taken = _timed(report, name, query, rounds)
        report.figures[f"scan_{name}"] = taken
        peers = {who: s for who, s in taken.items() if who not in ("headrace", "floor")}
        fastest = min(peers, key=lambda who: peers[who])
        ours = taken["headrace"]
        table.append(
            [
                query.title,
                *(_ms(taken[who]) if who in taken else "" for who in CONTENDERS),
                f"{peers[fastest] / ours:.2f} ({fastest})",
                _ms(taken["floor"]),
                f"{ours / taken['floor']:.2f}",
            ]
        )
    header = ["query", *(f"{who} ms" for who in CONTENDERS)]
    header += ["fastest peer ÷ headrace", "floor ms", "headrace ÷ floor"]
    report.table(f"Scan: {THREADS} threads, files in the page cache", header, table)


def _timed(report: Report, name: str, query: Query, rounds: int) -> dict[str, float]:
    """Medians of the contenders, and of the floor, in turn; the first round is not counted."""
    contenders = [
        who
        for who in CONTENDERS
        if who not in query.without and not (who == "pyarrow" and query.aggregates)
    ]
    taken: dict[str, list[float]] = {who: [] for who in [*contenders, "floor"]}
    answers: dict[str, Answer] = {}
    for number in range(rounds + 1):
        for who in contenders:
            start = time.perf_counter()
            answers[who] = CONTENDERS[who](query)
            if number > 0:
                taken[who].append(time.perf_counter() - start)
        taken["floor"].append(_floor(query))
    for who, answer in answers.items():
        right = _same(answer, answers["headrace"])
        report.check(f"scan {name}: {who} {answer}, headrace {answers['headrace']}", right)
    medians = {who: statistics.median(each) for who, each in taken.items()}
    print(f"bench: {query.title}: {medians}", file=sys.stderr, flush=True)
    return medians


def _capped(report: Report, asked: dict[str, Query], rounds: int) -> None:
    table = []
    for name in CAPPED:
        query = asked[name]
        free = [_child(query, None) for _ in range(rounds)]
        without = statistics.median(each["seconds"] for each in free)
        cells = [query.title, _ms(without)]
        for limit, limit_bytes in LIMITS.items():
            runs = [_child(query, limit) for _ in range(rounds)]
            taken = statistics.median(each["seconds"] for each in runs)
            peak = max(each["peak_bytes"] for each in runs)
            report.figures[f"scan_{name}_{limit}"] = {"seconds": taken, "peak_bytes": peak}
            report.check(
                f"scan {name} under {limit}: {runs[0]['answer']}, else {free[0]['answer']}",
                _same(runs[0]["answer"], free[0]["answer"]),
            )
            within = peak <= limit_bytes + ALLOWANCE
            report.check(f"scan {name} under {limit}: {peak >> 20} MiB resident", within)
            cells += [f"{taken / without:.2f}", f"{peak / 2**20:.0f}"]
        table.append(cells)
    header = ["query", "no limit ms"]
    for limit in LIMITS:
        header += [f"{limit}: × that", "peak MiB"]
    report.table("Scan under a limit, whole interpreters seen from outside", header, table)


def _large_row_group(report: Report) -> None:
    path = datasets.one_group(3_000_000 if report.quick else 30_000_000)
    query = Query("", path, total="a")
    title = "one row group of all rows, all columns"
    table = []
    for who, limit in (
        ("headrace", "64MB"),
        ("headrace", None),
        ("polars", None),
        ("duckdb", None),
    ):
        measured = _child(query, limit, who)
        table.append(
            [
                f"{who}{f', {limit}' if limit else ''}",
                _ms(measured["seconds"]),
                f"{measured['peak_bytes'] / 2**20:.0f}",
            ]
        )
        report.figures[f"one_group_{who}_{limit}"] = measured
    report.table(f"Scan: {title}", ["", "ms", "peak MiB"], table)


def _first_rows(report: Report, rows: int) -> None:
    ticks = datasets.ticks(rows)
    many = datasets.many_files(1_000)

    def first() -> None:
        with hr.scan(ticks) as scan:
            assert sum(batch.num_rows for batch in scan.limit(10)) == 10

    def all_files() -> None:
        with hr.scan(many) as scan:
            assert sum(batch.num_rows for batch in scan) == 1_000_000

    taken = interleaved_seconds({"first": first, "files": all_files}, 11)
    report.figures["scan_first_rows"] = taken
    table = [
        ["opening the ticks, 10 rows", f"{1e3 * taken['first']:.2f}", "≤ 3"],
        ["1,000 files of 1,000 rows", f"{1e3 * taken['files']:.0f}", "≤ 250"],
    ]
    report.table("Scan: short work", ["", "ms", "goal"], table)


def _one_column(report: Report, rows: int) -> None:
    """Decoding and adding up a column of numbers, in a file in which little is to be unpacked."""
    path = datasets.plain(rows // 4)
    with hr.scan(path, max_concurrent=1) as scan:
        total = scan.agg("sum(value) as total")

        def once() -> None:
            pa.RecordBatchReader.from_stream(total).read_all()

        taken = interleaved_seconds({"sum": once}, 7)["sum"]
    rate = 8 * (rows // 4) / taken / 1e9
    report.figures["scan_one_column_gb_s"] = rate
    row = ["decode and sum of doubles, one core, not compressed", f"{rate:.2f}", "≥ 1.8"]
    report.table("Scan: one numeric column", ["", "GB/s", "goal"], [row])


def _floor(query: Query) -> float:
    command = [str(BUILD / "bench" / "page_floor"), str(query.path), str(THREADS), "1"]
    measured = subprocess.run(
        [*command, *query.floor_arguments], check=True, capture_output=True, text=True
    )
    return float(measured.stdout)


def _child(query: Query, limit: str | None, who: str = "headrace") -> dict[str, Any]:
    """The query in a process of its own."""
    plain = replace(query, polars_where=None, arrow_where=None)
    command = [sys.executable, str(Path(__file__).parent / "scan_child.py"), who, limit or ""]
    measured = subprocess.run(
        [*command, pickle.dumps(plain).hex()], check=True, capture_output=True, text=True
    )
    answer: dict[str, Any] = json.loads(measured.stdout)
    return answer


def _same(one: Answer, other: Answer) -> bool:
    return len(one) == len(other) and all(
        abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1.0) for a, b in zip(one, other, strict=True)
    )


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:,.0f}" if seconds >= 0.1 else f"{1e3 * seconds:.1f}"
