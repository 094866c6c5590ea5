"""Each rule of tidy.py, broken once in a small tree and found."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tidy import check_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    write(tmp_path, "src/base/CMakeLists.txt", "headrace_module(base SOURCES good.cc)")
    write(tmp_path, "src/base/good.h", "#pragma once\nint Good();")
    write(tmp_path, "src/base/good.cc", '#include "base/good.h"\nint Good() { return 1; }')
    assert check_tree(tmp_path) == []
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text + "\n")


def add(root: Path, path: str, text: str) -> None:
    """A source, and the CMakeLists.txt that lists it."""
    write(root, path, text)
    folder = root / Path(*path.split("/")[:2])
    listing = folder / "CMakeLists.txt"
    name = (root / path).relative_to(folder).as_posix()
    listing.write_text((listing.read_text() if listing.is_file() else "") + f"list({name} )\n")


def found(root: Path) -> list[str]:
    return [f"{v.path}:{v.line}" for v in check_tree(root)]


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("src/base/up.cc", '"window/live.h"'),
        ("src/window/side.cc", '"scan/reader.h"'),
        ("src/delivery/up.cc", '"server/http.h"'),
        ("src/kernels/loop.cc", "<arrow/array.h>"),
        ("src/kernels/status.cc", '"headrace/status.h"'),
        ("src/codec/test_only.cc", '"testing/oracle.h"'),
        ("python/src/oracle.cc", '"testing/oracle.h"'),
    ],
)
def test_an_include_that_points_up(tree: Path, path: str, include: str) -> None:
    add(tree, path, f"// a line before\n#include {include}")
    assert found(tree) == [f"{path}:2"]


def test_a_public_header_that_leans_on_a_private_one(tree: Path) -> None:
    write(tree, "include/headrace/x.h", '#pragma once\n#include "base/good.h"')
    assert found(tree) == ["include/headrace/x.h:2"]


def test_includes_that_point_down_are_fine(tree: Path) -> None:
    add(
        tree,
        "src/server/http/page.cc",
        '#include "delivery/run.h"\n#include "codec/json.h"\n#include "headrace/x.h"',
    )
    add(tree, "src/window/live_test.cc", '#include "testing/oracle.h"')
    assert found(tree) == []


@pytest.mark.parametrize(
    "line",
    [
        "std::cout << 1;",
        'printf("x");',
        "std::abort();",
        "throw std::runtime_error(what);",
        "void* p = malloc(5);",
        "delete pointer;",
        "Thing* p = new Thing();",
        "std::this_thread::sleep_for(second);",
        "assert(false);",
        "using namespace std;",
    ],
)
def test_a_banned_call(tree: Path, line: str) -> None:
    add(tree, "src/base/bad.cc", f"void F() {{\n  {line}\n}}")
    assert found(tree) == ["src/base/bad.cc:2"]


def test_words_in_comments_and_strings_are_no_calls(tree: Path) -> None:
    add(
        tree,
        "src/base/talk.cc",
        '// never throw\n/* nor\n abort() */\nconst char* k = "printf(x)";',
    )
    add(tree, "src/base/gone.h", "#pragma once\nstruct S { S(const S&) = delete; };")
    add(
        tree,
        "src/base/owned.cc",
        "auto p = std::unique_ptr<S>(new S());\nauto q = new (place) S();",
    )
    assert found(tree) == []


def test_tests_and_front_doors_may_print(tree: Path) -> None:
    add(tree, "src/base/good_test.cc", "void F() { abort(); }")
    add(tree, "src/cli/main.cc", "void F() { exit(2); }")
    assert found(tree) == []


def test_a_long_file(tree: Path) -> None:
    add(tree, "src/base/long.cc", "int x;\n" * 501)
    assert found(tree) == ["src/base/long.cc:500"]


@pytest.mark.parametrize(
    "signature",
    [
        "int F(int a) {",
        "int F(int a,\n      int b) {",
        "C::C(int a)\n    : a_(a) {",
        "template <typename T>\nint F() noexcept {",
    ],
)
def test_a_long_function(tree: Path, signature: str) -> None:
    body = "  a += 1;\n\n  if (a) {\n    a = 2;\n  }\n" * 14
    add(tree, "src/base/long.cc", f"int short_one;\n{signature}\n{body}}}")
    add(tree, "src/base/right.cc", "int F() {\n" + body[: body.index("\n") + 1] * 68 + "}")
    assert len(found(tree)) == 1
    assert found(tree)[0] in ("src/base/long.cc:2", "src/base/long.cc:3")


def test_a_long_member_function(tree: Path) -> None:
    body = "    a_ += 1;\n" * 69
    head = "class C {\n public:\n  int F() { return 1; }\n  int G(\n      int b) {\n"
    text = f"{head}{body}  }}\n}};"
    add(tree, "src/base/long.cc", text)
    assert found(tree) == ["src/base/long.cc:4"]


def test_a_long_python_function(tree: Path) -> None:
    write(tree, "tools/long.py", "def f():\n" + "    pass\n" * 71)
    assert found(tree) == ["tools/long.py:1"]


def test_a_header_without_its_guard_or_with_a_heavy_include(tree: Path) -> None:
    add(tree, "src/base/open.h", "int x;")
    add(
        tree,
        "src/server/wide.h",
        "#pragma once\n#include <boost/beast.hpp>\n#include <arrow/api.h>",
    )
    assert found(tree) == ["src/base/open.h:1", "src/server/wide.h:2", "src/server/wide.h:3"]


@pytest.mark.parametrize("name", ["utils", "string_helpers", "common"])
def test_a_vague_name(tree: Path, name: str) -> None:
    add(tree, f"src/base/{name}.h", "#pragma once")
    assert found(tree) == [f"src/base/{name}.h:1"]


def test_unfinished_work_and_paths_of_one_machine(tree: Path) -> None:
    write(tree, "docs/page.md", "first\nTO" + "DO: later\nsee /ro" + "ot/notes")
    assert found(tree) == ["docs/page.md:2", "docs/page.md:3"]


def test_a_source_that_nothing_builds(tree: Path) -> None:
    write(tree, "src/base/forgotten.cc", "int x;")
    assert found(tree) == ["src/base/forgotten.cc:1"]


def test_too_many_public_headers(tree: Path) -> None:
    for i in range(21):
        write(tree, f"include/headrace/h{i}.h", "#pragma once")
    assert found(tree) == ["include/headrace:1"]


def test_messages_say_file_line_and_why(tree: Path) -> None:
    add(tree, "src/base/bad.cc", "void F() { throw 1; }")
    assert str(check_tree(tree)[0]).startswith("src/base/bad.cc:1: `throw`: ")
