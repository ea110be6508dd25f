"""Asking an event's actor over HTTP: one command, one answer, one deadline.

Owns: the wait for an answer. Invariant: a request is answered with the ack that the event gave, or
with a problem; one that is given up leaves nothing behind. Source: PROTOCOL 3 and 7, I4.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import orjson
import trio

from saleroom.actors.mailbox import MailboxFull
from saleroom.actors.site import Site
from saleroom.auction.roles import Role
from saleroom.http.requests.problems import Problem, of_nack
from saleroom.protocol.codec import decode_command
from saleroom.protocol.messages import Ask


def house_command(name: str, fields: Mapping[str, Any], key: str | None) -> Ask:
    """Make the command behind a resource's change, under the client's key if it gave one.

    Raises Malformed.
    """
    return decode_command({"type": name, **fields}, secrets.token_hex(16) if key is None else key)


async def ask_event(site: Site, ask: Ask, by: str, role: Role, wait_s: float) -> dict[str, Any]:
    """Give the ack. Raises Problem for a nack, and OUTCOME_UNKNOWN after `wait_s`.

    Cancelled: the command may be carried out all the same.
    """
    answered = trio.Event()
    answers: list[bytes] = []

    def take(answer: bytes) -> None:
        answers.append(answer)
        answered.set()

    try:
        site.tell(ask, by, role, take)
    except MailboxFull as full:
        stands = {**site.stands(ask.command), "retry_after_ms": full.retry_after_ms}
        raise Problem("OVERLOADED", str(full), re=ask.id, **stands) from None
    with trio.move_on_after(wait_s):
        await answered.wait()
    if not answers:
        raise Problem("OUTCOME_UNKNOWN", re=ask.id, **site.stands(ask.command))
    message: dict[str, Any] = orjson.loads(answers[0])
    if message["type"] == "nack":
        raise of_nack(message)
    return message
