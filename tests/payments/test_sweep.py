"""The sweep: what was lost is found, what is stuck holds up nothing, nobody is asked too often."""

from __future__ import annotations

from itertools import pairwise

import attrs
import pytest

from saleroom.billing.paying import Wanted
from saleroom.billing.payment import Method
from saleroom.payments import sweep as sweeping
from saleroom.payments.cards import Cards
from saleroom.payments.sweep import FIRST_REST_MS, LONGEST_REST_MS, UNSETTLED_MS, Sweep
from saleroom.storage.memory_billing import MemoryBilling
from tests.auction.book import live, play
from tests.payments.desk import SALE, Desk, desk_over


async def sweep_over(paddles: list[int]) -> tuple[Desk, Sweep]:
    """A sweep of paddles whose holders have left a page open."""
    desk = await desk_over(MemoryBilling(), paddles)
    state = play("#1 clerk opens => -", live(1)).book.state
    cards = Cards(desk.till.store, desk.house, lambda: desk.now_ms)
    for paddle in paddles:
        wanted = Wanted(Method.CHECKOUT, 20_000, "k", "ann")
        await desk.till.pay(attrs.evolve(SALE, paddle=paddle), wanted, None, "")
        desk.now_ms += 1
    return desk, Sweep(desk.till, cards, lambda event: state, "https://gala.example")


async def looked_at(desk: Desk, sweep: Sweep) -> int:
    """Go round once, and count the questions."""
    before = len(desk.house.looks)
    await sweep.go_round()
    return len(desk.house.looks) - before


async def test_what_is_not_settled_rests_longer_each_time() -> None:
    desk, sweep = await sweep_over([101])
    assert await looked_at(desk, sweep) == 0
    desk.now_ms += UNSETTLED_MS
    began, looks = desk.now_ms, []
    while desk.now_ms <= began + 3 * LONGEST_REST_MS:
        looks += [desk.now_ms] * await looked_at(desk, sweep)
        desk.now_ms += FIRST_REST_MS
    rests = [later - sooner for sooner, later in pairwise(looks)]
    assert rests[:3] == [FIRST_REST_MS, 2 * FIRST_REST_MS, 4 * FIRST_REST_MS]
    assert rests == sorted(rests)
    assert rests[-1] == LONGEST_REST_MS
    assert sweep.found == len(looks)
    desk.house.pay_page(next(iter(desk.house.intents)))
    desk.now_ms += LONGEST_REST_MS
    assert [await looked_at(desk, sweep) for _ in range(2)] == [1, 0]
    assert await desk.in_clearing() == 20_000


async def test_what_is_stuck_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "LOOKS_AT_ONCE", 2)
    desk, sweep = await sweep_over([101, 102, 103])
    desk.now_ms += UNSETTLED_MS
    assert [await looked_at(desk, sweep) for _ in range(3)] == [2, 1, 0]
    assert len(set(desk.house.looks)) == 3


async def test_a_processor_that_does_not_answer_is_asked_one_question_a_round() -> None:
    desk, sweep = await sweep_over([101, 102, 103])
    desk.now_ms += UNSETTLED_MS
    desk.house.loses = "before"
    assert await looked_at(desk, sweep) == 1
    assert (sweep.found, sweep.unanswered) == (0, 1)
    assert await looked_at(desk, sweep) == 2
    assert len(set(desk.house.looks)) == 3
