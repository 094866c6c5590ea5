"""The package as a whole: names, types, version, the command."""

import ast
import importlib.metadata
import inspect
import re
import subprocess
import sys
from pathlib import Path

import headrace as hr
from conftest import ROOT
from headrace import _core
from headrace.__main__ import program

PACKAGE = ROOT / "python" / "headrace"


def test_public_names_are_there_and_documented() -> None:
    for name in hr.__all__:
        assert hasattr(hr, name)
        if name != "__version__":
            assert getattr(hr, name).__doc__, name
    for kind in (hr.Buffer, hr.RemoteBuffer, hr.Client, hr.Frame, hr.LiveBuffer):
        for name, member in inspect.getmembers(kind):
            if not name.startswith("_"):
                assert inspect.getdoc(member), f"{kind.__name__}.{name}"


def test_both_buffers_have_the_methods_of_the_protocol_with_its_arguments() -> None:
    for name, member in inspect.getmembers(hr.LiveBuffer, inspect.isfunction):
        if name.startswith("_"):
            continue
        expected = str(inspect.signature(member)).replace('"', "")
        for kind in (hr.Buffer, hr.RemoteBuffer):
            got = str(inspect.signature(getattr(kind, name))).replace('"', "")
            assert re.sub(r"headrace\.\w+\.|'", "", got) == re.sub(
                r"headrace\.\w+\.|'", "", expected
            ), f"{kind.__name__}.{name}"


def test_the_stub_names_what_the_module_has() -> None:
    tree = ast.parse((PACKAGE / "_core.pyi").read_text())
    stubbed = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    public = {name for name in vars(_core) if not name.startswith("_")}
    assert public == set(stubbed) | functions
    for name, node in stubbed.items():
        members = {entry.name for entry in node.body if isinstance(entry, ast.FunctionDef)}
        kind = getattr(_core, name)
        assert {m for m in vars(kind) if not m.startswith("_")} == {
            m for m in members if not m.startswith("_")
        }, name
        assert all(hasattr(kind, member) for member in members)


def test_one_version_everywhere() -> None:
    declared = re.search(
        r"project\(headrace VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text()
    )
    assert declared is not None
    assert hr.__version__ == declared[1]


def test_built_against_the_pyarrow_that_is_here() -> None:
    pinned = re.search(r'"pyarrow==([0-9.]+)"', (ROOT / "pyproject.toml").read_text())
    assert pinned is not None
    installed = importlib.metadata.version("pyarrow")
    assert installed.split(".")[:2] == pinned[1].split(".")[:2]


def test_importing_is_light() -> None:
    """pyarrow, Polars and pandas are imported by whoever asks for them, not before."""
    code = "import sys, headrace; print({'pyarrow', 'polars', 'pandas'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_nothing_is_left_at_exit() -> None:
    """nanobind reports instances, types and functions that outlive the interpreter."""
    code = (
        "import headrace as hr; b = hr.Buffer(); b.append({'x': 1.0, 's': 'a'})\n"
        "p = hr.FeaturePlan(); f = b.features(p); v = b.latest_vector(p); t = f.to_arrow()\n"
        "try: b.append({'x': 'a'})\n"
        "except hr.TypeMismatch: pass"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr == ""


def test_the_command_is_the_program() -> None:
    assert program().exists()
    run = subprocess.run(
        [sys.executable, "-m", "headrace", "--version"], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert hr.__version__ in run.stdout


def test_no_file_of_the_package_is_forgotten_in_the_build_tree() -> None:
    imported = Path(hr.__file__).parent
    for file in PACKAGE.iterdir():
        if file.suffix in (".py", ".pyi", ".typed"):
            assert (imported / file.name).exists(), f"run tools/link_python.sh: {file.name}"
