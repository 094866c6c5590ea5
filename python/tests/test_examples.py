"""The programs of examples/ that need no server."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]


def test_bounded_scan(tmp_path: Path) -> None:
    picture = tmp_path / "curve.svg"
    example = ROOT / "examples" / "bounded_scan.py"
    ran = subprocess.run(
        [sys.executable, example, "--limit", "16MB", "--picture", picture],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert "5,000,000 rows, limit 16 MB" in ran.stdout
    assert "1,000 groups" in ran.stdout
    assert ElementTree.parse(picture).getroot().tag.endswith("svg")
