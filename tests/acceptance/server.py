"""A real server process, on a port that it chose itself."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("HEADRACE_BINARY", ROOT / "build" / "release" / "headrace"))
START_SECONDS = 30
PREFIX = "/v1/ml/polars"


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def peak_rss_bytes(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self.process.wait(timeout=START_SECONDS)


def clean_environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
    return kept | more


def start(folder: Path, *options: str, env: dict[str, str] | None = None) -> Server:
    port_file = folder / f"port-{time.monotonic_ns()}"
    command = [str(BINARY), "serve", "--port", "0", "--port-file", str(port_file), *options]
    process = subprocess.Popen(
        command, env=clean_environment(**(env or {})), stderr=subprocess.DEVNULL, text=True
    )
    deadline = time.monotonic() + START_SECONDS
    while not (port_file.exists() and port_file.read_text().strip()):
        assert process.poll() is None, "the server ended at once"
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
    return Server(process, int(port_file.read_text()))
