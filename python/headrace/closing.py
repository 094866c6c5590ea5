"""What has an end: closed by `with`."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Closing(ABC):
    """Is closed where its `with` block ends, however it ends."""

    __slots__ = ()

    @abstractmethod
    def close(self) -> None:
        """What the end of the block does."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
