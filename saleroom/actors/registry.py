"""The registry: which events run here, and how one is begun.

Owns: the sites of this process and their place in the supervision tree. Invariant: an event has one
site, whatever becomes of its actor; an event exists from the moment that its journal does.
Source: ARCHITECTURE 3 ("An event's actor lives...") and 4.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import trio

from saleroom.actors.audience import Audience
from saleroom.actors.checkpointer import Checkpointer, CheckpointLimits
from saleroom.actors.clock import Clock
from saleroom.actors.event import EventActor, EventLimits
from saleroom.actors.site import Site, SiteLimits, new_site
from saleroom.auction.book import Book
from saleroom.auction.definition import EventDefinition, LotDefinition, event_plain, lot_plain
from saleroom.auction.facts import EventDefined
from saleroom.auction.record import KEY_BYTES
from saleroom.auction.state import EventState, Paddle
from saleroom.storage.ports import Record, Stores
from saleroom.supervisor import Backoff, Child, ChildSpec, Strategy, Supervisor, SupervisorSpec

logger = logging.getLogger("saleroom.actors")

EVENTS_PATH = "saleroom/events"
EVENT_INTENSITY, EVENT_PERIOD_S = 5, 10.0
FIRST_REST_S = 0.02
"""Before the first restart of an actor: a room notices a tenth of a second."""


@attrs.frozen
class RegistryLimits:
    """The bounds of every event's parts."""

    site: SiteLimits = attrs.field(factory=SiteLimits)
    event: EventLimits = attrs.field(factory=EventLimits)
    checkpoint: CheckpointLimits = attrs.field(factory=CheckpointLimits)


@attrs.define(eq=False)
class Registry:
    """The events of this process."""

    stores: Stores
    clock: Clock
    limits: RegistryLimits = attrs.field(factory=RegistryLimits)
    supervisor: Supervisor | None = None
    _sites: dict[str, Site] = attrs.field(init=False, factory=dict)
    _public: dict[str, bool] = attrs.field(init=False, factory=dict)

    def find(self, event: str) -> tuple[Site, bool] | None:
        """Give an event's site and whether spectators may read it; None for an unknown event."""
        site = self._sites.get(event)
        return None if site is None else (site, self._public.get(event, True))

    def site(self, event: str) -> Site | None:
        """Give an event's site."""
        return self._sites.get(event)

    def state(self, event: str) -> EventState | None:
        """Give an event's published state, to read at once; None where it does not run here."""
        site = self._sites.get(event)
        if site is None or site.is_lost or site.published is None:
            return None
        return site.published.state

    def sites(self) -> Sequence[Site]:
        """Give all sites."""
        return list(self._sites.values())

    def commands_entered(self) -> int:
        """Count the commands that have come in since this process began."""
        return sum(site.mailbox.statistics().entered for site in self._sites.values())

    def refill(self) -> None:
        """Have every event's whole view written again: a store is back, with who knows what."""
        for site in self._sites.values():
            if site.published is not None:
                site.published.touch_all()
                site.wake()

    def set_public(self, event: str, *, is_public: bool) -> None:
        """Note whether spectators may read an event from here on."""
        self._public[event] = is_public

    def event_spec(self, event: str, *, is_public: bool) -> SupervisorSpec:
        """Make an event's site and the part of the tree that runs it.

        Over a restart of its actor the mailbox and the audience live on: they come first.
        """
        site = self._sites.setdefault(event, new_site(event, self.clock, self.limits.site))
        self.set_public(event, is_public=is_public)
        stores, limits = self.stores, self.limits
        actor = EventActor(site, stores.journal, stores.snapshots, stores.catalogue, limits.event)
        checkpointer = Checkpointer(
            site, stores.hot, stores.snapshots, stores.catalogue, limits.checkpoint
        )

        return SupervisorSpec(
            f"event:{event}",
            Strategy.REST_FOR_ONE,
            [
                ChildSpec("mailbox", _mailbox_body(site), statistics=_mailbox_statistics(site)),
                ChildSpec("audience", _audience_body(site), statistics=_audience_statistics(site)),
                ChildSpec("engine", actor.run, start_s=None, statistics=actor.statistics),
                ChildSpec("checkpointer", checkpointer.run, statistics=checkpointer.statistics),
            ],
            intensity=EVENT_INTENSITY,
            period_s=EVENT_PERIOD_S,
            backoff=Backoff(first_s=FIRST_REST_S),
            parked=True,
        )

    async def stop(self, event: str) -> None:
        """Stop an event's actor; its site stays. Raises UnknownChild, SupervisorDown."""
        assert self.supervisor is not None
        await self.supervisor.remove_child(f"{EVENTS_PATH}/event:{event}")

    async def start(self, event: str) -> None:
        """Start a known event that was stopped. Raises ChildExists, SupervisorDown."""
        assert self.supervisor is not None
        spec = self.event_spec(event, is_public=self._public[event])
        await self.supervisor.add_child(EVENTS_PATH, spec)

    async def begin(
        self,
        definition: EventDefinition,
        lots: Sequence[LotDefinition],
        paddles: Sequence[Paddle],
        by: str,
        *,
        is_public: bool = True,
    ) -> None:
        """Publish an event: write its journal's first record and start its actor.

        Raises Conflict when it was published already, StoreUnavailable, OutcomeUnknown.
        """
        assert self.supervisor is not None
        fact = EventDefined(
            event_plain(definition),
            tuple(lot_plain(lot) for lot in lots),
            tuple(_plain_paddle(paddle) for paddle in paddles),
            secrets.token_hex(KEY_BYTES),
        )
        _, first = Book.new(fact, by, self.clock.now_ms())
        record = Record(first.entry.position, first.entry.seq, first.body, first.head)
        await self.stores.journal.create(definition.id, secrets.token_hex(8), [record])
        spec = self.event_spec(definition.id, is_public=is_public)
        await self.supervisor.add_child(EVENTS_PATH, spec)


def _plain_paddle(paddle: Paddle) -> dict[str, Any]:
    return {
        name: value
        for name, value in attrs.asdict(paddle).items()
        if value is not None and value is not False
    }


def _mailbox_body(site: Site) -> Any:
    async def run(child: Child) -> None:
        child.started()
        await _until_stopped(child, site.mailbox.attend)

    return run


def _audience_body(site: Site) -> Any:
    async def run(child: Child) -> None:
        child.started()

        async def serve() -> None:
            _, audience = await site.up()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(audience.broadcast_forever)
                nursery.start_soon(audience.tick_forever)

        await _until_stopped(child, serve)

    return run


async def _until_stopped(child: Child, body: Any) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(body)
        await child.stopping.wait()
        nursery.cancel_scope.cancel()


def _mailbox_statistics(site: Site) -> Any:
    def statistics() -> Mapping[str, Any]:
        kept = site.mailbox.statistics()
        return {"mailbox": kept.unanswered, "processed": kept.entered, "expired": kept.expired}

    return statistics


def _audience_statistics(site: Site) -> Any:
    def statistics() -> Mapping[str, Any]:
        audience: Audience | None = site.audience
        if audience is None:
            return {}
        p99_ms = site.figures.deliveries.quantile_ms(0.99, trio.current_time())
        return {**_renamed(attrs.asdict(audience.statistics())), "feed_p99_ms": p99_ms}

    return statistics


def _renamed(counts: dict[str, Any]) -> dict[str, Any]:
    return {("connections" if key == "members" else key): n for key, n in counts.items()}
