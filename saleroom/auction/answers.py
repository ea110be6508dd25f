"""What an accepted command is told besides its receipt.

Owns: the extra fields of an ack, by fact. Invariant: they follow from the fact and the state after
it, so that replay gives a resent command the first answer. Source: PROTOCOL section 3, rule 28.
"""

from __future__ import annotations

from typing import Any

from saleroom.auction import facts as f
from saleroom.auction.state import EventState


def answer_fields(state: EventState, fact: f.Fact) -> dict[str, Any]:
    """Give the ack's own fields for a command whose first fact was just applied."""
    if isinstance(fact, f.BidPlaced):
        return {
            "lot": fact.lot,
            "price": fact.amount,
            "leader": fact.paddle,
            "min_next": fact.min_next,
            "leading": fact.paddle == fact.bidder and fact.paddle is not None,
        }
    if isinstance(fact, f.MaxRaised | f.AbsenteeLeft):
        standing = state.lots[fact.lot].standing
        return {
            "lot": fact.lot,
            "price": standing.price,
            "leader": standing.leader,
            "min_next": standing.min_next,
            "leading": standing.leader == fact.paddle,
        }
    if isinstance(fact, f.ItemSold):
        standing = state.lots[fact.lot].standing
        sold: dict[str, Any] = {
            "lot": fact.lot,
            "price": fact.amount,
            "leader": standing.leader,
            "min_next": standing.min_next,
            "leading": standing.leader == fact.paddle,
            "units": fact.units,
        }
        return sold if fact.remaining is None else {**sold, "remaining": fact.remaining}
    if isinstance(fact, f.UnitsChosen | f.OfferMade | f.OfferAnswered):
        return f.shown_fields(fact)
    if isinstance(fact, f.FundFact):
        sums: dict[str, Any] = {
            "lot": fact.lot,
            "total": fact.total,
            "match": fact.match,
            "donors": fact.donors,
        }
        return {**sums, "pledge": state.seq} if isinstance(fact, f.PledgeMade) else sums
    if isinstance(fact, f.PaddleAdded | f.PaddleChanged | f.PaddleLocked | f.PaddleUnlocked):
        return {"paddle": fact.paddle}
    if isinstance(fact, f.PaddleRenumbered):
        return {"paddle": fact.new_paddle}
    if isinstance(fact, f.LotFact):
        return {"lot": fact.lot}
    return {}
