"""Answers: the ack or nack that each command gets, exactly one.

Owns: the encoding of acks, nacks and pongs. Invariant: an answer is one JSON object, ready to stand
in a frame's array. Source: PROTOCOL section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from saleroom.auction.book import Answer
from saleroom.auction.commands import Command
from saleroom.auction.refusal import Code, Refusal
from saleroom.auction.state import EventState
from saleroom.protocol.messages import BID_COMMANDS

TEMPORARY = frozenset({Code.RATE_LIMITED.name, "OVERLOADED", "OUTCOME_UNKNOWN"})
"""Codes after which the same command may be sent again."""

MESSAGES = {
    "OVERLOADED": "the server is busy; try again in a moment",
    "OUTCOME_UNKNOWN": "no answer in time; send the same id again to learn the outcome",
    "INTERNAL": "the server failed twice on this command",
}
"""Refusals that no rule makes."""


def ack(command_id: str | None, answer: Answer) -> bytes:
    """Encode the answer of an accepted command."""
    message: dict[str, Any] = {"type": "ack", "re": command_id}
    if answer.seq is not None:
        message["seq"] = answer.seq
    message["as_of"] = answer.as_of
    message["hash"] = answer.head.hex()
    message.update(answer.fields)
    return orjson.dumps(message)


def nack(command_id: str | None, refusal: Refusal, as_of: int, server_time: int) -> bytes:
    """Encode a refusal. server_time: ms."""
    return plain_nack(
        command_id, refusal.code.name, as_of, server_time, refusal.extras, refusal.message
    )


def with_lot(refusal: Refusal, command: Command, state: EventState | None) -> Refusal:
    """Add what every answer to a bid carries: how its lot stands."""
    stands = lot_of_bid(command, state)
    return (
        Refusal(refusal.code, {**stands, **refusal.extras}, refusal.detail) if stands else refusal
    )


def lot_of_bid(command: Command, state: EventState | None) -> dict[str, Any]:
    """Give how a bid's lot stands; nothing for another command. state: None before it is known."""
    if not isinstance(command, BID_COMMANDS):
        return {}
    lot = None if state is None else state.lots.get(command.lot)
    standing = None if lot is None else lot.standing
    return {
        "lot": command.lot,
        "price": None if standing is None else standing.price,
        "leader": None if standing is None else standing.leader,
        "min_next": None if standing is None else standing.min_next,
    }


def plain_nack(
    command_id: str | None,
    code: str,
    as_of: int,
    server_time: int,
    extras: Mapping[str, Any] | None = None,
    message: str | None = None,
) -> bytes:
    """Encode a refusal by its code; the message defaults to the code's own."""
    return orjson.dumps(
        {
            "type": "nack",
            "re": command_id,
            "code": code,
            "message": message or MESSAGES.get(code) or Code[code].value,
            "temporary": code in TEMPORARY,
            "server_time": server_time,
            "as_of": as_of,
            **(extras or {}),
        }
    )


def pong(command_id: str | None, t0: float, server_time: int) -> bytes:
    """Encode the answer to a ping."""
    return orjson.dumps({"type": "pong", "re": command_id, "t0": t0, "server_time": server_time})
