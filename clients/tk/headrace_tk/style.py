"""Colours and fonts: those of the page."""

import tkinter as tk
from tkinter import font, ttk

PAGE = "#f6f6f3"
CARD = "#ffffff"
LINE = "#e2e2dc"
GRID = "#ecece7"
STRIPE = "#fafaf8"
TEXT = "#1b2025"
QUIET = "#5f676f"
ACCENT = "#0b6e99"
ACCENT_SOFT = "#e2f0f6"
SECOND = "#cc5f1e"
GOOD = "#2e8540"
BAD = "#b3261e"
ROW_PX = 26


def apply(root: tk.Tk) -> None:
    root.configure(background=PAGE)
    family = next(
        (
            name
            for name in ("Open Sans", "Inter", "Noto Sans", "DejaVu Sans")
            if name in font.families(root)
        ),
        "TkDefaultFont",
    )
    for name, size in (("TkDefaultFont", 10), ("TkTextFont", 10), ("TkHeadingFont", 10)):
        font.nametofont(name, root).configure(family=family, size=size, weight="normal")
    fonts = [
        font.Font(root, name="HeadraceTitle", family=family, size=13, weight="bold"),
        font.Font(root, name="HeadraceSmall", family=family, size=9),
    ]
    for each in fonts:
        each.delete_font = False  # they are there as long as the window, not as these objects
    style = ttk.Style(root)
    style.theme_use("clam")
    style.configure(".", background=PAGE, foreground=TEXT, bordercolor=LINE, troughcolor=PAGE)
    style.configure("Card.TFrame", background=CARD, bordercolor=LINE, relief="solid", borderwidth=1)
    style.configure("Title.TLabel", font="HeadraceTitle")
    style.configure("Quiet.TLabel", foreground=QUIET, font="HeadraceSmall")
    style.configure("Card.TLabel", background=CARD, font="HeadraceTitle")
    style.configure("CardQuiet.TLabel", background=CARD, foreground=QUIET, font="HeadraceSmall")
    style.configure("Bad.TLabel", foreground=BAD)
    style.configure("TButton", background=CARD, padding=(12, 4), relief="solid", borderwidth=1)
    style.configure("TButton", bordercolor=LINE, lightcolor=CARD, darkcolor=CARD)
    style.map("TButton", background=[("active", ACCENT_SOFT)])
    style.configure("TCombobox", fieldbackground=CARD, background=CARD, arrowcolor=QUIET, padding=4)
    style.map(
        "TCombobox",
        fieldbackground=[("readonly", CARD)],
        selectforeground=[("readonly", TEXT)],
        selectbackground=[("readonly", CARD)],
    )
    style.configure("Treeview", background=CARD, fieldbackground=CARD, rowheight=ROW_PX,
                    borderwidth=0, relief="flat")  # fmt: skip
    style.configure("Treeview.Heading", background=CARD, foreground=QUIET, relief="flat",
                    padding=(6, 6), borderwidth=0)  # fmt: skip
    style.map("Treeview.Heading", background=[("active", CARD)])
    style.map("Treeview", background=[("selected", ACCENT_SOFT)], foreground=[("selected", TEXT)])
    style.configure("Vertical.TScrollbar", background=LINE, bordercolor=CARD, arrowcolor=QUIET,
                    troughcolor=STRIPE, relief="flat", arrowsize=12)  # fmt: skip
