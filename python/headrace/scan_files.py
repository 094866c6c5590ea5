"""The files of a scan, and one pass over their rows."""

from collections.abc import Iterator
from weakref import WeakSet

from headrace import _core
from headrace.closing import Closing
from headrace.errors import InvalidArgument
from headrace.frame import Frame
from headrace.request import Request


class Files:
    """The files of a scan and of all that were derived from it, and who reads them."""

    __slots__ = ("closed", "native", "readers")

    def __init__(self, native: _core.ScanFiles) -> None:
        self.native = native
        self.readers: WeakSet[_core.ScanBatches] = WeakSet()
        self.closed = False

    def open(self, request: Request) -> _core.ScanBatches:
        if self.closed:
            raise InvalidArgument("the scan is closed", code="invalid_argument")
        opened = self.native.open(request.native())
        self.readers.add(opened)
        return opened

    def close(self) -> None:
        self.closed = True
        for reader in list(self.readers):
            reader.close()


class Batches(Iterator[Frame], Closing):
    """One pass over the rows of a scan: an iterator of Frames, in bounded memory.

    Threads read ahead as far as the memory limit of the scan allows and then wait. They stop when
    the iterator is closed, used up, or forgotten. Any thread may take the next batch, one at a
    time.
    """

    __slots__ = ("_batches",)

    def __init__(self, batches: _core.ScanBatches) -> None:
        self._batches = batches

    def __next__(self) -> Frame:
        batch = self._batches.next()
        if batch is None:
            raise StopIteration
        return Frame(batch)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows that are left as an Arrow stream, which takes them over."""
        return self._batches.__arrow_c_stream__(requested_schema)

    def close(self) -> None:
        """Stops the threads. Harmless when done again."""
        self._batches.close()
