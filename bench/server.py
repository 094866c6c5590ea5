"""A server process for a benchmark, on a port of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from report import BUILD

START_SECONDS = 20


class Server:
    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def status_kib(self, field: str) -> int:
        """A figure of /proc/PID/status, such as VmHWM."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
        raise KeyError(field)


@contextlib.contextmanager
def serve(*options: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "port"
        command = [str(BUILD / "headrace"), "serve", "--port", "0", "--port-file", str(port_file)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
        process = subprocess.Popen([*command, "--log-level", "warn", *options], env=environment)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not (port_file.exists() and port_file.read_text().strip()):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the server did not start")
                time.sleep(0.01)
            yield Server(process, int(port_file.read_text()))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=START_SECONDS)
