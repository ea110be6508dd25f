"""The pure modules that all pages share, and the donor's, under Node (tests/web/shared/*.js)."""

from __future__ import annotations

import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent / "shared"
ANSWER_S = 60.0


def test_they_hold() -> None:
    files = [str(path) for path in sorted(FOLDER.glob("*.test.js"))]
    assert files
    ran = subprocess.run(
        ["node", "--test", *files], capture_output=True, text=True, timeout=ANSWER_S, check=False
    )
    assert ran.returncode == 0, ran.stdout
