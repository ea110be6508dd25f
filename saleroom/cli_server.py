"""The commands that run a server, and the tokens that it believes: serve, demo, token.

Owns: signals and the printing of addresses. Invariant: the first signal stops in order, the second
at once. Source: ARCHITECTURE 1 and 4, PROTOCOL 6.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext

import trio

from saleroom import demo, demo_gala, demo_pictures
from saleroom.app import Server, open_server
from saleroom.auction.roles import Role
from saleroom.cli_shared import (
    Commands,
    Failure,
    add_command,
    first_error,
    local_issuer,
    one_line,
    say,
)
from saleroom.config import Settings, read_settings, settings_help
from saleroom.demo_evening import Surroundings
from saleroom.logs import set_up_logs
from saleroom.storage.embedded_home import EmbeddedPostgresFailed
from saleroom.storage.migrate import MigrationError
from saleroom.supervisor import SupervisorFailed

SPEED_MAX = 50
Around = Callable[[Settings], AbstractAsyncContextManager[Settings]]


def add_commands(commands: Commands) -> None:
    """Describe serve, demo and token."""
    serve = add_command(
        commands, "serve", _serve, "Run the server until interrupted.", "serve", "serve --settings"
    )
    serve.add_argument("--settings", action="store_true", help="list the settings and exit")
    gala = add_command(
        commands, "demo", _demo, "Run a server with a gala on it.", "demo", "demo --speed 10"
    )
    gala.add_argument("--quiet-room", action="store_true", help="leave the simulated donors out")
    gala.add_argument(
        "--speed", type=_speed, default=1, metavar="N", help="hold the sale N times as fast"
    )
    token = add_command(
        commands,
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
    surroundings = Surroundings(say)

    async def gala(server: Server) -> None:
        event = await demo.create_gala(server, arguments.speed)
        pace = demo.Pace().faster(arguments.speed)
        room = demo.Room(server, event, say, pace=pace)
        _announce_demo(server, room, await demo.appoint_admin(server))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(demo_pictures.hang, server, event)
            nursery.start_soon(surroundings.settle, room)
            await room.run(with_donors=not arguments.quiet_room)

    return _run_server(settings, gala, surroundings.around)


def _run_server(
    settings: Settings, then: Callable[[Server], Awaitable[None]], around: Around = nullcontext
) -> int:
    """Run a server until it stops. around: holds what it stands in, and completes its settings."""

    async def run() -> None:
        async with (
            around(settings) as whole,
            open_server(whole) as server,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(_stop_on_signal, server, nursery.cancel_scope)
            nursery.start_soon(_once_up, server, then)
            await server.run()
            nursery.cancel_scope.cancel()

    try:
        trio.run(run)
    except* (
        SupervisorFailed,
        EmbeddedPostgresFailed,
        MigrationError,
        ValueError,
        OSError,
    ) as group:
        raise Failure(one_line(first_error(group))) from None
    return 0


async def _once_up(server: Server, then: Callable[[Server], Awaitable[None]]) -> None:
    await server.up.wait()
    await then(server)


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
    host = server.settings.host
    shown = f"[{host}]" if ":" in host else host
    say(f"serving on http://{shown}:{server.port}, data in {server.folder}")
    await trio.lowlevel.checkpoint()


def _announce_demo(server: Server, room: demo.Room, admin_password: str) -> None:
    guest = demo_gala.guests()[0]
    at = "" if server.port == 8080 else f" --server http://127.0.0.1:{server.port}"
    cents = " (amounts are in cents)"
    program = f"{os.path.relpath(sys.executable)} -m saleroom"
    say(f"the gala is event {room.event} on http://127.0.0.1:{server.port}")
    say(f"  follow it   {program} watch {room.event}{at}")
    say(f"  bid on it   {program} bid {room.event} 1 50000 --as {guest[1]}{at}{cents}")
    say(f"  supervise   {program} tree --as otto.operator{at}")
    for user, role in (
        (guest[1], Role.DONOR),
        (demo.AUCTIONEER, Role.AUCTIONEER),
        (demo.CLERK, Role.CLERK),
        (demo.ADMIN, Role.ADMIN),
        ("otto.operator", Role.OPERATOR),
    ):
        say(f"  {role.value:<11} {room.token(user, role)}")
    say(f"  sign in     {demo.ADMIN_EMAIL} with the password {admin_password}")
    say("Ctrl-C ends it.")


def _token(arguments: argparse.Namespace) -> int:
    roles = [Role(role) for role in arguments.role]
    print(local_issuer().issue(arguments.sub, roles, arguments.ttl, arguments.event))
    return 0


def _speed(text: str) -> int:
    speed = int(text)
    if not 1 <= speed <= SPEED_MAX:
        raise argparse.ArgumentTypeError(f"a speed is from 1 to {SPEED_MAX}")
    return speed


def _seconds(text: str) -> int:
    seconds = int(text)
    if seconds < 1:
        raise argparse.ArgumentTypeError("a time to live is at least 1 s")
    return seconds
