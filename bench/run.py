"""Headrace beside its peers, in one run, with the answers checked.

usage: python bench/run.py [--quick] [--output FILE] [SECTION ...]

Sections: rolling, append, http, delivery, memory, live, scan, downsample, bars. Prints Markdown
tables as they stand in docs/performance.md; ratios are against the peer in the same run. Timings of
one machine mean little by themselves.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import append
import bars
import delivery
import downsample
import http_answers
import live
import memory
import rolling
import scan
from report import Report, machine

import headrace

SECTIONS = {
    "rolling": rolling.run,
    "append": append.run,
    "http": http_answers.run,
    "delivery": delivery.run,
    "memory": memory.run,
    "live": live.run,
    "scan": scan.run,
    "downsample": downsample.run,
    "bars": bars.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="smaller data, fewer rounds")
    parser.add_argument("--output", type=Path, help="write the figures as JSON too")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"no section {unknown[0]!r}; there are {', '.join(SECTIONS)}")

    built = Path(headrace.__file__).parent
    if not built.match("build/bench/python/headrace"):
        print(f"note: measuring {built}, not what `make bench` builds\n", file=sys.stderr)
    print(f"{machine()}\n")
    report = Report(quick=arguments.quick)
    for name in arguments.sections or SECTIONS:
        SECTIONS[name](report)
    if arguments.output:
        arguments.output.write_text(json.dumps(report.figures, indent=1))
    for failure in report.failures:
        print(f"WRONG ANSWER: {failure}", file=sys.stderr)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
