"""One round: people bid, something breaks, it heals, and everything that was promised is checked.

Owns: the order of a round. Invariant: it ends in an outcome that tells what was wrong, or in an
error that names the round; a wait that outlasts its limit is a fault, not a hang.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import attrs
import trio

from saleroom.auction.roles import Role
from tests.chaos.faults import Fault
from tests.chaos.house import DONORS, KNOCKER, KNOCKERS_LOT, LOTS, House
from tests.chaos.load import Ack, Donor, Follower, Knocker, Room
from tests.chaos.verdict import Verdict

ACKS_BEFORE, ACKS_AFTER = 120, 60
"""Of all donors together; one of them at least is each donor's."""
ASKED_AGAIN = 8
INFLICT_LIMIT_S, FIRST_BID_LIMIT_S, CAUGHT_UP_LIMIT_S = 120.0, 60.0, 60.0


@attrs.frozen
class Outcome:
    """What a round showed. recovery_s: from the fault's end to the answer of the first bid that
    was sent after it and accepted. seed: of the round's chances.
    """

    fault: Fault
    seed: int
    recovery_s: float
    verdict: Verdict
    snapshots: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing was wrong."""
        return not self.verdict.faults


async def play(fault: Fault, house: House, seed: int) -> Outcome:
    """Play one round in a house."""
    rng = random.Random(seed)
    room = Room(house.servers, house.event)
    donors = [Donor(room, user, LOTS, random.Random(rng.random())) for user in DONORS]
    followers = [Follower(room, Role.CLERK), Follower(room, None)]
    faults: list[str] = []
    async with trio.open_nursery() as watching:
        for follower in followers:
            watching.start_soon(follower.follow_forever)
        with trio.fail_after(CAUGHT_UP_LIMIT_S):
            await room.progress.until(lambda: all(f.connections for f in followers))
        async with trio.open_nursery() as bidding:
            for donor in donors:
                bidding.start_soon(donor.bid_forever)
            bidding.start_soon(Knocker(room, KNOCKER, KNOCKERS_LOT).knock_forever)
            await _bids(donors, ACKS_BEFORE)
            connections = _connections(donors, followers)
            with trio.fail_after(INFLICT_LIMIT_S):
                ended = await fault.inflict(house)
            for donor in donors:
                assert donor.client is not None
                donor.client.url = room.url
            first = await _first_bid(room, ended)
            await _bids(donors, ACKS_AFTER)
            if fault.keeps_sockets and (now := _connections(donors, followers)) != connections:
                faults.append(f"sockets were dropped: {connections} became {now} connections")
            bidding.cancel_scope.cancel()
        acks = list(room.acks)
        faults += await _asked_again(donors, rng.sample(acks, ASKED_AGAIN))
        faults += await house.ledger.read_on(house.dsn)
        for follower in followers:
            with trio.move_on_after(CAUGHT_UP_LIMIT_S):
                await room.progress.until(follower.has_reached(house.ledger.seq))
            if follower.seq < house.ledger.seq:
                faults.append(f"{follower.name} ends at {follower.seq} of {house.ledger.seq}")
        watching.cancel_scope.cancel()
    verdict = house.ledger.judge(acks, followers)
    faults += await house.healthy()
    faults += await house.ledger.audit(house.server.environment())
    return Outcome(
        fault,
        seed,
        first.at - ended,
        attrs.evolve(verdict, faults=[*verdict.faults, *faults]),
        sum(follower.snapshots for follower in followers),
    )


async def _bids(donors: Sequence[Donor], enough: int) -> None:
    """Wait until so many more bids have been accepted, one at least of each donor."""
    room, before = donors[0].room, {donor: donor.acked for donor in donors}
    wanted = len(room.acks) + enough

    def are_in() -> bool:
        return len(room.acks) >= wanted and all(d.acked > n for d, n in before.items())

    with trio.fail_after(CAUGHT_UP_LIMIT_S):
        await room.progress.until(are_in)


async def _first_bid(room: Room, after: float) -> Ack:
    """Give the first accepted bid that was sent after a moment."""

    def sent_after() -> list[Ack]:
        return [ack for ack in room.acks if ack.asked_at >= after]

    with trio.fail_after(FIRST_BID_LIMIT_S):
        await room.progress.until(lambda: bool(sent_after()))
    return min(sent_after(), key=lambda ack: ack.at)


def _connections(donors: Sequence[Donor], followers: Sequence[Follower]) -> int:
    clients = [donor.client for donor in donors if donor.client is not None]
    return sum(c.connections for c in clients) + sum(f.connections for f in followers)


async def _asked_again(donors: Sequence[Donor], sample: Sequence[Ack]) -> list[str]:
    """Send accepted bids once more; say which are answered otherwise than the first time."""
    by_user = {donor.user: donor for donor in donors}
    wrong = []
    for ack in sample:
        if ack.user in by_user:
            answer = await by_user[ack.user].ask_again(ack)
            if (answer.get("seq"), answer.get("hash")) != (ack.seq, ack.head):
                wrong.append(f"asked again: {ack} was answered {answer}")
    return wrong
