"""The sale that is measured: an event with lots and bidders, made over the public interfaces.

Owns: how an event is created, filled and opened. Invariant: all of it goes through HTTP and the
websocket, as an organiser's would. Source: PROTOCOL 3 and 7.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

import attrs

from bench import BenchFailed
from bench.host import HOST, Host
from bench.load import Client, Dialect, Load
from saleroom.auction.roles import Role

REQUEST_S, ANSWER_S = 30.0, 30.0
COMMANDS_PER_ADMIN = 350  # within the burst of one member of staff
IN_FLIGHT = 50
PADDLE_FIRST = 101
LOT_LENGTH_MS = 3_600_000
Command = dict[str, Any]


@attrs.frozen
class Sale:
    """An open event with lots 1 to `lots`, each at 1 cent and rising by 1, and some bidders."""

    event: str
    lots: int
    users: Sequence[str]


def open_sale(host: Host, *, lots: int, users: int, mode: str = "silent") -> Sale:
    """Create an event, its lots and bidders who accepted the terms, and open it.

    mode: "silent", or "sale" for lots of which there is no end.
    """
    event = _create_event(host)
    names = [f"bidder.{number}" for number in range(users)]
    groups: list[list[Command]] = [_lot(number, mode) for number in range(1, lots + 1)]
    groups += [_paddle(PADDLE_FIRST + n, name) for n, name in enumerate(names)]
    load = Load(HOST, host.port)
    try:
        for number, share in enumerate(_shares(groups)):
            _command_all(load, host, event, f"admin.{number}", share)
        _command_all(load, host, event, "admin.opens", [{"type": "open_event"}])
    finally:
        load.close()
    return Sale(event, lots, names)


def bid(command_id: int, lot: int, amount: int) -> bytes:
    """Write a bid."""
    return b'{"type":"place_bid","id":"%d","lot":%d,"amount":%d}' % (command_id, lot, amount)


def buy(command_id: int, lot: int) -> bytes:
    """Write a purchase of one unit."""
    return b'{"type":"buy","id":"%d","lot":%d}' % (command_id, lot)


def speaks(event: str) -> Dialect:
    """Say how our server greets on an event."""
    return Dialect(f"/ws/v1/events/{event}", _take_welcome)


def hello(token: str | None) -> bytes:
    """Write what a client says first; None is a spectator."""
    return json.dumps({"type": "hello", "token": token}).encode()


def hellos(host: Host, sale: Sale, count: int) -> list[bytes]:
    """Sign hellos for so many sockets, the bidders taking turns."""
    signed = cycle([hello(host.token(user)) for user in sale.users])
    return [next(signed) for _ in range(count)]


def feed_end(message: bytes) -> int | None:
    """Give the `to` of the feed that a message begins with, without parsing; None for others."""
    if not message.startswith(b'[{"type":"feed"'):
        return None
    start = message.index(b'"to":') + 5
    return int(message[start : message.index(b",", start)])


def current_seq(host: Host, sale: Sale) -> int:
    """Ask a fresh connection how far the event has come."""
    load = Load(HOST, host.port)
    try:
        (client,) = load.connect(speaks(sale.event), [hello(None)], lambda *heard: None)
        return client.seq
    finally:
        load.close()


def _take_welcome(client: Client, payload: bytes) -> bool:
    welcome = json.loads(payload)[0]
    if welcome["type"] != "welcome":
        raise BenchFailed(f"no welcome: {payload[:200].decode()}")
    client.seq = welcome["seq"]
    return True


def _create_event(host: Host) -> str:
    body = {"title": "Benchmark", "currency": "USD", "ladder": "flat:1"}
    request = urllib.request.Request(
        f"http://{HOST}:{host.port}/api/v1/events",
        json.dumps(body).encode(),
        {
            "Authorization": f"Bearer {host.token('admin', Role.ADMIN)}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=REQUEST_S) as response:  # noqa: S310 - our own
        return str(json.load(response)["id"])


def _lot(number: int, mode: str) -> list[Command]:
    lot = {
        "type": "add_lot",
        "lot": number,
        "title": f"Lot {number}",
        "mode": mode,
        "opening": 1,
        "ends_at": int(time.time() * 1000) + LOT_LENGTH_MS,
    }
    return [lot | ({"quantity": 0} if mode == "sale" else {})]


def _paddle(number: int, user: str) -> list[Command]:
    return [
        {"type": "add_paddle", "paddle": number, "user": user, "name": user},
        {"type": "change_paddle", "paddle": number, "terms_version": 1},
    ]


def _shares(groups: Sequence[list[Command]]) -> Iterator[list[Command]]:
    """Cut the commands into one member of staff's share each; a group stays together."""
    share: list[Command] = []
    for group in groups:
        if len(share) + len(group) > COMMANDS_PER_ADMIN:
            yield share
            share = []
        share += group
    yield share


def _command_all(load: Load, host: Host, event: str, admin: str, commands: list[Command]) -> None:
    """Have an admin do all this, in order. Raises BenchFailed at the first refusal."""
    answered = 0

    def hear(client: Client, payload: bytes, now: float) -> None:
        nonlocal answered
        for message in json.loads(payload):
            if message["type"] == "nack":
                raise BenchFailed(f"the sale could not be set up: {message}")
            answered += message["type"] == "ack"

    (client,) = load.connect(speaks(event), [hello(host.token(admin, Role.ADMIN))], hear)
    for start in range(0, len(commands), IN_FLIGHT):
        batch = commands[start : start + IN_FLIGHT]
        for number, command in enumerate(batch, start):
            client.send(json.dumps({**command, "id": str(number)}).encode())
        wanted = start + len(batch)
        load.poll_until(lambda wanted=wanted: answered >= wanted, ANSWER_S, "answers to an admin")  # type: ignore[misc]
