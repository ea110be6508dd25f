"""Privacy: what tables hold of a person, removed for good.

Owns: the interface of erasure and of retention. Invariant: names, contact and notes go, and with
them what a person watched, wished and wrote, and how they wanted to be told; paddles and user ids
stay, so that the journal, which holds nothing else of anybody, is untouched and still proven.
Repeated, nothing more happens. Must not know: accounts and sign-ins that end (accounts_ports.py),
who asks. Source: I5, decision 0011.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs


def unnamed(paddle: int) -> str:
    """Give what stands where a name was."""
    return f"Paddle {paddle}"


@attrs.frozen
class Forgotten:
    """What was held of a person. paddles: (event, paddle) of their registrations."""

    paddles: Sequence[tuple[str, int]]
    wish_lists: int
    gifts: int
    watches: int

    @property
    def is_nothing(self) -> bool:
        return not (self.paddles or self.wish_lists or self.gifts or self.watches)


class Privacy(Protocol):
    """Erasure and retention. Every call may raise StoreUnavailable, OutcomeUnknown.

    `drop_*` give how many rows they changed or removed, `most` at a time.
    """

    async def forget(self, user: str) -> Forgotten:
        """Remove what is held of a user; what friends promised on their lists goes with these."""

    async def drop_contacts(self, closed_before_ms: int, most: int) -> int:
        """Remove who held the paddles of events that closed, and were last at work, before."""

    async def drop_sign_ins(self, expired_before_ms: int, most: int) -> int:
        """Remove the records of sign-ins that ended by themselves before."""

    async def drop_audit(self, before_ms: int, most: int) -> int:
        """Remove entries of the audit that are older."""
