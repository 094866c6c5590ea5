"""One exception class for each kind of failure that a caller may want to tell apart.

Which kind has which class is said in one table, src/base/error_code.cc; HTTP status, SQLSTATE and
exit code of a failure stand in the same row. Messages are for people and may change; `code` is
stable.
"""

from collections.abc import Sequence


class HeadraceError(Exception):
    """Any failure that Headrace reports. The base of all classes here.

    Attributes:
        code: the kind of failure, such as "type_mismatch"; stable, part of the API.
        location: where in the input the fault lies, outermost first, such as
            ("data", "3", "temperature"); empty if the message alone says it.
    """

    code: str
    location: tuple[str, ...]

    def __init__(
        self, message: str = "", *, code: str = "internal", location: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.location = tuple(location)

    def __str__(self) -> str:
        # Not the base's: KeyError would show the message as a quoted literal.
        return str(self.args[0]) if self.args else ""


class InvalidArgument(HeadraceError, ValueError):
    """A value that breaks a documented rule: a window of 0 rows, an unknown statistic, ..."""


class MalformedBody(HeadraceError, ValueError):
    """Bytes that do not parse at all."""


class TypeMismatch(HeadraceError, TypeError):
    """A value whose type does not fit its column."""


class UnknownName(HeadraceError, KeyError):
    """No buffer or column of that name."""


class NameExists(HeadraceError):
    """The name is taken."""


class SqlSyntaxError(HeadraceError, ValueError):
    """SQL that does not parse; `location` has line and column."""


class ConstraintViolation(HeadraceError, ValueError):
    """A row that breaks a key, a check or NOT NULL."""


class Conflict(HeadraceError):
    """Another transaction changed the same rows; trying again may do."""


class PermissionDenied(HeadraceError, PermissionError):
    """What SQL may not do on this server: files, extensions, settings, writes."""


class TooLarge(HeadraceError):
    """An input is over one of its limits."""


class MemoryLimit(HeadraceError, MemoryError):
    """The memory budget refuses; the message says who holds what."""


class Unavailable(HeadraceError, ConnectionError):
    """The server cannot be reached, is stopping, or has too many connections."""


class Timeout(HeadraceError, TimeoutError):
    """A deadline passed."""


class Cancelled(HeadraceError):
    """The work was cancelled."""


class CorruptFile(HeadraceError, ValueError):
    """A file's bytes are not what its format says; `location` is path, row group and column."""


class HeadraceIOError(HeadraceError, OSError):
    """A file or a socket failed."""
