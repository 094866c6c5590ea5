"""What tables there are, asked every other second by a thread."""

import threading
from queue import SimpleQueue
from typing import Any

from headrace_tk.server import Server, ServerFailed

EVERY_SECONDS = 2.0

Answer = list[dict[str, Any]] | ServerFailed


class Watch:
    """Like Pages and Feed, it knows nothing of the window: Tk ends the process if the last that
    holds on to a window is a thread other than its own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._came: SimpleQueue[Answer] = SimpleQueue()
        self._closed = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def take(self) -> list[Answer]:
        """What has come."""
        taken = []
        while not self._came.empty():
            taken.append(self._came.get())
        return taken

    def close(self) -> None:
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._came.put(self._server.tables())
            except ServerFailed as failed:
                self._came.put(failed)
            self._closed.wait(EVERY_SECONDS)
