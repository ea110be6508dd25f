"""The command line.

Owns: the list of commands and what becomes of their failures. Invariant: an error is one line on
stderr that says what to do; exit 0 is success, 1 a refusal or a failure, 2 a wrong call.
Source: ARCHITECTURE 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from saleroom import cli_client, cli_history, cli_keeping, cli_server
from saleroom.cli_shared import Failure
from saleroom.config import BadSetting
from saleroom.http.tokens import SecretRefused


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; give its exit status."""
    arguments = make_parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except (BadSetting, SecretRefused, Failure) as error:
        print(f"saleroom: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def make_parser() -> argparse.ArgumentParser:
    """Describe every command, with examples."""
    parser = argparse.ArgumentParser(
        prog="saleroom",
        description="A real-time auction server for galas, live and silent sales.",
        epilog="Try `saleroom demo`, and then the commands that it prints.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    cli_server.add_commands(commands)
    cli_client.add_commands(commands)
    cli_history.add_commands(commands)
    cli_keeping.add_commands(commands)
    return parser
