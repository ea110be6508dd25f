"""Pledges: paddle raises, and the matches and challenges that go with them.

Owns: what is decided about a pledge lot while it runs, and the voiding of a pledge. Invariant:
every fact carries the lot's sums after it. Source: rules 22 and 23.
"""

from __future__ import annotations

from saleroom.auction import commands as c
from saleroom.auction import gates
from saleroom.auction.bidding import Decision
from saleroom.auction.facts import (
    ChallengeMet,
    ChallengeSet,
    Fact,
    MatchSet,
    PledgeMade,
    PledgeVoided,
)
from saleroom.auction.fund import Fund
from saleroom.auction.lot import Lot
from saleroom.auction.refusal import Code, Refusal
from saleroom.auction.state import Asked, EventState

RATIO_PERCENT_MAX = 10_000


def pledge(state: EventState, asked: Asked, command: c.Pledge) -> Decision:
    """Decide a pledge, what a match gives for it, and whether it meets the challenge."""
    found = gates.bidder(state, asked, command.lot, command.paddle)
    if isinstance(found, Refusal):
        return found
    lot, paddle = found
    fund, level, amount = lot.fund, command.level, command.level * command.count
    if fund is None:
        return gates.lot_refusal(lot, Code.NOT_A_PLEDGE)
    if refusal := gates.amounts_valid(lot, amount):
        return refusal
    if lot.definition.levels and level not in lot.definition.levels:
        return gates.lot_refusal(lot, Code.UNKNOWN_LEVEL)
    if fund.has_pledged(paddle, level) and not command.confirm:
        return gates.lot_refusal(lot, Code.DUPLICATE_PLEDGE)
    matched, total = fund.matched(amount), fund.total + amount
    match, donors = fund.match + matched, fund.donors + (paddle not in fund.by_paddle)
    made = PledgeMade(lot.number, total, match, donors, paddle, level, command.count, matched)
    return [made, *_met(lot, fund, total, match, donors)]


def void_pledge(state: EventState, asked: Asked, command: c.VoidPledge) -> Decision:
    """Take a pledge out with its match, also after its lot has closed."""
    if refusal := gates.event_correctable(state):
        return refusal
    for lot in state.lots.values():
        fund = lot.fund
        if fund is None or command.seq not in fund.pledges:
            continue
        voided = fund.pledges[command.seq]
        is_last = len(fund.by_paddle[voided.paddle]) == 1
        return [
            PledgeVoided(
                lot.number,
                fund.total - voided.amount,
                fund.match - voided.matched,
                fund.donors - is_last,
                voided.seq,
                voided.paddle,
                voided.level,
                voided.count,
                command.reason,
            )
        ]
    return Refusal(Code.UNKNOWN_PLEDGE)


def set_match(state: EventState, asked: Asked, command: c.SetMatch) -> Decision:
    """Match what is pledged from here on; an earlier match stops, and what it gave stays."""
    found = _fund(state, command.lot)
    if isinstance(found, Refusal):
        return found
    lot, fund = found
    if not 1 <= command.ratio_percent <= RATIO_PERCENT_MAX:
        return gates.lot_refusal(lot, Code.INVALID_AMOUNT)
    if refusal := gates.amounts_valid(lot, command.cap):
        return refusal
    ratio, cap = command.ratio_percent, command.cap
    return [MatchSet(lot.number, fund.total, fund.match, fund.donors, ratio, cap)]


def set_challenge(state: EventState, asked: Asked, command: c.SetChallenge) -> Decision:
    """Promise an amount for when the pledges reach a threshold, which they may have done."""
    found = _fund(state, command.lot)
    if isinstance(found, Refusal):
        return found
    lot, fund = found
    if refusal := gates.amounts_valid(lot, command.threshold, command.amount):
        return refusal
    total, match, donors = fund.total, fund.match, fund.donors
    threshold, amount = command.threshold, command.amount
    facts: list[Fact] = [ChallengeSet(lot.number, total, match, donors, threshold, amount)]
    if total >= threshold:
        facts.append(ChallengeMet(lot.number, total, match + amount, donors, amount))
    return facts


def _met(lot: Lot, fund: Fund, total: int, match: int, donors: int) -> list[Fact]:
    """Say that the challenge is met, when pledges of this sum meet it."""
    challenge = fund.challenge
    if challenge is None or total < challenge.threshold:
        return []
    return [ChallengeMet(lot.number, total, match + challenge.amount, donors, challenge.amount)]


def _fund(state: EventState, number: int) -> tuple[Lot, Fund] | Refusal:
    """Give a pledge lot that has not ended; a queued one may be prepared."""
    if refusal := gates.event_running(state):
        return refusal
    lot = gates.lot_known(state, number)
    if isinstance(lot, Refusal):
        return lot
    if lot.has_ended:
        return gates.lot_refusal(lot, Code.LOT_CLOSED)
    if lot.fund is None:
        return gates.lot_refusal(lot, Code.NOT_A_PLEDGE)
    return lot, lot.fund
