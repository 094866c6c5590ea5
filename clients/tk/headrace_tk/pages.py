"""The rows of a table of any length, a page at a time."""

import queue
import threading
from collections import OrderedDict

import pyarrow as pa

from headrace_tk.server import Page, Server, ServerFailed

PAGE_ROWS = 200
KEPT_PAGES = 64


class Pages:
    """Pages that were seen last; others are fetched by a thread, the newest wish first.

    A page behind one that is known is asked for by its cursor, which costs the same at any depth;
    one that is jumped to, by the number of its first row. One thread calls the methods.
    """

    def __init__(self, server: Server, table: str) -> None:
        self.error: ServerFailed | None = None
        self._server = server
        self._table = table
        self._pages: OrderedDict[int, pa.Table] = OrderedDict()
        self._before: OrderedDict[int, pa.Table] = OrderedDict()  # until there are newer ones
        self._cursors: dict[int, str] = {}
        self._waiting: set[int] = set()
        self._wishes: queue.LifoQueue[int | None] = queue.LifoQueue()
        self._came: queue.SimpleQueue[tuple[int, Page | ServerFailed]] = queue.SimpleQueue()
        threading.Thread(target=self._fetch, daemon=True).start()

    def row(self, number: int) -> tuple[object, ...] | None:
        """A row's values; None while its page is on its way, which this asks for."""
        index, place = divmod(number, PAGE_ROWS)
        page = self._pages.get(index)
        if page is None:
            self._wish(index)
            page = self._before.get(index)
        else:
            self._pages.move_to_end(index)
        if page is None or place >= page.num_rows:
            return None
        return tuple(column[place].as_py() for column in page.columns)

    def collect(self) -> bool:
        """Takes in what has come; whether anything has."""
        any_came = False
        while not self._came.empty():
            index, answer = self._came.get()
            self._waiting.discard(index)
            any_came = True
            if isinstance(answer, ServerFailed):
                self.error = answer
                continue
            self.error = None
            self._pages[index] = answer.rows
            if answer.next_cursor is not None:
                self._cursors[index + 1] = answer.next_cursor
            while len(self._pages) > KEPT_PAGES:
                self._pages.popitem(last=False)
        return any_came

    def forget(self) -> None:
        """As for a live window, whose rows move: what is asked for next is fetched anew, and shown
        as it was meanwhile."""
        self._before, self._pages = self._pages or self._before, OrderedDict()
        self._cursors.clear()

    def close(self) -> None:
        self._wishes.put(None)

    def _wish(self, index: int) -> None:
        if index not in self._waiting:
            self._waiting.add(index)
            self._wishes.put(index)

    def _fetch(self) -> None:
        while (index := self._wishes.get()) is not None:
            cursor = self._cursors.get(index)
            try:
                answer: Page | ServerFailed = self._server.page(
                    self._table, PAGE_ROWS, cursor=cursor, offset=index * PAGE_ROWS
                )
            except ServerFailed as failed:
                answer = failed
            self._came.put((index, answer))
