"""The log of decisions: one line for each command that was decided, when it is asked for.

Owns: which fields such a line has. Invariant: written after the commit, at level debug; it names
paddles and command ids, never what a person is called. Must not know: the form of lines.
Source: I2, I5, issue of limits and locks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from saleroom.auction.book import Outcome
from saleroom.protocol.messages import wire_name

logger = logging.getLogger("saleroom.decisions")


def log_outcomes(event: str, outcomes: Iterable[Outcome]) -> None:
    """Write a line for each command of a batch."""
    for outcome in outcomes:
        asked = outcome.asked
        if asked is None:
            continue
        refusal = outcome.refusal
        result = "accepted" if refusal is None else refusal.code.name
        fields = {
            "event": event,
            "command": wire_name(type(asked.command)),
            "lot": getattr(asked.command, "lot", None),
            "paddle": getattr(asked.command, "paddle", None),
            "command_id": asked.id,
            "seq": None if outcome.answer is None else outcome.answer.seq,
            "result": result,
        }
        present = {name: value for name, value in fields.items() if value is not None}
        logger.debug("decided", extra=present)
