"""Walks a file ten times larger than its memory limit, and draws what that took of memory.

    python examples/bounded_scan.py --limit 64MB --picture bounded-scan.svg

Makes the file (in a temporary folder), reads it in three ways under the limit, and samples the
resident memory of this process fifty times a second from a thread. The picture shows the samples
and the limit.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import headrace as hr

ROW_BYTES = 32
GROUP_ROWS = 500_000
TIMES_LARGER = 10


def make_file(path: Path, size: int) -> int:
    """Random numbers, which no compression makes smaller; returns the rows."""
    random = np.random.default_rng(1)
    rows = size // ROW_BYTES
    schema = pa.schema({"id": pa.int64(), "key": pa.int64(), "x": pa.float64(), "y": pa.float64()})
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for begin in range(0, rows, GROUP_ROWS):
            count = min(GROUP_ROWS, rows - begin)
            columns = [
                np.arange(begin, begin + count),
                random.integers(0, 1_000, count),
                random.normal(size=count),
                random.normal(size=count),
            ]
            writer.write_table(pa.table(columns, schema=schema))
    return rows


def resident_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise KeyError("VmRSS")


@dataclass
class Curve:
    """Resident memory over time, sampled by a thread while it is entered."""

    seconds: list[float] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    marks: list[tuple[float, str]] = field(default_factory=list)
    _start: float = field(default_factory=time.monotonic)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Curve:
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def mark(self, text: str) -> None:
        self.marks.append((time.monotonic() - self._start, text))

    def _sample(self) -> None:
        while True:
            self.seconds.append(time.monotonic() - self._start)
            self.resident.append(resident_bytes())
            if self._stop.wait(0.02):
                return

    def svg(self, limit: int, file_bytes: int, before: int) -> str:
        """720 x 360, readable on light and dark pages."""
        width, height, left, right, top, bottom = 720, 360, 64, 16, 28, 40
        most = max(max(self.resident), limit + before) * 1.15
        span = max(self.seconds[-1], 1e-9)

        def x(seconds: float) -> float:
            return left + (width - left - right) * seconds / span

        def y(size: float) -> float:
            return height - bottom - (height - top - bottom) * size / most

        def line(size: float, text: str, color: str) -> str:
            return (
                f'<line x1="{left}" x2="{width - right}" y1="{y(size):.1f}" y2="{y(size):.1f}" '
                f'stroke="{color}" stroke-dasharray="5 4"/>'
                f'<text x="{width - right}" y="{y(size) - 6:.1f}" text-anchor="end" fill="{color}">'
                f"{text}</text>"
            )

        points = " ".join(
            f"{x(s):.1f},{y(r):.1f}" for s, r in zip(self.seconds, self.resident, strict=True)
        )
        marks = "".join(
            f'<line x1="{x(s):.1f}" x2="{x(s):.1f}" y1="{top}" y2="{height - bottom}" '
            f'stroke="#8884"/><text x="{x(s) + 4:.1f}" y="{height - bottom - 8}">{text}</text>'
            for s, text in self.marks
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="system-ui, sans-serif" font-size="12" fill="#777">'
            f'<text x="{left}" y="16" font-size="13">Resident memory while a file of '
            f"{file_bytes / 1e6:,.0f} MB is read under {limit / 1e6:,.0f} MB</text>"
            f"{line(before + limit, 'interpreter + limit', '#d9534f')}"
            f"{line(before, 'interpreter before', '#888')}"
            f"{marks}"
            f'<polyline points="{points}" fill="none" stroke="#2f7ed8" stroke-width="1.8"/>'
            f'<text x="{left - 6}" y="{y(0):.1f}" text-anchor="end">0</text>'
            f'<text x="{left - 6}" y="{y(most / 1.15):.1f}" text-anchor="end">'
            f"{most / 1.15 / 1e6:.0f} MB</text>"
            f'<text x="{left}" y="{height - 12}">0 s</text>'
            f'<text x="{width - right}" y="{height - 12}" text-anchor="end">{span:.1f} s</text>'
            f"</svg>\n"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--limit", default="64MB", help="of memory, such as 64MB")
    parser.add_argument("--picture", type=Path, help="write the curve as an SVG file")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.parquet"
        make_file(path, ROW_BYTES)
        with hr.scan(path, memory_limit=arguments.limit) as probe:
            limit = probe.memory_limit
        rows = make_file(path, TIMES_LARGER * limit)
        file_bytes = path.stat().st_size
        pa.default_memory_pool().release_unused()
        before = resident_bytes()
        with Curve() as curve:
            scan = hr.scan(path, memory_limit=arguments.limit)
            curve.mark("all rows")
            assert sum(batch.num_rows for batch in scan) == rows
            curve.mark("a filter")
            few = scan.filter("x > 3 and key < 10").count()
            curve.mark("groups")
            groups = scan.group_by("key").agg("mean(x), std(y), count(*)").collect()
    peak = max(curve.resident)
    print(f"file {file_bytes / 1e6:,.0f} MB, {rows:,} rows, limit {limit / 1e6:,.0f} MB")
    print(f"filter kept {few:,} rows; {groups.num_rows:,} groups")
    print(f"resident: {before / 1e6:.0f} MB before, {peak / 1e6:.0f} MB at most")
    if arguments.picture:
        arguments.picture.write_text(curve.svg(limit, file_bytes, before))
        print(f"picture: {arguments.picture}")


if __name__ == "__main__":
    main()
