"""A real `headrace serve`, with what a test wants to know about it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("HEADRACE_BINARY", ROOT / "build" / "release" / "headrace")).resolve()
PREFIX = "/v1/ml/polars"
START_SECONDS = 60.0
STOP_SECONDS = 60.0


def clean_environment(**variables: str) -> dict[str, str]:
    """The environment without what would configure the server behind a test's back."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
    return kept | variables


class ServerProcess:
    """Listens on a free port from `start()` until `stop()`."""

    def __init__(self, folder: Path, *options: str, **variables: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log_path = folder / "log"
        self.port_path = folder / "port"
        self.port_path.unlink(missing_ok=True)
        self.command = [str(BINARY), "serve", "--port", "0", "--port-file", str(self.port_path)]
        self.command += options
        self.variables = variables
        self.process: subprocess.Popen[bytes]
        self.port = 0

    def start(self) -> ServerProcess:
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=clean_environment(**self.variables),
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.is_healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"the server did not start:\n{self.log()}")
            time.sleep(0.01)
        return self

    def is_healthy(self) -> bool:
        if not self.port_path.exists():
            return False
        self.port = int(self.port_path.read_text())
        try:
            return httpx.get(f"{self.url}/v1/health", timeout=START_SECONDS).status_code == 200
        except httpx.TransportError:
            return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> str:
        return self.log_path.read_text()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url + PREFIX, timeout=60)

    def peak_rss_bytes(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    def send(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Ends the server, which must say that all is well. Returns how long that took."""
        start = time.monotonic()
        if self.process.poll() is None:
            self.send(number)
        self.wait()
        return time.monotonic() - start

    def wait(self) -> None:
        """For the end of a server that has had its signal; a second one would end it at once."""
        try:
            status = self.process.wait(STOP_SECONDS)
        finally:
            self.kill()
        assert status == 0, f"exit status {status}:\n{self.log()}"

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
