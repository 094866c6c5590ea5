"""Tables, timing and the place of the programs under test."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("HEADRACE_BENCH_BUILD", ROOT / "build" / "bench"))


class Report:
    """Collects figures by name, prints tables, remembers wrong answers."""

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self.figures: dict[str, Any] = {}
        self.failures: list[str] = []

    def table(self, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        print(f"### {title}\n")
        print("| " + " | ".join(header) + " |")
        print("|" + "---|" * len(header))
        for row in rows:
            print("| " + " | ".join(row) + " |")
        print(flush=True)

    def check(self, what: str, right: bool) -> None:
        if not right:
            self.failures.append(what)


def machine() -> str:
    model = platform.processor()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def median_seconds(once: Callable[[], object], rounds: int) -> float:
    """The median of `rounds` runs, after one that is not counted."""
    once()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        once()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def interleaved_seconds(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Medians of several contenders run in turn, so that a machine that drifts drifts for all."""
    for once in runs.values():
        once()
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, once in runs.items():
            start = time.perf_counter()
            once()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in taken.items()}


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
