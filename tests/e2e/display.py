"""An X server without a screen, and pictures of what it shows."""

from __future__ import annotations

import os
import struct
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
WAIT_SECONDS = 30


@dataclass
class Display:
    name: str
    frame_buffer: Path

    def pixels(self) -> Pixels:
        """What is shown now, shape (height, width, 3). The file is one of xwd."""
        data = self.frame_buffer.read_bytes()
        head = struct.unpack(">25I", data[:100])
        header_bytes, width, height, line_bytes, colours = (
            head[0],
            head[4],
            head[5],
            head[12],
            head[19],
        )
        begin = header_bytes + 12 * colours
        lines = np.frombuffer(data, np.uint8, height * line_bytes, begin).reshape(height, -1)
        return lines[:, : 4 * width].reshape(height, width, 4)[:, :, 2::-1]


@contextmanager
def run_display(folder: Path, size: tuple[int, int] = (1100, 760)) -> Iterator[Display]:
    """Xvfb on a number that it finds free by itself, which it says when it is ready."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size[0]}x{size[1]}x24"]
    command += ["-fbdir", str(folder), "-nolisten", "tcp", "-nocursor"]
    log = (folder / "xvfb.log").open("wb")
    process = subprocess.Popen(command, pass_fds=[writing], stdout=log, stderr=log)
    os.close(writing)
    try:
        with open(reading) as told:
            number = told.readline().strip()
        assert number, (folder / "xvfb.log").read_text()
        yield Display(f":{number}", folder / "Xvfb_screen0")
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)
        log.close()


def write_png(path: Path, pixels: Pixels) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    height, width, _ = pixels.shape
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
