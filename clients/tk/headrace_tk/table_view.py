"""A table of any number of rows: a Treeview of as many as fit, which shows others when scrolled."""

import datetime
import tkinter as tk
from tkinter import ttk
from typing import Any

from headrace_tk import style
from headrace_tk.pages import Pages

WHEEL_ROWS = 3
NUMBERS = ("int", "uint", "float", "double", "half", "decimal")


class TableView(ttk.Frame):
    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, style="Card.TFrame", padding=1)
        self.first = 0
        self.rows = 0
        self._pages: Pages | None = None
        self.tree = ttk.Treeview(self, show="headings", selectmode="browse")
        self.bar = ttk.Scrollbar(self, orient="vertical", command=self._on_bar)
        self.tree.grid(row=0, column=0, sticky="nsew")
        self.bar.grid(row=0, column=1, sticky="ns")
        self.rowconfigure(0, weight=1)
        self.columnconfigure(0, weight=1)
        self.tree.tag_configure("odd", background=style.STRIPE)
        self.tree.bind("<Configure>", lambda _: self.refresh())
        for event, step in (("<Button-4>", -WHEEL_ROWS), ("<Button-5>", WHEEL_ROWS),
                            ("<Up>", -1), ("<Down>", 1)):  # fmt: skip
            self.tree.bind(event, lambda _, step=step: self._by(step))  # type: ignore[misc]
        self.tree.bind("<MouseWheel>", lambda event: self._by(-event.delta // 120 * WHEEL_ROWS))
        self.tree.bind("<Prior>", lambda _: self._by(-self.height))
        self.tree.bind("<Next>", lambda _: self._by(self.height))
        self.tree.bind("<Home>", lambda _: self.show(0))
        self.tree.bind("<End>", lambda _: self.show(self.rows))

    @property
    def height(self) -> int:
        """Rows that fit below the head."""
        return max(1, (self.tree.winfo_height() - style.ROW_PX) // style.ROW_PX)

    def open(self, pages: Pages, schema: list[dict[str, Any]], rows: int) -> None:
        """Shows another table from its first row on."""
        self._pages = pages
        self.rows = rows
        self.first = 0
        names = [column["name"] for column in schema]
        self.tree.delete(*self.tree.get_children())
        self.tree.configure(columns=names)
        for column in schema:
            anchor = "e" if column["type"].startswith(NUMBERS) else "w"
            self.tree.heading(column["name"], text=column["name"], anchor=anchor)
            wide = 200 if column["type"].startswith("timestamp") else 130
            self.tree.column(column["name"], anchor=anchor, width=wide, minwidth=60, stretch=False)
        self.refresh()

    def show(self, first: int) -> str:
        """Scrolls so that this row is at the top, or as near to it as the last rows let it be."""
        self.first = max(0, min(first, self.rows - self.height))
        self.refresh()
        return "break"

    def refresh(self) -> None:
        """Puts in what is there; rows that are on their way are empty until then."""
        if self._pages is None:
            return
        shown = min(self.height, self.rows)
        items = self.tree.get_children()
        for _ in range(len(items), shown):
            self.tree.insert("", "end")
        if len(items) > shown:
            self.tree.delete(*items[shown:])
        for place, item in enumerate(self.tree.get_children()):
            number = self.first + place
            values = self._pages.row(number)
            texts = (
                ["" for _ in self.tree["columns"]] if values is None else [*map(text_of, values)]
            )
            self.tree.item(item, values=texts, tags=("odd",) if number % 2 else ())
        if self.rows:
            self.bar.set(self.first / self.rows, (self.first + shown) / self.rows)

    def _by(self, rows: int) -> str:
        return self.show(self.first + rows)

    def _on_bar(self, what: str, amount: str, unit: str = "") -> None:
        if what == "moveto":
            self.show(round(float(amount) * self.rows))
        else:
            self._by(int(amount) * (self.height if unit == "pages" else 1))


def text_of(value: object) -> str:
    if value is None:
        return "∅"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        text = value.replace(tzinfo=None).isoformat(" ")
        return text.rstrip("0") if "." in text else text
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)
