"""An event's site: what outlives the incarnations of its actor.

Owns: the mailbox, the published state, the audience and the names of bidders. Invariant: senders
and sockets keep a valid address over every restart; the first incarnation makes the published
state, later ones move it on. Source: ARCHITECTURE 4, I4.
"""

from __future__ import annotations

from typing import Any

import attrs
import trio

from saleroom.actors.audience import Audience, AudienceLimits
from saleroom.actors.checkpoint import Checkpoint
from saleroom.actors.clock import Clock, EventClock
from saleroom.actors.figures import Figures
from saleroom.actors.mailbox import Mailbox, MailboxFull, MailboxLimits, Reply
from saleroom.actors.outgoing import Outgoing
from saleroom.actors.published import Published
from saleroom.auction.book import Book
from saleroom.auction.commands import Command
from saleroom.auction.roles import Role
from saleroom.auction.state import EventState
from saleroom.protocol.answers import lot_of_bid
from saleroom.protocol.close import Close
from saleroom.protocol.feed import Tail, TailLimits
from saleroom.protocol.messages import Ask
from saleroom.protocol.wire_facts import WireFact


@attrs.frozen
class SiteLimits:
    """The bounds of one event's parts."""

    mailbox: MailboxLimits = attrs.field(factory=MailboxLimits)
    audience: AudienceLimits = attrs.field(factory=AudienceLimits)
    tail: TailLimits = attrs.field(factory=TailLimits)


@attrs.frozen
class Saved:
    """The newest snapshot known. chunked: up to which position its `chunks` chunks go."""

    position: int = 0
    chunked: int = 0
    chunks: int = 0


@attrs.define(eq=False)
class Site:
    """One event's address in this process.

    alive_at: when a crashed incarnation is known to have lived last (event ms), None when only
    PostgreSQL can tell. is_lost: another server owns the event now. book: of the incarnation that
    runs, for its memory of commands. checkpoint_due: set when the published state has moved.
    checkpoint: how far the hot store has followed it.
    """

    event: str
    clock: EventClock
    limits: SiteLimits
    mailbox: Mailbox = attrs.field(init=False)
    names: dict[int, str] = attrs.field(factory=dict)
    published: Published | None = None
    audience: Audience | None = None
    alive_at: int | None = None
    is_lost: bool = False
    book: Book | None = None
    saved: Saved = attrs.field(factory=Saved)
    figures: Figures = attrs.field(factory=Figures)
    checkpoint_due: trio.Event = attrs.field(factory=trio.Event)
    checkpoint: Checkpoint = attrs.field(init=False, factory=Checkpoint)
    outgoing: Outgoing = attrs.field(init=False, factory=Outgoing)
    _is_up: trio.Event = attrs.field(init=False, factory=trio.Event)

    def __attrs_post_init__(self) -> None:
        self.mailbox = Mailbox(self.clock, self.limits.mailbox, self._as_of, self.stands)

    def tell(self, ask: Ask, by: str, role: Role | None, reply: Reply) -> None:
        """Put a command in the mailbox. Raises MailboxFull."""
        if self.is_lost:
            raise MailboxFull("another server runs this event", 1_000)
        self.mailbox.put(ask, by, role, reply)

    def stands(self, command: Command) -> dict[str, Any]:
        """Give how the lot of a bid stands, as every answer to it says; nothing for others."""
        return lot_of_bid(command, None if self.published is None else self.published.state)

    def publish(self, state: EventState, epoch: str, head: bytes, tail: list[WireFact]) -> None:
        """Show what an incarnation rebuilt: `tail` holds its newest public facts, in order."""
        if self.published is not None:
            self.published.replace(state, head, tail)
        else:
            kept = Tail(self.limits.tail, state.seq - len(tail))
            for fact in tail:
                kept.add(fact)
            self.published = Published(state, epoch, kept, head)
            figures = self.figures
            self.audience = Audience(
                self.published, self.limits.audience, figures.broadcasts, figures.deliveries
            )
        self._is_up.set()
        self.wake()

    def wake(self) -> None:
        """Say that the published state has moved."""
        assert self.audience is not None
        self.audience.wake()
        self.checkpoint_due.set()

    @property
    def ahead(self) -> int | None:
        """The position that the hot store lacks and is about to hold; None when it lags nowhere."""
        if self.published is None or self.is_lost or self.checkpoint.is_away:
            return None
        position = self.published.state.position
        return position if position > self.checkpoint.position else None

    async def up(self) -> tuple[Published, Audience]:
        """Wait until the event has been rebuilt once, and give what it shows."""
        await self._is_up.wait()
        assert self.published is not None
        assert self.audience is not None
        return self.published, self.audience

    def give_up(self) -> None:
        """Send everyone to the server that runs the event now, and take nothing more."""
        self.is_lost = True
        if self.audience is not None:
            self.audience.send_away(Close.DRAINING)

    def _as_of(self) -> int:
        return self.published.seq if self.published is not None else 0


def new_site(event: str, clock: Clock, limits: SiteLimits) -> Site:
    """Make an event's site before its first incarnation."""
    return Site(event, EventClock(clock), limits)
