#!/usr/bin/env python3
"""Holds the tree to its own rules: layers, sizes, banned calls, names, headers, builds.

usage: tools/tidy.py [ROOT]

Prints `file:line: message` for each violation; exit status 1 if there is one.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Bottom first. An include may point down; wings stand side by side and do not know each other.
LAYERS = [
    {"base"},
    {"kernels"},
    {"expr"},
    {"shape", "codec"},
    {"window", "scan", "bars", "sql"},
    {"catalog"},
    {"delivery"},
    {"server"},
    {"cli", "python"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
TEST_FOLDERS = {"testing"}

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70
MAX_PUBLIC_HEADERS = 20
VAGUE_NAMES = re.compile(r"(^|[_-])(utils?|helpers?|common|misc)([_-]|$)", re.IGNORECASE)

LIBRARY = ("include/", "src/")
FRONT_DOORS = ("src/cli/",)


@dataclass(frozen=True)
class Ban:
    pattern: re.Pattern[str]
    why: str
    but: tuple[str, ...] = ()  # where it is allowed


BANS = [
    Ban(
        re.compile(r"\bstd::(cout|cerr)\b|\b(printf|puts)\s*\("),
        "the library does not print",
        FRONT_DOORS,
    ),
    Ban(
        re.compile(r"\b(abort|exit|_exit|terminate)\s*\("),
        "the library does not end the process",
        FRONT_DOORS,
    ),
    Ban(re.compile(r"\bthrow\b"), "the library does not throw: return a Status"),
    Ban(
        re.compile(r"\b(malloc|calloc|realloc|free)\s*\("), "memory is drawn from the MemoryBudget"
    ),
    Ban(re.compile(r"\bdelete\b(?!\s*;)"), "values and unique_ptr own memory"),
    Ban(
        re.compile(r"^(?!.*(_ptr<|\breset\()).*\bnew\s+[A-Za-z:]"),
        "what is new goes into a smart pointer in the same line",
    ),
    Ban(re.compile(r"\bsleep_for\b|\busleep\s*\(|\bsleep\s*\("), "wait for an event, not for time"),
    Ban(re.compile(r"\bassert\s*\(\s*(false|0)\b"), "an unreachable place returns kInternal"),
    Ban(re.compile(r"\b(strcpy|sprintf|atoi|rand|gets)\s*\("), "unsafe or unchecked"),
    Ban(
        re.compile(r"\busing namespace\b(?! hn\b)"),
        "names say where they come from",
        ("src/kernels/",),
    ),
]
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|root|home/\w+)/")
HEAVY_IN_HEADERS = re.compile(r"<(boost/beast|arrow/api\.h|simdjson|CLI/|toml\+\+|spdlog/(?!fwd))")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
NO_STATEMENT = re.compile(r"\s*(#|//|}|$)")


@dataclass(frozen=True)
class Violation:
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def tracked(root: Path) -> list[str]:
    """Files that git tracks or would track, as they are in the working tree."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [name for name in sorted(set(listed.stdout.splitlines())) if (root / name).is_file()]


def is_test(path: str) -> bool:
    stem = Path(path).stem
    return stem.endswith(("_test", "_benchmark")) or module_of(path) in TEST_FOLDERS


def module_of(path: str) -> str | None:
    parts = path.split("/")
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    return "python" if path.startswith("python/src/") else None


def without_comments(lines: Iterable[str]) -> Iterator[str]:
    """Lines with comments and string literals blanked, so that words in them do not count."""
    inside = False
    for line in lines:
        if inside:
            end = line.find("*/")
            line, inside = (line[end + 2 :], False) if end >= 0 else ("", True)
        line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
        line = re.sub(r"//.*", "", line)
        line = re.sub(r"/\*.*?\*/", "", line)
        start = line.find("/*")
        if start >= 0:
            line, inside = line[:start], True
        yield line


def check_layers(path: str, lines: list[str]) -> Iterator[Violation]:
    module = module_of(path)
    if path.startswith("include/"):
        for number, line in enumerate(lines, 1):
            found = INCLUDE.match(line)
            if found and found[1] == '"' and not found[2].startswith("headrace/"):
                yield Violation(path, number, "a public header includes public headers only")
    if module not in RANK or is_test(path):
        return
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if not found or found[1] == "<":
            if found and module == "kernels" and found[2].startswith("arrow/"):
                yield Violation(path, number, "kernels know no Arrow")
            continue
        target = found[2].split("/")[0]
        if target in TEST_FOLDERS:
            yield Violation(path, number, f"only tests include {target}/")
        if module == "kernels" and found[2] == "headrace/status.h":
            yield Violation(path, number, "kernels know no Status")
        if target not in RANK or target == module:
            continue
        if RANK[target] > RANK[module]:
            yield Violation(
                path, number, f"{module} is below {target}: an include points down only"
            )
        elif RANK[target] == RANK[module]:
            yield Violation(path, number, f"{module} and {target} stand side by side")


def check_bans(path: str, lines: list[str]) -> Iterator[Violation]:
    if not path.startswith(LIBRARY) or not path.endswith((".h", ".cc")) or is_test(path):
        return
    for number, line in enumerate(without_comments(lines), 1):
        for ban in BANS:
            if not path.startswith(ban.but or ("\0",)) and ban.pattern.search(line):
                yield Violation(path, number, f"`{ban.pattern.search(line)[0].strip()}`: {ban.why}")


def check_headers(path: str, lines: list[str]) -> Iterator[Violation]:
    if not path.endswith(".h") or is_test(path):
        return
    if not path.endswith("-inl.h") and not any(line.startswith("#pragma once") for line in lines):
        yield Violation(path, 1, "a header begins with #pragma once")
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if found and HEAVY_IN_HEADERS.search(f"<{found[2]}"):
            yield Violation(path, number, f"{found[2]} is heavy: include it in a .cc")


def check_sizes(path: str, lines: list[str]) -> Iterator[Violation]:
    if len(lines) > MAX_FILE_LINES and path.endswith((".h", ".cc", ".py")):
        yield Violation(path, MAX_FILE_LINES, f"{len(lines)} lines, at most {MAX_FILE_LINES}")
    if path.endswith(".py"):
        yield from _python_functions(path, lines)
    elif path.endswith((".h", ".cc")) and not is_test(path):
        yield from _cpp_functions(path, lines)


def _python_functions(path: str, lines: list[str]) -> Iterator[Violation]:
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield Violation(
                    path,
                    node.lineno,
                    f"{node.name} has {length} lines, at most {MAX_FUNCTION_LINES}",
                )


def _cpp_functions(path: str, lines: list[str]) -> Iterator[Violation]:
    """Bodies at the top, and those of a class's members."""
    outer = list(_blocks(lines, ""))
    inner = [block for block in _blocks(lines, "  ") if not any(block[0] in o for o in outer)]
    for block in (*outer, *inner):
        if len(block) > MAX_FUNCTION_LINES:
            message = f"a function of {len(block)} lines, at most {MAX_FUNCTION_LINES}"
            yield Violation(path, block[0], message)


def _blocks(lines: list[str], indent: str) -> Iterator[range]:
    """By clang-format's layout: a brace alone ends what the last statement of its column began."""
    start = 1
    for number, line in enumerate(lines, 1):
        if _begins(line, indent):
            start = number
        elif line == indent + "}":
            yield range(start, number + 1)


def _begins(line: str, indent: str) -> bool:
    """Whether a statement begins in this line at this depth."""
    return (
        line.startswith(indent)
        and not line[len(indent) :].startswith(" ")
        and not NO_STATEMENT.match(line)
    )


def check_text(path: str, lines: list[str]) -> Iterator[Violation]:
    if VAGUE_NAMES.search(Path(path).stem):
        yield Violation(path, 1, "a file is named for what it holds, not utils, helpers or common")
    if path.startswith("tools/tidy"):
        return
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            yield Violation(path, number, "unfinished work belongs into an issue")
        if MACHINE_PATH.search(line):
            yield Violation(path, number, "a path of one machine")


def check_built(root: Path, paths: list[str]) -> Iterator[Violation]:
    """Every source is listed in the CMakeLists.txt of its folder or of one above it."""
    for path in paths:
        if not path.endswith(".cc") or not path.startswith(("src/", "python/src/", "bench/")):
            continue
        folder = (root / path).parent
        while folder != root:
            listing = folder / "CMakeLists.txt"
            name = re.escape((root / path).relative_to(folder).as_posix())
            if listing.is_file() and re.search(rf"(^|[\s(]){name}($|[\s)])", listing.read_text()):
                break
            folder = folder.parent
        else:
            yield Violation(path, 1, "no CMakeLists.txt builds it")


def check_public_headers(paths: list[str]) -> Iterator[Violation]:
    public = [path for path in paths if path.startswith("include/headrace/")]
    if len(public) > MAX_PUBLIC_HEADERS:
        yield Violation(
            "include/headrace", 1, f"{len(public)} public headers, at most {MAX_PUBLIC_HEADERS}"
        )


TEXT_ENDINGS = (
    ".h",
    ".cc",
    ".py",
    ".pyi",
    ".sh",
    ".md",
    ".txt",
    ".cmake",
    ".toml",
    ".json",
    ".ts",
    ".tsx",
    ".go",
)


def check_tree(root: Path) -> list[Violation]:
    paths = tracked(root)
    violations = [*check_built(root, paths), *check_public_headers(paths)]
    for path in paths:
        if not path.endswith(TEXT_ENDINGS) or path.endswith("package-lock.json"):
            continue
        lines = (root / path).read_text(encoding="utf-8").splitlines()
        for check in (check_layers, check_bans, check_headers, check_sizes, check_text):
            violations += check(path, lines)
    return violations


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    violations = check_tree(root)
    for violation in violations:
        print(violation)
    print(f"tidy: {len(violations)} violations" if violations else "tidy: the tree keeps its rules")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
