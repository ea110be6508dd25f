"""The holders of paddles that a batch brings about: what its transaction writes beside the facts.

Owns: which rows a batch adds and which of the kept ones move to another number. Invariant: the rows
and moves of a batch, done at once, leave what its facts, done one by one, would have left; a name
comes from the command and never from a fact. Source: rule 19, I5, storage/ports.py `Batch`.
"""

from __future__ import annotations

import attrs

from saleroom.auction import commands as c
from saleroom.auction.book import Outcome
from saleroom.auction.facts import PaddleAdded, PaddleRenumbered
from saleroom.storage.ports import Registration


@attrs.define
class Holders:
    """registered: rows to add, by paddle. moved: {old: new} of the rows that were there before."""

    registered: dict[int, Registration] = attrs.field(factory=dict)
    moved: dict[int, int] = attrs.field(factory=dict)

    def note(self, outcome: Outcome) -> None:
        """Take in the next outcome of the batch."""
        for chained in outcome.records:
            fact = chained.entry.fact
            if isinstance(fact, PaddleAdded):
                self._register(fact, outcome)
            elif isinstance(fact, PaddleRenumbered):
                self._renumber(fact.paddle, fact.new_paddle)

    def rename(self, names: dict[int, str]) -> None:
        """Bring the names of holders up to the end of the batch."""
        moved = {new: names.pop(old) for old, new in self.moved.items() if old in names}
        names |= moved
        names |= {paddle: row.name for paddle, row in self.registered.items()}

    def _register(self, fact: PaddleAdded, outcome: Outcome) -> None:
        command = None if outcome.asked is None else outcome.asked.command
        assert isinstance(command, c.AddPaddle)
        self.registered[fact.paddle] = Registration(
            fact.paddle,
            command.user,
            command.name or command.user or f"Paddle {fact.paddle}",
            command.email,
            command.phone,
            command.table,
        )

    def _renumber(self, old: int, new: int) -> None:
        if old in self.registered:
            self.registered[new] = attrs.evolve(self.registered.pop(old), paddle=new)
            return
        first = next((was for was, now in self.moved.items() if now == old), old)
        self.moved[first] = new
