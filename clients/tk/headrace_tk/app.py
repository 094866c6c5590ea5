"""The window: what there is, a table of it, and a chart if it is live."""

import tkinter as tk
from tkinter import ttk
from typing import Any

from headrace_tk import style
from headrace_tk.chart_view import ChartView
from headrace_tk.feed import MOVES_A_SECOND, Feed
from headrace_tk.pages import Pages
from headrace_tk.server import Server, ServerFailed
from headrace_tk.table_view import NUMBERS, TableView
from headrace_tk.watch import Watch

FRAME_MS = 1000 // MOVES_A_SECOND
LIVE_ROWS = 5000
DOTS = {"live": style.GOOD, "connecting": style.QUIET, "paused": style.QUIET}


class App:
    def __init__(
        self,
        root: tk.Tk,
        url: str,
        table: str | None,
        *,
        column: str | None = None,
        over: int = 100,
    ) -> None:
        self.root = root
        self.server = Server(url)
        self.table: dict[str, Any] | None = None
        self.pages: Pages | None = None
        self.feed: Feed | None = None
        self.error: ServerFailed | None = None
        self._wanted = table
        self._column = column
        self._over = over
        self._tables: list[dict[str, Any]] = []
        self._closed = False
        self._subject: tuple[str, str] | None = None
        root.title("Headrace")
        root.geometry("1100x760")
        root.minsize(480, 420)
        style.apply(root)
        self._build()
        self._watch = Watch(self.server)
        self._tick()

    def close(self) -> None:
        self._closed = True
        self._watch.close()
        self._leave()
        self.root.destroy()

    # Building.

    def _build(self) -> None:
        body = ttk.Frame(self.root, padding=18)
        body.pack(fill="both", expand=True)
        head = ttk.Frame(body)
        head.pack(fill="x", pady=(0, 12))
        ttk.Label(head, text="Headrace", style="Title.TLabel").pack(side="left")
        self.picker = ttk.Combobox(head, state="readonly", width=34)
        self.picker.pack(side="left", padx=(18, 12))
        self.picker.bind("<<ComboboxSelected>>", lambda _: self.pick(self.picker.get()))
        self.note = ttk.Label(head, style="Quiet.TLabel")
        self.note.pack(side="left")
        self.trouble = ttk.Label(head, style="Bad.TLabel")
        self.trouble.pack(side="right")

        self.card = ttk.Frame(body, style="Card.TFrame", padding=(16, 12, 8, 6))
        top = tk.Frame(self.card, background=style.CARD)
        top.pack(fill="x", pady=(0, 4))
        self.subject = ttk.Label(top, style="Card.TLabel")
        self.subject.pack(side="left")
        self.legend = ttk.Label(top, style="CardQuiet.TLabel")
        self.legend.pack(side="left", padx=12)
        self.button = ttk.Button(top, text="Pause", command=self.toggle)
        self.button.pack(side="right")
        self.state = ttk.Label(top, style="CardQuiet.TLabel")
        self.state.pack(side="right", padx=12)
        self.chart = ChartView(self.card)
        self.chart.pack(fill="both", expand=True)
        self.view = TableView(body)
        self.view.pack(side="bottom", fill="both", expand=True)

    # What a person does.

    def pick(self, name: str) -> None:
        """Shows the table of that name."""
        table = next((t for t in self._tables if name in (t["full_name"], t["name"])), None)
        if table is None or (self.table and table["full_name"] == self.table["full_name"]):
            return
        self._leave()
        self.table = table
        self.picker.set(table["full_name"])
        self.pages = Pages(self.server, table["full_name"])
        self.view.open(self.pages, table["schema"], table["rows"] or 0)
        self._subject = subject_of(table, self._column) if table["kind"] == "buffers" else None
        if self._subject is None:
            self.card.pack_forget()
            return
        x, y = self._subject
        types = {column["name"]: column["type"] for column in table["schema"]}
        self.subject.configure(text=y)
        self.legend.configure(text=f"and its mean over {self._over} rows, against {x}")
        self.chart.open(LIVE_ROWS, types[x].startswith("timestamp"))
        self.card.pack(fill="both", expand=True, pady=(0, 14), before=self.view)
        self.follow()

    def follow(self) -> None:
        assert self.table is not None and self._subject is not None
        x, y = self._subject
        self.feed = Feed(self.server.url, self.table["full_name"], x, y, self._over, LIVE_ROWS)
        self.button.configure(text="Pause")

    def toggle(self) -> None:
        if self.feed is None:
            self.follow()
        else:
            self.feed.close()
            self.feed = None
            self.button.configure(text="Resume")

    # What comes by itself.

    def _tick(self) -> None:
        if self._closed:
            return
        for answer in self._watch.take():
            self._on_tables(answer)
        if self.pages is not None and self.pages.collect():
            self.view.refresh()
        self._move()
        failed = self.error or (self.pages.error if self.pages else None)
        self.trouble.configure(text=str(failed) if failed else "")
        self.root.after(FRAME_MS, self._tick)

    def _move(self) -> None:
        if self._subject is None:
            return
        taken = self.feed.take() if self.feed else []
        for begins, batch in taken:
            self.chart.ring.push(batch, begins)
        if taken:
            self.chart.draw()
        word = self.feed.state if self.feed else "paused"
        skipped = (
            f", {self.feed.rows_skipped:,} skipped" if self.feed and self.feed.rows_skipped else ""
        )
        self.state.configure(text=f"● {word}{skipped}", foreground=DOTS.get(word, style.BAD))

    def _on_tables(self, answer: list[dict[str, Any]] | ServerFailed) -> None:
        if isinstance(answer, ServerFailed):
            self.error = answer
            return
        self.error = None
        self._tables = answer
        self.picker.configure(values=[table["full_name"] for table in answer])
        if self.table is None and answer:
            known = {name for table in answer for name in (table["name"], table["full_name"])}
            self.pick(self._wanted if self._wanted in known else answer[0]["full_name"])
        shown = next(
            (t for t in answer if self.table and t["full_name"] == self.table["full_name"]), None
        )
        if shown is None:
            return
        self.note.configure(text=f"{shown['rows'] or 0:,} rows")
        if shown["rows"] is not None and shown["kind"] == "buffers" and self.pages is not None:
            self.view.rows = shown["rows"]
            self.pages.forget()
            self.view.refresh()

    def _leave(self) -> None:
        if self.pages is not None:
            self.pages.close()
        if self.feed is not None:
            self.feed.close()
        self.pages = self.feed = None


def subject_of(table: dict[str, Any], column: str | None) -> tuple[str, str] | None:
    """What to draw against what: the first time, or else number, and the first other number."""
    numbers = [c["name"] for c in table["schema"] if c["type"].startswith(NUMBERS)]
    times = [c["name"] for c in table["schema"] if c["type"].startswith("timestamp")]
    x = next(iter(times + numbers), None)
    y = column if column in numbers else next((name for name in numbers if name != x), None)
    return (x, y) if x is not None and y is not None else None
