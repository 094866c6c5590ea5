"""The cap is a cap: whatever is read and however, a process that scans takes at most the limit and
96 MiB, its interpreter included. Every scan has a process of its own, measured from outside."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

MIB = 1 << 20
MB = 10**6
PROCESS = 96 * MIB
SECONDS = 120
SMALLEST = 64 * MB

# Takes the steps of a scan and waits, so that its parent can look at it, until stdin ends.
CHILD = """
import json, sys
import headrace as hr
paths, memory, steps = json.loads(sys.argv[1])
answer = {"rows": 0}
try:
    scan = hr.scan(paths, memory_limit=memory)
    if steps.get("where"):
        scan = scan.filter(steps["where"])
    if steps.get("limit"):
        scan = scan.limit(steps["limit"])
    if "agg" in steps:
        scan = scan.group_by(*steps["keys"]).agg(steps["agg"])
    if steps.get("sink"):
        answer["rows"] = scan.sink(steps["sink"]).rows
    elif steps.get("collect"):
        answer["rows"] = scan.collect().num_rows
    else:
        for batch in scan:
            answer["rows"] += batch.num_rows
except hr.MemoryLimit as error:
    answer = {"refused": str(error)}
print(json.dumps(answer), flush=True)
sys.stdin.read()
"""


def peak_bytes(pid: int) -> int:
    """The most that a process held, by the kernel's count."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


def run(paths: list[Path], memory: int, group: Path | None = None, **steps: Any) -> dict[str, Any]:
    """What a scan in a process of its own answers, its peak having been held against the limit."""

    def enter() -> None:
        if group is not None:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    with subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps([[str(path) for path in paths], memory, steps])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=enter,
    ) as child:
        assert child.stdout is not None and child.stdin is not None
        line = child.stdout.readline()
        assert line, "the process ended before it answered"
        peak = peak_bytes(child.pid)
        child.stdin.close()
        assert child.wait(SECONDS) == 0
    answer: dict[str, Any] = json.loads(line)
    what = ", ".join(f"{key} {value}" for key, value in steps.items()) or "scan"
    print(f"{memory // MB} MB, {paths[0].name}, {what}: {peak / MIB:.0f} MiB, {answer}")
    assert peak <= memory + PROCESS, f"{peak / MIB:.0f} MiB at a limit of {memory / MIB:.0f} MiB"
    return answer


def ticks(rows: int, seed: int = 1) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "ts": pa.array(np.arange(rows) * 1_000_000, pa.timestamp("ns", "UTC")),
            "sensor": pa.array([f"s{i}" for i in range(1_000)]).take(rng.integers(0, 1_000, rows)),
            "value": rng.random(rows),
            "count": rng.integers(0, 1 << 60, rows),
            "note": pa.array(["a note"] * rows, mask=rng.random(rows) < 0.99),
        }
    )


TICKS = 1_000_000  # rows of a part, 26 MB
PARTS = 25


def write_ticks(folder: Path) -> int:
    part = ticks(TICKS)
    with pq.ParquetWriter(folder / "t.parquet", part.schema, compression="none") as writer:
        for _ in range(PARTS):
            writer.write_table(part, row_group_size=TICKS // 4)
    return PARTS * TICKS


def write_one_row_group(folder: Path) -> int:
    part = ticks(TICKS)
    with pq.ParquetWriter(folder / "t.parquet", part.schema, compression="none") as writer:
        writer.write_table(pa.concat_tables([part] * PARTS), row_group_size=PARTS * TICKS)
    return PARTS * TICKS


def write_wide(folder: Path, codec: str = "none") -> int:
    rng = np.random.default_rng(2)
    rows, columns = 10_000, 1_000
    table = pa.table({f"c{i}": rng.random(rows) for i in range(columns)})
    with pq.ParquetWriter(
        folder / "t.parquet", table.schema, compression=codec, use_dictionary=False
    ) as writer:
        for _ in range(2):
            writer.write_table(table)
    return 2 * rows


def write_long_strings(folder: Path) -> int:
    """Values of 1 MB, a few to a page."""
    values = pa.array([chr(ord("a") + i) * MB for i in range(16)])
    table = pa.table({"n": range(16), "s": values})
    with pq.ParquetWriter(
        folder / "t.parquet", table.schema, compression="none", use_dictionary=["n"]
    ) as writer:
        for _ in range(40):
            writer.write_table(table)
    return 16 * 40


def write_many_files(folder: Path) -> int:
    rows = 60_000
    pq.write_table(ticks(rows), folder / "0000.parquet", compression="none")
    for i in range(1, 500):
        os.link(folder / "0000.parquet", folder / f"{i:04}.parquet")
    return rows * 500


def write_one_small_file(folder: Path) -> int:
    pq.write_table(ticks(40_000), folder / "t.parquet", compression="none")
    return 40_000


def write_text(folder: Path, name: str, first: bytes, block: bytes, rows: int) -> int:
    times = 3 * SMALLEST // len(block) + 1
    with (folder / name).open("wb") as file:
        file.write(first)
        for _ in range(times):
            file.write(block)
    return times * rows


def write_csv(folder: Path) -> int:
    part = ticks(200_000)
    sink = pa.BufferOutputStream()
    pa.csv.write_csv(part, sink, pa.csv.WriteOptions(include_header=False))
    header = ",".join(part.column_names).encode() + b"\n"
    return write_text(folder, "t.csv", header, sink.getvalue().to_pybytes(), part.num_rows)


def write_ndjson(folder: Path) -> int:
    rng = np.random.default_rng(4)
    lines = [
        json.dumps({"ts": i, "sensor": f"s{i % 1000}", "value": float(x), "count": i * 7})
        for i, x in enumerate(rng.random(100_000))
    ]
    return write_text(folder, "t.ndjson", b"", "\n".join([*lines, ""]).encode(), len(lines))


def write_ipc(folder: Path, batch_rows: int = 100_000, codec: str | None = None) -> int:
    part = ticks(TICKS)
    options = pa.ipc.IpcWriteOptions(compression=codec)
    whole = pa.concat_tables([part] * (12 if codec is None else 9)).combine_chunks()
    with pa.ipc.new_file(folder / "t.arrow", part.schema, options=options) as writer:
        writer.write_table(whole, max_chunksize=batch_rows)
    return int(whole.num_rows)


WRITERS: dict[str, Callable[[Path], int]] = {
    "ticks": write_ticks,
    "one row group": write_one_row_group,
    "wide": write_wide,
    "wide zstd": lambda folder: write_wide(folder, "zstd"),
    "long strings": write_long_strings,
    "many files": write_many_files,
    "one small file": write_one_small_file,
    "csv": write_csv,
    "ndjson": write_ndjson,
    "ipc": write_ipc,
    "ipc zstd": lambda folder: write_ipc(folder, codec="zstd"),
    "ipc one batch": lambda folder: write_ipc(folder, batch_rows=1 << 40),
}
FILTERS = {
    "wide": "c500 < 0.01",
    "wide zstd": "c500 < 0.01",
    "long strings": "n = 3",
}


class Data:
    """Files of a kind, and how many rows they have."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.paths = [folder]
        self.rows = WRITERS[kind](folder)
        self.where = FILTERS.get(kind, "value < 0.01")
        self.bytes = sum(file.stat().st_size for file in folder.iterdir())


@pytest.fixture(scope="module", params=WRITERS)
def data(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Data]:
    """One kind of files at a time, gone when its tests are."""
    folder = tmp_path_factory.mktemp(request.param.replace(" ", "-"))
    yield Data(request.param, folder)
    shutil.rmtree(folder)


def limit_for(data: Data) -> int:
    """64 MB, or what the refusal says is needed where the file holds more in one piece."""
    if data.kind != "ipc one batch":
        return SMALLEST
    refusal = run(data.paths, SMALLEST)["refused"]
    named = re.search(r"needs at least ([0-9.]+ [MG]iB)", refusal)
    assert named, refusal
    number, unit = named[1].split()
    return round(float(number) * {"MiB": MIB, "GiB": 1024 * MIB}[unit])


def test_scan(data: Data) -> None:
    assert run(data.paths, limit_for(data)) == {"rows": data.rows}


def test_filter(data: Data) -> None:
    answer = run(data.paths, limit_for(data), where=data.where)
    assert 0 < answer["rows"] < data.rows / 10


def test_limit(data: Data) -> None:
    assert run(data.paths, limit_for(data), where=data.where, limit=10) == {"rows": 10}


def test_sink(data: Data, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    limit = limit_for(data)
    # All of the longest; of the others enough for memory to stand still.
    rows = data.rows if data.kind == "ticks" else min(data.rows, 5_000_000)
    answer = run(data.paths, limit, sink=str(out), limit=rows)
    if "refused" in answer:  # a footer of 1,000 columns, which is held until the end
        assert data.kind.startswith("wide")
        assert list(tmp_path.iterdir()) == [], "what is not whole is not there"
        answer = run(data.paths, 4 * limit, sink=str(out), limit=rows)
    assert answer == {"rows": rows}
    assert pq.read_metadata(out).num_rows == rows
    out.unlink()


def test_collect(data: Data) -> None:
    answer = run(data.paths, SMALLEST, collect=True)
    if data.kind == "one small file":
        assert answer == {"rows": data.rows}
    else:
        assert re.search(r"[0-9.]+ [MG]iB", answer["refused"]), "it says what is needed"


@pytest.fixture(scope="module")
def much(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Data]:
    """650 MB of ticks, to be read several times over."""
    folder = tmp_path_factory.mktemp("much")
    yield Data("ticks", folder)
    shutil.rmtree(folder)


@pytest.mark.parametrize(("memory", "times"), [(128, 2), (256, 4), (1_000, 2)])
def test_larger_limits(much: Data, tmp_path: Path, memory: int, times: int) -> None:
    """A file larger than the limit, or ten times as many bytes in several files."""
    paths = much.paths * times
    assert run(paths, memory * MB) == {"rows": times * much.rows}
    assert run(paths, memory * MB, where="sensor = 's7' and value < 0.5")["rows"] > 0
    assert run(paths, memory * MB, limit=TICKS) == {"rows": TICKS}
    assert "refused" in run(paths, memory * MB, collect=True)
    out = tmp_path / "out.parquet"
    rows = 5 * TICKS
    assert run(paths, memory * MB, sink=str(out), limit=rows) == {"rows": rows}
    out.unlink()


def test_aggregates(much: Data) -> None:
    """Memory follows the number of groups, not of rows."""
    few = "mean(value), std(value), count(*), first(ts)"
    answer = run(much.paths, SMALLEST, keys=["sensor"], agg=few)
    assert 0 < answer["rows"] <= 1_000
    assert run(much.paths, SMALLEST, keys=[], agg="sum(value)") == {"rows": 1}


@pytest.mark.parametrize("memory", [64, 96])
def test_groups_that_do_not_fit(much: Data, memory: int) -> None:
    """Refused with the size needed, and not beyond the limit on the way there."""
    answer = run(much.paths, memory * MB, keys=["ts"], agg="mean(value), std(value), sum(count)")
    assert re.search(r"about [0-9.]+ [MG]iB would be needed", answer["refused"])


def test_collect_takes_what_fits(much: Data) -> None:
    assert run(much.paths, 2_000 * MB, collect=True) == {"rows": much.rows}


@pytest.fixture
def group() -> Iterator[Path]:
    """A cgroup of its own, where the machine lets us make one."""
    own = re.search(r"^0::(.*)$", Path("/proc/self/cgroup").read_text(), re.MULTILINE)
    parent = Path("/sys/fs/cgroup") / (own[1].lstrip("/") if own else "")
    made = parent / f"headrace-test-{os.getpid()}"
    try:
        if "memory" not in (parent / "cgroup.subtree_control").read_text():
            pytest.skip("the cgroup of the tests hands out no memory controller")
        made.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup can be made: {error}")
    yield made
    made.rmdir()


def test_in_a_cgroup(much: Data, group: Path) -> None:
    """The kernel ends what takes more; pages of the file that it keeps for itself do not count."""
    (group / "memory.max").write_text(str(SMALLEST + PROCESS))
    with contextlib.suppress(OSError):  # where there is no swap
        (group / "memory.swap.max").write_text("0")
    assert run(much.paths, SMALLEST, group) == {"rows": much.rows}
