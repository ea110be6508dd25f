"""What the commands share: how they are described, how they fail, and how they speak.

Owns: `Failure`, and the line with the time before it. Knows no command.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import trio

from saleroom.config import read_settings
from saleroom.http.accounts.tokens import SecretKey, TokenIssuer, load_or_create_secret
from saleroom.storage.embedded_home import default_data_folder

Commands = Any
"""What `add_subparsers` gives; argparse has no public name for it."""


class Failure(Exception):
    """The command failed; the text is one line for the person who called it."""


def add_command(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    help: str,
    *examples: str,
) -> argparse.ArgumentParser:
    """Describe one command; `run` gets its arguments and gives the exit status."""
    shown = "\n".join(("examples:", *(f"  saleroom {example}" for example in examples)))
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help,
        description=help,
        epilog=shown,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def say(line: str) -> None:
    """Print a line with the time before it, at once."""
    print(f"{datetime.now().astimezone():%H:%M:%S} {line}", flush=True)


def first_error(error: BaseException) -> BaseException:
    """Give the first error inside groups of errors."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def one_line(error: BaseException) -> str:
    """Tell an error in one line: its first, and the last after it where the first announces it."""
    first, *more = str(error).splitlines() or [repr(error)]
    return f"{first} {more[-1].strip()}" if more and first.endswith(":") else first


def run_async(body: Callable[[], Awaitable[None]]) -> None:
    """Run a command's body to its end; an interrupt or a closed pipe comes out of its groups."""
    try:
        trio.run(body)
    except* (KeyboardInterrupt, BrokenPipeError) as group:
        raise first_error(group) from None


def local_issuer() -> TokenIssuer:
    """Give what signs with this machine's own secret. Raises Failure, BadSetting, SecretRefused."""
    settings = read_settings(os.environ)
    if settings.secret is not None:
        return TokenIssuer(SecretKey(settings.secret), time.time)
    folder = settings.data_dir or default_data_folder()
    if not folder.is_dir():
        raise Failure(f"no secret in {folder}: start a server first, or set SALEROOM_SECRET")
    try:
        return TokenIssuer(load_or_create_secret(folder), time.time)
    except OSError as error:
        raise Failure(f"the secret in {folder} cannot be read: {error.strerror}") from None
