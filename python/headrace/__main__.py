"""The command `headrace`: the program that came with this package takes over the process."""

import os
import sys
from pathlib import Path


def program() -> Path:
    """Where the program lies: beside this file."""
    return Path(__file__).parent / "bin" / "headrace"


def main() -> None:
    """Runs `headrace` with this process's arguments. Does not return."""
    path = program()
    if not path.exists():
        sys.exit(f"headrace: {path} is missing: this installation was made without the server")
    os.execv(path, ["headrace", *sys.argv[1:]])


if __name__ == "__main__":
    main()
