"""A live window, followed by a thread that connects again when it has to."""

import queue
import threading
from typing import Literal

import pyarrow as pa

import headrace as hr

State = Literal["connecting", "live", "reconnecting", "ended"]

FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 10.0
MOVES_A_SECOND = 30
QUEUED_BATCHES = 32


class Feed:
    """Batches of the columns `x`, `y` and the rolling mean of y, through a bounded queue: whoever
    takes none has the server wait, and then skip."""

    def __init__(self, url: str, table: str, x: str, y: str, over: int, rows: int) -> None:
        self.state: State = "connecting"
        self.why = ""
        self.rows_skipped = 0
        self.mean = f"{y}_rolling_mean_{over}"
        self._asked = (url, table, [x, y, self.mean], rows)
        self._plan = hr.FeaturePlan(
            rolling_windows=[over],
            include_rolling_stats=["mean"],
            include_lags=False,
            columns=[y],
            fill=None,
        )
        self._came: queue.Queue[tuple[bool, pa.RecordBatch]] = queue.Queue(QUEUED_BATCHES)
        self._stopped = threading.Event()
        self._live: hr.Subscription | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def take(self) -> list[tuple[bool, pa.RecordBatch]]:
        """What has come: batches, and whether the rows before each are void."""
        taken = []
        while not self._came.empty():
            taken.append(self._came.get())
        return taken

    def close(self) -> None:
        self._stopped.set()
        if self._live is not None:
            self._live.close()

    def _run(self) -> None:
        attempt = 0
        while not self._stopped.is_set():
            try:
                self._follow()
            except (hr.UnknownName, hr.InvalidArgument, hr.TypeMismatch) as error:
                self.state, self.why = "ended", str(error)
                return
            except hr.HeadraceError as error:
                self.why = str(error)
            if self.state == "live":
                attempt = 0
            self.state = "reconnecting"
            wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**attempt)
            self._stopped.wait(wait)
            attempt += 1

    def _follow(self) -> None:
        url, table, columns, rows = self._asked
        client = hr.Client(url)
        with client.subscribe(
            table, self._plan, columns=columns, tail=rows, rate=MOVES_A_SECOND
        ) as live:
            self._live = live
            if self._stopped.is_set():
                return  # close() came while this connected
            self.state = "live"
            begins, cleared = True, 0
            for batch in live:
                self.rows_skipped = live.rows_skipped
                begins = begins or live.times_cleared > cleared
                cleared = live.times_cleared
                if not self._put((begins, batch)):
                    return
                begins = False

    def _put(self, item: tuple[bool, pa.RecordBatch]) -> bool:
        while not self._stopped.is_set():
            try:
                self._came.put(item, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False
