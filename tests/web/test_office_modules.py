"""The pure modules of the office and the list of events, under Node (tests/web/office/*.js)."""

from __future__ import annotations

import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent / "office"
ANSWER_S = 60.0


def test_they_hold() -> None:
    files = [str(path) for path in sorted(FOLDER.glob("*.test.js"))]
    assert files
    ran = subprocess.run(
        ["node", "--test", *files], capture_output=True, text=True, timeout=ANSWER_S, check=False
    )
    assert ran.returncode == 0, ran.stdout
