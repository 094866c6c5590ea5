"""What a scan tells of itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Skip:
    """What one rule leaves unread.

    Attributes:
        rule: "statistics", "bloom filter", "dictionary" or "page index".
        row_groups: left out as a whole.
        pages: left out of the others.
        rows: of both.
    """

    rule: str
    row_groups: int
    pages: int
    rows: int


@dataclass(frozen=True, slots=True)
class Written:
    """What a sink has written."""

    rows: int
    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a scan reads its files; `str()` says it for people.

    Attributes:
        num_files, num_row_groups, num_rows: all there are.
        read_row_groups, read_rows: those that have to be looked at.
        skips: what is left out and why, in the order in which the rules are applied.
        columns: that are given out.
        filter_columns: that are read first, the others only where rows are left.
        num_threads: that read.
        batch_bytes: size of a batch, at most where no row is larger.
        memory_bytes: what the scan expects to hold at most.
        pages_read_again: pages are unpacked more than once, to keep the memory limit.
    """

    num_files: int
    num_row_groups: int
    num_rows: int
    read_row_groups: int
    read_rows: int
    skips: tuple[Skip, ...]
    columns: tuple[str, ...]
    filter_columns: tuple[str, ...]
    num_threads: int
    batch_bytes: int
    memory_bytes: int
    pages_read_again: bool
    text: str

    def __str__(self) -> str:
        return self.text
