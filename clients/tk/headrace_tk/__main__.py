"""python -m headrace_tk [options] [TABLE]"""

import argparse
import sys
import tkinter as tk

from headrace_tk.app import App


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="headrace_tk",
        description="Shows the tables of a Headrace server; a live window's chart moves with it.",
    )
    parser.add_argument("table", nargs="?", help="what to show first; any of the server's tables")
    parser.add_argument("--url", default="http://localhost:14345", help="the server (%(default)s)")
    parser.add_argument("--column", help="what to draw; the first column of numbers")
    parser.add_argument(
        "--over", type=int, default=100, help="rows of the rolling mean (%(default)s)"
    )
    return parser.parse_args(words)


def main() -> int:
    asked = arguments()
    try:
        root = tk.Tk()
    except tk.TclError as error:
        print(f"headrace_tk: no window can be opened: {error}", file=sys.stderr)
        return 1
    app = App(root, asked.url, asked.table, column=asked.column, over=asked.over)
    root.protocol("WM_DELETE_WINDOW", app.close)
    try:
        root.mainloop()
    except KeyboardInterrupt:
        app.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
