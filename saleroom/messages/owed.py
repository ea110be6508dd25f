"""What facts owe to people: the outbox rows of a batch.

Owns: the rule by which a fact becomes a row, and the memory of who was promised what. Invariant:
rows hold paddles and numbers, never a name or an address; of one batch a kind has one row, however
many facts it comes from, and a bid that displaces nobody costs a look-up. Must not know: who the
paddles are, whether they want to hear of it. Source: issue 8 points 1 and 3, decision 0023.

A row says who was outbid, not at what price: that is read when the message is sent, SETTLE_MS
later. So whoever is outbid again within COVERS_MS of a row is covered by that row: a bidding war
writes a row in ten seconds, and those wait as one message until it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import attrs

from saleroom.auction import facts as f
from saleroom.auction.state import Entry, EventState
from saleroom.storage.ports import OutboxRow

SETTLE_MS: Final = 15_000
"""Between being outbid and being told: who bids again at once is told nothing."""
COVERS_MS: Final = 10_000
"""So long a row covers what follows it: even a slow commit is done before it is told."""
ENDING_LEAD_MS: Final = 10 * 60_000
"""So long before a silent lot ends its bidders are told."""
REMEMBERED_MAX: Final = 20_000
TOLD_OF: Final = frozenset({"hammer", "clock", "offer", "buy_now"})
"""How a lot is won that is told; a purchase is answered as it is made."""

Payload = dict[str, Any]
_UNSEEN: Final = object()


@attrs.define
class _Round:
    """One batch. leaders: of the lots that it touches, after the facts seen so far."""

    state: EventState
    leaders: dict[int, int | None] = attrs.field(factory=dict)
    outbid: dict[int, dict[int, None]] = attrs.field(factory=dict)
    won: list[list[int]] = attrs.field(factory=list)
    pledges: list[list[int]] = attrs.field(factory=list)
    others: list[tuple[int, str, Payload]] = attrs.field(factory=list)


@attrs.define(eq=False)
class Duties:
    """What the facts of one event owe, batch after batch."""

    _promised: dict[tuple[int, int], int] = attrs.field(init=False, factory=dict)

    def of(self, state: EventState, entries: Iterable[Entry]) -> list[OutboxRow]:
        """Give the rows of a batch. state: before it."""
        batch = _Round(state)
        last: Entry | None = None
        for last in entries:
            duty = _DUTIES.get(type(last.fact))
            if duty is not None:
                duty(batch, last, last.fact)
        if last is None:
            return []
        rows = [OutboxRow(*row) for row in batch.others]
        if batch.won:
            rows.append(OutboxRow(last.position, "won", {"won": batch.won}))
        if batch.pledges:
            rows.append(OutboxRow(last.position, "pledge", {"pledges": batch.pledges}))
        if batch.outbid and (lots := self._newly_outbid(batch, last.at)):
            rows.append(OutboxRow(last.position, "outbid", {"at": last.at, "lots": lots}))
        return rows

    def _newly_outbid(self, batch: _Round, at: int) -> list[list[Any]]:
        """Give [lot, paddles] of who lost a lead and has it not again, unless a row covers them."""
        promised = self._promised
        if len(promised) > REMEMBERED_MAX:
            self._promised = promised = {
                key: since for key, since in promised.items() if at - since < COVERS_MS
            }
        lots = []
        for lot, paddles in batch.outbid.items():
            leads = batch.leaders.get(lot)
            owed = [
                paddle
                for paddle in paddles
                if paddle != leads and at - promised.get((lot, paddle), -COVERS_MS) >= COVERS_MS
            ]
            if owed:
                promised.update(((lot, paddle), at) for paddle in owed)
                lots.append([lot, owed])
        return lots


def _bid(batch: _Round, entry: Entry, fact: f.BidPlaced) -> None:
    lot = fact.lot
    before = _leads(batch, lot)
    batch.leaders[lot] = fact.paddle
    if before is not None and before != fact.paddle:
        batch.outbid.setdefault(lot, {})[before] = None


def _leads(batch: _Round, lot: int) -> int | None:
    known: Any = batch.leaders.get(lot, _UNSEEN)
    if known is not _UNSEEN:
        leader: int | None = known
        return leader
    kept = batch.state.lots.get(lot)
    return None if kept is None else kept.standing.leader


def _corrected(batch: _Round, entry: Entry, fact: f.BidUndone | f.BidsRetracted) -> None:
    batch.leaders[fact.lot] = fact.leader


def _assigned(batch: _Round, entry: Entry, fact: f.FloorAssigned) -> None:
    batch.leaders[fact.lot] = fact.paddle


def _opened(batch: _Round, entry: Entry, fact: f.LotOpened) -> None:
    if fact.ends_at is not None and fact.ends_at - ENDING_LEAD_MS > entry.at:
        due_at = fact.ends_at - ENDING_LEAD_MS
        batch.others.append((entry.position, "ending", {"lot": fact.lot, "due_at": due_at}))


def _reopened(batch: _Round, entry: Entry, fact: f.LotReopened) -> None:
    if fact.fresh:
        batch.leaders[fact.lot] = None


def _sold(batch: _Round, entry: Entry, fact: f.ItemSold) -> None:
    if fact.how in TOLD_OF:
        batch.won.append([fact.lot, fact.paddle, fact.amount, fact.units])


def _pledged(batch: _Round, entry: Entry, fact: f.PledgeMade) -> None:
    batch.pledges.append([fact.lot, fact.paddle, fact.level * fact.count])


def _closed(batch: _Round, entry: Entry, fact: f.EventClosed) -> None:
    batch.others.append((entry.position, "closed", {}))


def _renumbered(batch: _Round, entry: Entry, fact: f.PaddleRenumbered) -> None:
    moved = {"paddle": fact.paddle, "new_paddle": fact.new_paddle}
    batch.others.append((entry.position, "renumbered", moved))


_DUTIES: Mapping[type[f.Fact], Callable[[_Round, Entry, Any], None]] = {
    f.BidPlaced: _bid,
    f.BidUndone: _corrected,
    f.BidsRetracted: _corrected,
    f.FloorAssigned: _assigned,
    f.LotOpened: _opened,
    f.LotReopened: _reopened,
    f.ItemSold: _sold,
    f.PledgeMade: _pledged,
    f.EventClosed: _closed,
    f.PaddleRenumbered: _renumbered,
}
