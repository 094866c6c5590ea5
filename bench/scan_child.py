"""One query by one contender, in a process that does nothing else; prints JSON.

usage: scan_child.py CONTENDER LIMIT QUERY, the query pickled, in hexadecimal digits
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from pathlib import Path

from contenders import CONTENDERS


def main() -> None:
    who, limit, pickled = sys.argv[1:]
    query = pickle.loads(bytes.fromhex(pickled))
    start = time.perf_counter()
    answer = CONTENDERS[who](query, limit or None)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak_bytes": peak_bytes(), "answer": answer}))


def peak_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise KeyError("VmHWM")


if __name__ == "__main__":
    main()
