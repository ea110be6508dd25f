"""The demo's processor of cards: localstripe, where it is installed, on loopback.

Owns: its process. Invariant: it listens on loopback alone, keeps nothing on disk and ends with the
block; it runs in an environment of its own, since it needs other libraries than we do. Must not
know: what is charged. Source: https://github.com/adrienverge/localstripe, issue 8 point 2.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import trio

COMMAND: Final = "localstripe"
FOLDER: Final = Path(__file__).resolve().parents[1] / ".venv-localstripe"
"""Where `make install-tests` puts it, beside the package in a checkout."""
LOOPBACK: Final = "127.0.0.1"
START_S: Final = 20.0
CHECK_S: Final = 0.1
ANSWER_S: Final = 10.0
SECRET_KEY, PUBLISHABLE_KEY = "sk_test_demo", "pk_test_demo"
_LAUNCH: Final = """
import sys
from aiohttp import web
from localstripe import resources, server
resources.store.dump_to_disk = lambda: None
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""


def localstripe_python() -> Path | None:
    """Find the interpreter that localstripe is installed for, None where it is not."""
    found = shutil.which(COMMAND)
    for script in (FOLDER / "bin" / COMMAND, None if found is None else Path(found)):
        if script is not None and script.is_file():
            python = script.parent / "python"
            return python if python.is_file() else None
    return None


@asynccontextmanager
async def open_localstripe(python: Path) -> AsyncIterator[str]:
    """Run it for the length of the block; give its address. Raises OSError if it does not start."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    process = await trio.lowlevel.open_process(
        [str(python), "-c", _LAUNCH, str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", "")},
        start_new_session=True,
    )
    try:
        await _until_up(process, port)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


async def complete_setup(api_base: str, setup: str, client_secret: str) -> None:
    """Give a setup the card 4242, as the processor's library does in a browser. Raises OSError."""
    card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2040", "cvc": "123"}
    fields = {f"payment_method_data[card][{name}]": value for name, value in card.items()}
    fields |= {
        "payment_method_data[type]": "card",
        "client_secret": client_secret,
        "key": PUBLISHABLE_KEY,
    }
    async with httpx.AsyncClient(base_url=api_base, timeout=ANSWER_S) as client:
        try:
            answer = await client.post(f"/v1/setup_intents/{setup}/confirm", data=fields)
        except httpx.HTTPError as error:
            raise OSError(f"localstripe: {type(error).__name__}") from None
    if answer.status_code != httpx.codes.OK:
        raise OSError(f"localstripe refused a card: {answer.status_code}")


async def _until_up(process: trio.Process, port: int) -> None:
    """Wait until somebody listens."""
    with trio.move_on_after(START_S):
        while process.poll() is None:
            try:
                stream = await trio.open_tcp_stream(LOOPBACK, port)
            except OSError:
                await trio.sleep(CHECK_S)
                continue
            await stream.aclose()
            return
    raise OSError("localstripe does not start")
