"""Every check of schemathesis over the whole API, as an admin, as a donor and as nobody.

The server is real and on a socket; what one request makes or lists, later ones ask for, so that
they reach past UNKNOWN_EVENT. The run is that of `schemathesis run --checks all …/openapi.json`,
with a seed, fewer examples and without the slow phase that goes through every bound of every value.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import trio

from saleroom.http.services import ApiLimits
from saleroom.protocol.session import SessionLimits
from tests.http.house import House, open_house
from tests.http.wire import open_door

ROOT = Path(__file__).parent.parent.parent
PROGRAM = (sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file")
RUN = (
    *("run", "--checks", "all", "--seed", "7", "--warnings", "off", "--max-examples", "2"),
    "--generation-deterministic",
)
RUN_S = 180.0  # ten seconds' work, on a machine that does other things
UNHURRIED = ApiLimits(
    commands=SessionLimits(donor_rate=1e4, donor_burst=1e4, staff_rate=1e4, staff_burst=1e4)
)


SETTINGS = (ROOT / "schemathesis.toml").read_text(encoding="utf-8")


async def stage(house: House) -> None:
    """Run a sale, so that lists are not empty and what is found in them is asked for."""
    event = await house.sale(mode="silent")
    await house.command(event, "ann", "place_bid", lot=1, amount=10_000)


@pytest.mark.parametrize(
    ("who", "phases"),
    [("admin", "examples,fuzzing,stateful"), ("ann", "examples,stateful"), (None, "examples")],
)
async def test_it_finds_nothing(who: str | None, phases: str, tmp_path: Path) -> None:
    signed_in = ("--header", f"Authorization: Bearer {who}") if who else ()
    async with (
        open_house(limits=UNHURRIED, guard_s=RUN_S) as house,
        open_door(app=house.app, guard_s=RUN_S) as running,
    ):
        settings = tmp_path / "schemathesis.toml"
        settings.write_text(SETTINGS.replace('"tests/', f'"{ROOT}/tests/'), encoding="utf-8")
        await stage(house)
        url = f"http://127.0.0.1:{running.port}/openapi.json"
        run = await trio.run_process(
            [*PROGRAM, str(settings), *RUN, "--phases", phases, *signed_in, url],
            capture_stdout=True,
            stderr=subprocess.STDOUT,
            check=False,
            cwd=tmp_path,
        )
    assert run.returncode == 0, run.stdout.decode()
