"""The command line.

Owns: commands, their arguments, and what they print. Invariant: an error is one line on stderr that
says what to do; exit 0 is success, 1 a refusal or failure, 2 a wrong call. Source: ARCHITECTURE 1.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import trio
from trio.testing import MockClock

from saleroom import demo, demo_gala, rehearsal
from saleroom.app import Server, open_server
from saleroom.auction.roles import Role
from saleroom.client import Message, NoAnswer, SaleClosed, event_url, open_client
from saleroom.config import BadSetting, Settings, read_settings, settings_help
from saleroom.http.tokens import SecretKey, SecretRefused, TokenIssuer, load_or_create_secret
from saleroom.logs import set_up_logs
from saleroom.storage.embedded_home import EmbeddedPostgresFailed, default_data_folder
from saleroom.storage.migrate import MigrationError
from saleroom.story import Story
from saleroom.supervisor import SupervisorFailed

SERVER_DEFAULT = "http://127.0.0.1:8080"
FETCH_S = 10.0


class Failure(Exception):
    """The command failed; the text is one line for the person who called it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; give its exit status."""
    parser = make_parser()
    arguments = parser.parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except (BadSetting, SecretRefused, Failure) as error:
        print(f"saleroom: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def make_parser() -> argparse.ArgumentParser:
    """Describe every command, with examples."""
    parser = argparse.ArgumentParser(
        prog="saleroom",
        description="A real-time auction server for galas, live and silent sales.",
        epilog="Try `saleroom demo`, and then the commands that it prints.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(
        name: str, run: Callable[[argparse.Namespace], int], help: str, *examples: str
    ) -> argparse.ArgumentParser:
        shown = "\n".join(("examples:", *(f"  saleroom {example}" for example in examples)))
        command = commands.add_parser(
            name,
            help=help,
            description=help,
            epilog=shown,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(run=run)
        return command

    serve = add("serve", _serve, "Run the server until interrupted.", "serve", "serve --settings")
    serve.add_argument("--settings", action="store_true", help="list the settings and exit")

    gala = add("demo", _demo, "Run a server with a whole gala on it.", "demo", "demo --quiet-room")
    gala.add_argument("--quiet-room", action="store_true", help="leave the simulated donors out")

    token = add(
        "token",
        _token,
        "Print a signed token.",
        "token --sub ann --role donor",
        "token --sub gus --role auctioneer --event gala-1f2e --ttl 3600",
    )
    token.add_argument("--sub", required=True, metavar="USER", help="whom it stands for")
    roles = [role.value for role in Role]
    token.add_argument("--role", action="append", required=True, choices=roles)
    token.add_argument("--event", action="append", help="narrow staff roles to this event")
    token.add_argument("--ttl", type=_seconds, default=3600, help="seconds, 3600 by default")

    watch = add(
        "watch",
        _watch,
        "Follow an event, one line per fact.",
        "watch gala-1f2e",
        "watch E --as ann",
    )
    watch.add_argument("event")
    _add_client(watch)

    bid = add(
        "bid",
        _bid,
        "Place one bid; amounts are in the minor unit (cents).",
        "bid gala-1f2e 3 25000 --as ada.berg",
        "bid gala-1f2e 3 80000 --max --as ada.berg",
    )
    bid.add_argument("event")
    bid.add_argument("lot", type=int)
    bid.add_argument("amount", type=int)
    bid.add_argument("--max", action="store_true", help="leave a secret maximum instead")
    _add_client(bid)

    tree = add("tree", _tree, "Show the supervision tree of a running server.", "tree")
    _add_client(tree, role=Role.OPERATOR.value)

    rehearse = add(
        "rehearse",
        _rehearse,
        "Play scenario files in virtual time and check what they expect.",
        "rehearse evening.json",
    )
    rehearse.add_argument("files", nargs="+", type=Path, metavar="FILE")
    return parser


def _add_client(command: argparse.ArgumentParser, role: str = Role.DONOR.value) -> None:
    command.add_argument("--server", default=SERVER_DEFAULT, help=f"{SERVER_DEFAULT} by default")
    command.add_argument("--token", help="a token to present")
    command.add_argument(
        "--as",
        dest="user",
        metavar="USER",
        help="sign a token with this machine's own secret instead",
    )
    command.add_argument("--role", default=role, choices=[r.value for r in Role])


# Servers


def _serve(arguments: argparse.Namespace) -> int:
    if arguments.settings:
        print(settings_help())
        return 0
    settings = read_settings(os.environ)
    set_up_logs(settings.log_level, settings.log_format)
    return _run_server(settings, _announce_server)


def _demo(arguments: argparse.Namespace) -> int:
    settings = read_settings(os.environ)
    set_up_logs("WARNING", settings.log_format)

    async def gala(server: Server) -> None:
        event = await demo.create_gala(server)
        room = demo.Room(server, event, _say)
        _announce_demo(server, room)
        await room.run(with_donors=not arguments.quiet_room)

    return _run_server(settings, gala)


def _run_server(settings: Settings, then: Callable[[Server], Any]) -> int:
    async def run() -> None:
        async with open_server(settings) as server, trio.open_nursery() as nursery:
            nursery.start_soon(_stop_on_signal, server, nursery.cancel_scope)
            async with trio.open_nursery() as serving:
                await serving.start(server.run)
                nursery.start_soon(then, server)
            nursery.cancel_scope.cancel()

    try:
        trio.run(run)
    except* (SupervisorFailed, EmbeddedPostgresFailed, MigrationError, OSError) as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise Failure(str(error.__cause__ or error).splitlines()[0]) from None
    return 0


async def _stop_on_signal(server: Server, scope: trio.CancelScope) -> None:
    """Stop in order at the first signal, at once at the second."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        asked = False
        async for _ in signals:
            if asked:
                scope.cancel()
                return
            asked = True
            await server.stop()


async def _announce_server(server: Server) -> None:
    _say(f"serving on http://{server.settings.host}:{server.port}, data in {server.folder}")
    await trio.lowlevel.checkpoint()


def _announce_demo(server: Server, room: demo.Room) -> None:
    guest = demo_gala.guests()[0]
    at = "" if server.port == 8080 else f" --server http://127.0.0.1:{server.port}"
    cents = " (amounts are in cents)"
    _say(f"the gala is event {room.event} on http://127.0.0.1:{server.port}")
    _say(f"  follow it   python -m saleroom watch {room.event}{at}")
    _say(f"  bid on it   python -m saleroom bid {room.event} 1 50000 --as {guest[1]}{at}{cents}")
    _say(f"  supervise   python -m saleroom tree --as otto.operator{at}")
    for user, role in (
        (guest[1], Role.DONOR),
        (demo.AUCTIONEER, Role.AUCTIONEER),
        (demo.CLERK, Role.CLERK),
        (demo.ADMIN, Role.ADMIN),
        ("otto.operator", Role.OPERATOR),
    ):
        _say(f"  {role.value:<11} {room.token(user, role)}")
    _say("Ctrl-C ends it.")


# Clients


def _watch(arguments: argparse.Namespace) -> int:
    story = Story()

    def show(message: Message) -> None:
        for line in story.lines(message):
            _say(line)

    async def follow() -> None:
        url = event_url(arguments.server, arguments.event)
        async with open_client(url, _token_of(arguments), on_message=show):
            await trio.sleep_forever()

    _run_client(follow, arguments)
    return 0


def _bid(arguments: argparse.Namespace) -> int:
    answers: list[Message] = []
    story = Story()

    async def place() -> None:
        url = event_url(arguments.server, arguments.event)
        token = _token_of(arguments)
        if token is None:
            raise Failure("a bid needs --token TOKEN or --as USER")
        async with open_client(url, token, on_message=story.hear) as client:
            if arguments.max:
                asked = client.ask("set_max_bid", lot=arguments.lot, max=arguments.amount)
            else:
                asked = client.ask("place_bid", lot=arguments.lot, amount=arguments.amount)
            answers.append(await asked)

    _run_client(place, arguments)
    answer = answers[0]
    if answer["type"] == "ack":
        word = "you lead" if answer.get("leading") else "outbid at once"
        price, least = story.money(answer["price"]), story.money(answer["min_next"])
        _say(f"{word}: lot {answer['lot']} stands at {price}, next {least}")
        return 0
    least = f" (at least {story.money(answer['min_next'])})" if "min_next" in answer else ""
    print(f"saleroom: {answer['code']}: {answer['message']}{least}", file=sys.stderr)
    return 1


def _run_client(body: Callable[[], Any], arguments: argparse.Namespace) -> None:
    _fetch(arguments.server, "/alive", None)
    try:
        trio.run(body)
    except* SaleClosed as group:
        raise Failure(str(_first(group))) from None
    except* NoAnswer as group:
        raise Failure(str(_first(group))) from None
    except* Failure as group:
        raise _first(group) from None


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _tree(arguments: argparse.Namespace) -> int:
    token = _token_of(arguments)
    if token is None:
        raise Failure("the tree needs --token TOKEN of an operator, or --as USER")
    node = _fetch(arguments.server, "/api/v1/operator/tree", token)
    for line in tree_lines(node):
        print(line)
    return 0


def tree_lines(node: Message, depth: int = 0) -> list[str]:
    """Draw a node of PROTOCOL 8 and all below it."""
    name = node["path"].rpartition("/")[2]
    stats = "  ".join(f"{k}={v}" for k, v in node["stats"].items() if v not in (None, 0))
    error = f"  ! {node['last_error']}" if node["last_error"] else ""
    restarts = f"  restarts={node['restarts']}" if node["restarts"] else ""
    line = f"{'  ' * depth}{name:<{28 - 2 * depth}} {node['state']:<12}{restarts}  {stats}{error}"
    below = [drawn for child in node["children"] for drawn in tree_lines(child, depth + 1)]
    return [line.rstrip(), *below]


def _fetch(server: str, path: str, token: str | None) -> Any:
    """Read JSON from a server. Raises Failure in one line."""
    if not server.startswith(("http://", "https://")):
        raise Failure(f"{server!r} is no server: expected http://HOST:PORT")
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(server.rstrip("/") + path, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=FETCH_S) as response:  # noqa: S310
            return json.loads(response.read())
    except urllib.error.HTTPError as error:
        raise Failure(f"{server}: {error.code} {error.reason}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Failure(f"no server answers at {server}: {reason}; is it running?") from None


# Tokens


def _token(arguments: argparse.Namespace) -> int:
    roles = [Role(role) for role in arguments.role]
    print(_issuer().issue(arguments.sub, roles, arguments.ttl, arguments.event))
    return 0


def _token_of(arguments: argparse.Namespace) -> str | None:
    if arguments.token is not None or arguments.user is None:
        token: str | None = arguments.token
        return token
    return _issuer().issue(arguments.user, [Role(arguments.role)], 3600)


def _issuer() -> TokenIssuer:
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


def _seconds(text: str) -> int:
    seconds = int(text)
    if seconds < 1:
        raise argparse.ArgumentTypeError("a time to live is at least 1 s")
    return seconds


# Rehearsals


def _rehearse(arguments: argparse.Namespace) -> int:
    scenarios = []
    for file in arguments.files:
        try:
            scenarios += rehearsal.read_scenarios(file.read_bytes())
        except (OSError, rehearsal.NotAScenario) as error:
            print(f"saleroom: {file}: {error}", file=sys.stderr)
            return 2
    failed = 0
    for scenario in scenarios:
        clock = MockClock()
        try:
            failures = trio.run(rehearsal.rehearse, scenario, clock, clock=clock)
        except rehearsal.NotAScenario as error:
            print(f"saleroom: {error}", file=sys.stderr)
            return 2
        failed += bool(failures)
        for line in failures:
            print(line)
    print(f"{len(scenarios) - failed} of {len(scenarios)} scenarios hold")
    return 1 if failed else 0


def _say(line: str) -> None:
    print(f"{datetime.now().astimezone():%H:%M:%S} {line}", flush=True)
