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
from importlib import import_module

from saleroom.cli_shared import Failure
from saleroom.config import BadSetting
from saleroom.http.accounts.tokens import SecretRefused

MODULES = {
    "saleroom.cli_server": ("serve", "demo", "token"),
    "saleroom.cli_client": ("watch", "bid", "tree"),
    "saleroom.cli_history": ("replay", "audit", "export", "import", "rehearse"),
    "saleroom.cli_keeping": ("backup", "restore"),
    "saleroom.cli_accounts": ("admin",),
    "saleroom.cli_privacy": ("erase",),
}
"""{module: its commands}; a server that must be back in a second imports no more than its own."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; give its exit status."""
    given = sys.argv[1:] if argv is None else argv
    arguments = make_parser(given[0] if given else None).parse_args(given)
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


def make_parser(command: str | None = None) -> argparse.ArgumentParser:
    """Describe every command with examples, or only those of the module of one."""
    parser = argparse.ArgumentParser(
        prog="saleroom",
        description="A real-time auction server for galas, live and silent sales.",
        epilog="Try `saleroom demo`, and then the commands that it prints.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    wanted = [module for module, names in MODULES.items() if command in names]
    for module in wanted or MODULES:
        import_module(module).add_commands(commands)
    return parser
