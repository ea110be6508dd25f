"""The contest of a bid with what stands: one comparison, however many maxes there are.

Owns: the arithmetic of rules 2 to 6 and 16. Invariant: the price never falls here, and the
leader's ceiling is never below the price. Knows nothing of who may bid. Source: rules 1-6, 13, 16.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from saleroom.auction.lot import (
    OPEN,
    UNDOABLE,
    Absentee,
    Action,
    Lot,
    Standing,
    first_standing,
)
from saleroom.auction.state import EventState


def contend(
    lot: Lot,
    standing: Standing,
    paddle: int | None,
    amount: int,
    *,
    is_max: bool,
    adds: bool = True,
) -> Standing:
    """Compare a lawful bid with the leader's ceiling and give what stands after it.

    amount: the bid, or the ceiling when `is_max`. adds: whether it counts as a bid.
    """
    price, leader, ceiling = standing.price, standing.leader, standing.ceiling
    if price is None or ceiling is None:
        price, leader, ceiling = (standing.min_next if is_max else amount), paddle, amount
    elif paddle is not None and paddle == leader:
        ceiling = max(ceiling, amount)
        if not is_max:
            price = amount
    elif amount > ceiling:
        beaten = ceiling + lot.step(ceiling, standing)
        price, leader, ceiling = (min(amount, beaten) if is_max else amount), paddle, amount
    elif amount < ceiling:
        price = min(ceiling, amount + lot.step(amount, standing))
    else:
        price = amount
    return _stand(lot, standing, price, leader, ceiling, standing.bid_count + adds)


def open_with(lot: Lot, absentees: Iterable[Absentee]) -> Standing:
    """Give what stands when a lot opens with the maxes left for it (rule 16)."""
    opened = first_standing(lot.definition, OPEN)
    ranked = sorted(absentees, key=lambda left: (-left.max, left.order))
    if not ranked:
        return opened
    price = lot.definition.opening
    if len(ranked) > 1:
        second = ranked[1].max
        price = min(ranked[0].max, second + lot.step(second, opened))
    return _stand(lot, opened, price, ranked[0].paddle, ranked[0].max, len(ranked))


def eligible_absentees(state: EventState, lot: Lot) -> dict[int, Absentee]:
    """Give the maxes that count at the opening: none of a locked paddle or the lot's donor."""
    return {
        number: left
        for number, left in lot.absentees.items()
        if not state.paddles[number].is_locked and number != lot.definition.donor_paddle
    }


def floor_minimum(lot: Lot, standing: Standing) -> int:
    """Give the least amount that a floor bid may name (rule 13)."""
    if standing.price is not None:
        return standing.price + 1
    return min(lot.definition.opening, standing.min_next)


def replay_without(lot: Lot, paddle: int) -> tuple[Standing, list[Action]]:
    """Play a lot's round again without one paddle's bids and maxes (rule 18).

    Each other action stands if it is still lawful. Gives what stands, in the lot's present state,
    and the actions that remain.
    """
    standing = open_with(lot, (a for a in lot.absentees.values() if a.paddle != paddle))
    kept: list[Action] = []
    for action, owner in _with_owners(lot.actions):
        if owner == paddle and action.kind in ("bid", "raise", "assign"):
            continue
        after = _again(lot, standing, action)
        if after is not None:
            before = attrs.evolve(standing, state=action.before.state)
            kept.append(attrs.evolve(action, before=before))
            standing = after
    return attrs.evolve(standing, state=lot.standing.state), kept


def without_newest(lot: Lot) -> tuple[Standing, list[Action]]:
    """Take back a lot's newest undoable action (rule 17).

    A silent raise made after it stays when its paddle leads again. Gives what stands and the
    actions that remain.
    """
    index = max(i for i, action in enumerate(lot.actions) if action.kind in UNDOABLE)
    standing, kept = lot.actions[index].before, lot.actions[:index]
    for action in lot.actions[index + 1 :]:
        amount = action.amount or 0
        if standing.leader == action.paddle and amount > (standing.ceiling or 0):
            kept.append(action)
            standing = contend(lot, standing, action.paddle, amount, is_max=True, adds=False)
    return standing, kept


def _with_owners(actions: Sequence[Action]) -> list[tuple[Action, int | None]]:
    """Pair each action with its paddle; a floor bid named later belongs to whom it was given."""
    owners = [action.paddle for action in actions]
    for index, action in enumerate(actions):
        if action.kind == "assign":
            bid = max(i for i in range(index) if actions[i].kind == "bid")
            owners[bid] = action.paddle
    return list(zip(actions, owners, strict=True))


def _again(lot: Lot, standing: Standing, action: Action) -> Standing | None:
    amount = action.amount or 0
    if action.kind in ("bid", "raise"):
        least = floor_minimum(lot, standing) if action.source == "floor" else standing.min_next
        is_own = action.is_max and standing.leader == action.paddle and standing.price is not None
        if is_own:
            if amount <= (standing.ceiling or 0):
                return None
            return contend(lot, standing, action.paddle, amount, is_max=True, adds=False)
        if amount < least:
            return None
        return contend(lot, standing, action.paddle, amount, is_max=action.is_max)
    if action.kind == "assign":
        if standing.price is None or standing.leader is not None:
            return None
        return named(standing, action.paddle)
    if action.kind == "ask":
        if standing.price is not None and amount <= standing.price:
            return None
        return asking(standing, amount, action.step)
    return standing


def visible_bids(lot: Lot) -> dict[int, int]:
    """Give each paddle's own last visible bid of this round (rules 20, 21), first bidders first.

    A straight or floor bid was seen at its amount; so was a max beaten on arrival, which was bid up
    to it. A max that led was seen at the highest price shown while it led. One left before the
    opening that never led was not seen at all, and stays secret.
    """
    standing = open_with(lot, lot.absentees.values())
    seen: dict[int, int] = {}
    _show_leader(seen, standing)
    for action, owner in _with_owners(lot.actions):
        after = _again(lot, standing, action)
        assert after is not None, "an action that was lawful when it was made"
        led = action.is_max and after.leader == owner
        if action.kind == "bid" and owner is not None and not led:
            seen[owner] = max(seen.get(owner, 0), action.amount or 0)
        standing = after
        _show_leader(seen, standing)
    return seen


def _show_leader(seen: dict[int, int], standing: Standing) -> None:
    leader, price = standing.leader, standing.price
    if leader is not None and price is not None:
        seen[leader] = max(seen.get(leader, 0), price)


def at_fixed_price(lot: Lot, paddle: int, amount: int) -> Standing:
    """Give what stands when a paddle takes the lot at an amount, by purchase or by offer."""
    after = _stand(lot, lot.standing, amount, paddle, amount, lot.standing.bid_count)
    return attrs.evolve(after, state=lot.standing.state)


def named(standing: Standing, paddle: int | None) -> Standing:
    """Give a floor bid its paddle."""
    return attrs.evolve(standing, leader=paddle)


def asking(standing: Standing, ask: int, step: int | None) -> Standing:
    """Set the ask, and the step for the rest of the lot when one is given."""
    return attrs.evolve(standing, min_next=ask, step=standing.step if step is None else step)


def _stand(
    lot: Lot, standing: Standing, price: int, leader: int | None, ceiling: int, bid_count: int
) -> Standing:
    """Lift the price to a reserve that the ceiling reaches (rule 6), and compute the next bid."""
    reserve = lot.definition.reserve
    met = None
    if reserve is not None:
        met = ceiling >= reserve
        if met and price < reserve:
            price = reserve
    return Standing(
        state=OPEN,
        min_next=price + lot.step(price, standing),
        price=price,
        leader=leader,
        ceiling=ceiling,
        bid_count=bid_count,
        reserve_met=met,
        step=standing.step,
    )
