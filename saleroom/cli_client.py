"""The commands that speak to a running server: watch, bid, tree.

Owns: what a person at a terminal asks of it. Invariant: whatever goes wrong is one line that says
what to do. Source: PROTOCOL 2 to 4, 7 and 8.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import trio

from saleroom.auction.roles import Role
from saleroom.cli_shared import (
    Commands,
    Failure,
    add_command,
    first_error,
    local_issuer,
    run_async,
    say,
)
from saleroom.client import Message, NoAnswer, SaleClosed, event_url, open_client
from saleroom.operator_client import OperatorClient, operator_url
from saleroom.story import Story

SERVER_DEFAULT = "http://127.0.0.1:8080"
FETCH_S = 10.0
BID_S = 60.0
TOKEN_TTL_S = 3600
CLEAR = "\x1b[H\x1b[J"
"""What has a terminal start again at its top."""


def add_commands(commands: Commands) -> None:
    """Describe watch, bid and tree."""
    watch = add_command(
        commands,
        "watch",
        _watch,
        "Follow an event, one line per fact.",
        "watch gala-1f2e",
        "watch gala-1f2e --as ada.berg",
    )
    watch.add_argument("event")
    _add_client(watch, Role.DONOR)
    bid = add_command(
        commands,
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
    _add_client(bid, Role.DONOR)
    tree = add_command(
        commands,
        "tree",
        _tree,
        "Show the supervision tree of a running server.",
        "tree --as otto.operator",
        "tree --live --as otto.operator",
    )
    tree.add_argument("--live", action="store_true", help="follow it until interrupted")
    _add_client(tree, Role.OPERATOR)


def _add_client(command: argparse.ArgumentParser, role: Role) -> None:
    command.add_argument("--server", default=SERVER_DEFAULT, help=f"{SERVER_DEFAULT} by default")
    command.add_argument("--token", help="a token to present")
    command.add_argument(
        "--as",
        dest="user",
        metavar="USER",
        help="sign a token with this machine's own secret instead",
    )
    command.add_argument("--role", default=role.value, choices=[r.value for r in Role])


def _token_of(arguments: argparse.Namespace) -> str | None:
    if arguments.token is not None or arguments.user is None:
        token: str | None = arguments.token
        return token
    return local_issuer().issue(arguments.user, [Role(arguments.role)], TOKEN_TTL_S)


def _watch(arguments: argparse.Namespace) -> int:
    story = Story()

    def show(message: Message) -> None:
        for line in story.lines(message):
            say(line)

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
        with trio.fail_after(BID_S):
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
        say(f"{word}: lot {answer['lot']} stands at {price}, next {least}")
        return 0
    least = f" (at least {story.money(answer['min_next'])})" if "min_next" in answer else ""
    print(f"saleroom: {answer['code']}: {answer['message']}{least}", file=sys.stderr)
    return 1


def _run_client(body: Callable[[], Awaitable[None]], arguments: argparse.Namespace) -> None:
    _fetch(arguments.server, "/alive", None)
    try:
        run_async(body)
    except* (SaleClosed, NoAnswer, trio.TooSlowError, Failure) as group:
        raise Failure(str(first_error(group)) or "the server does not let us in") from None


def _tree(arguments: argparse.Namespace) -> int:
    token = _token_of(arguments)
    if token is None:
        raise Failure("the tree needs --token TOKEN of an operator, or --as USER")
    if arguments.live:
        _follow_tree(arguments, token)
        return 0
    node = _fetch(arguments.server, "/api/v1/operator/tree", token)
    for line in tree_lines(node):
        print(line)
    return 0


def _follow_tree(arguments: argparse.Namespace, token: str) -> None:
    """Draw the tree anew at each change; where the output is no terminal, one below the other."""
    start = CLEAR if sys.stdout.isatty() else ""

    def show(tree: Message) -> None:
        lines = [f"{datetime.now().astimezone():%H:%M:%S}  Ctrl-C ends it", *tree_lines(tree)]
        print(start + "\n".join(lines), flush=True)

    async def follow() -> None:
        async with trio.open_nursery() as nursery:
            client = OperatorClient(operator_url(arguments.server), token, show=show)
            nursery.start_soon(client.run)

    _run_client(follow, arguments)


def tree_lines(node: Message, depth: int = 0) -> list[str]:
    """Draw a node of PROTOCOL 8 and all below it."""
    name = node["path"].rpartition("/")[2]
    stats = "  ".join(f"{k}={v}" for k, v in node["stats"].items() if v not in (None, 0))
    error = f"  ! {node['last_error']}" if node["last_error"] else ""
    restarts = f"  restarts={node['restarts']}" if node["restarts"] else ""
    line = f"{'  ' * depth}{name:<{28 - 2 * depth}} {node['state']:<12}{restarts}  {stats}{error}"
    below = [drawn for child in node["children"] for drawn in tree_lines(child, depth + 1)]
    return [line.rstrip(), *below]


def _problem(error: urllib.error.HTTPError) -> str:
    """Say what an answer of RFC 9457 complains of, or else its status in words."""
    try:
        problem = json.loads(error.read())
        return f"{problem['code']}: {problem['detail']}"
    except (OSError, ValueError, LookupError, TypeError):
        return str(error.reason)


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
        raise Failure(f"{server}: {error.code} {_problem(error)}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Failure(f"no server answers at {server}: {reason}; is it running?") from None
