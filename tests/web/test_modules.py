"""The pages' pure modules, under Node (tests/web/*/*.test.js).

`house`: the desk, the display and the rostrum. `office`: the administration, the operator's page
and the list of events. `shared`: what all pages share, and the donor's.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ANSWER_S = 60.0


@pytest.mark.parametrize("folder", ["house", "office", "shared"])
def test_pure_modules_hold(folder: str) -> None:
    files = [str(path) for path in sorted((HERE / folder).glob("*.test.js"))]
    assert files
    ran = subprocess.run(
        ["node", "--test", *files], capture_output=True, text=True, timeout=ANSWER_S, check=False
    )
    assert ran.returncode == 0, ran.stdout
