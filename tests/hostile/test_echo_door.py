"""The echo as a program: it says where it is, serves a client of another make, and stops."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import partial

import pytest
import trio

from tests.e2e.server import ROOT
from tests.tools.echo_door import ECHO_PATH

ADDRESS = re.compile(rb"echo on (ws://127\.0\.0\.1:\d+/ws/echo)\n")
BOUND_S = 30.0


@pytest.mark.parametrize(
    ("program", "stop"),
    [
        (["-m", "tests.tools.echo_door"], signal.SIGTERM),
        (["tests/tools/echo_door.py"], signal.SIGINT),
    ],
    ids=["module", "file"],
)
async def test_a_client_of_another_make_gets_its_echo(
    program: Sequence[str], stop: signal.Signals
) -> None:
    with trio.fail_after(BOUND_S):
        async with trio.open_nursery() as nursery:
            serve = partial(trio.run_process, stdout=subprocess.PIPE, cwd=ROOT)
            echo: trio.Process = await nursery.start(serve, [sys.executable, *program])
            assert echo.stdout is not None
            printed = b""
            while not (found := ADDRESS.fullmatch(printed)):
                printed += await echo.stdout.receive_some()
            assert found[1].endswith(ECHO_PATH.encode())
            script = ROOT / "tests" / "hostile" / "echo.mjs"
            await trio.run_process(["node", str(script), found[1].decode()])
            echo.send_signal(stop)
