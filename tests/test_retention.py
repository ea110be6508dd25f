"""The daily round of retention, in virtual time."""

from __future__ import annotations

import random

import attrs
import trio
from trio.testing import MockClock

from saleroom.retention import DAY_MS, RETRY_S, ROUND_S, ROWS_AT_ONCE, Periods, Retention
from saleroom.storage.ports import StoreUnavailable
from saleroom.storage.privacy_ports import Forgotten
from saleroom.supervisor import ChildSpec, Strategy, Supervisor, SupervisorSpec

NOW_MS = 1_000 * DAY_MS


@attrs.define
class Shelf:
    """Rows by kind, as `Privacy` drops them. asked: (kind, before) of every call."""

    rows: dict[str, int]
    is_away: bool = False
    asked: list[tuple[str, int]] = attrs.field(factory=list)

    async def forget(self, user: str) -> Forgotten:
        raise AssertionError("nobody is forgotten by age")

    async def drop_contacts(self, closed_before_ms: int, most: int) -> int:
        return await self._drop("contacts", closed_before_ms, most)

    async def drop_sign_ins(self, expired_before_ms: int, most: int) -> int:
        return await self._drop("sign_ins", expired_before_ms, most)

    async def drop_audit(self, before_ms: int, most: int) -> int:
        return await self._drop("audit", before_ms, most)

    async def _drop(self, kind: str, before_ms: int, most: int) -> int:
        await trio.lowlevel.checkpoint()
        if self.is_away:
            raise StoreUnavailable("away")
        self.asked.append((kind, before_ms))
        dropped = min(most, self.rows[kind])
        self.rows[kind] -= dropped
        return dropped


def kept(shelf: Shelf, **periods: int) -> Retention:
    return Retention(shelf, Periods(**periods), lambda: NOW_MS)


async def test_each_kind_goes_after_its_own_time_in_bounded_steps() -> None:
    shelf = Shelf({"contacts": 2 * ROWS_AT_ONCE + 1, "sign_ins": 5, "audit": 7})
    retention = kept(shelf, contacts=365, sign_ins=30, audit=900)
    await retention.go_round()
    assert set(shelf.asked) == {
        ("contacts", NOW_MS - 365 * DAY_MS),
        ("sign_ins", NOW_MS - 30 * DAY_MS),
        ("audit", NOW_MS - 900 * DAY_MS),
    }
    assert shelf.asked.count(("contacts", NOW_MS - 365 * DAY_MS)) == 4
    told = retention.statistics()
    removed = (told.contacts_removed, told.sign_ins_removed, told.audit_removed)
    assert (told.rounds, removed) == (1, (2 * ROWS_AT_ONCE + 1, 5, 7))


async def test_a_kind_without_a_period_is_kept() -> None:
    shelf = Shelf({"contacts": 1, "sign_ins": 1, "audit": 1})
    await kept(shelf, sign_ins=30).go_round()
    assert shelf.rows == {"contacts": 1, "sign_ins": 0, "audit": 1}


async def test_it_goes_round_daily_and_tries_again_when_a_store_was_away(
    autojump_clock: MockClock,
) -> None:
    shelf = Shelf({"contacts": 0, "sign_ins": 0, "audit": 0}, is_away=True)
    retention = kept(shelf, audit=1)
    tree = SupervisorSpec("tree", Strategy.ONE_FOR_ONE, [ChildSpec("retention", retention.run)])
    supervisor = Supervisor(tree, rng=random.Random(0))
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        await trio.sleep(RETRY_S + 1)
        assert (retention.statistics().rounds, retention.statistics().failures) == (0, 1)
        shelf.is_away = False
        await trio.sleep(RETRY_S)
        assert (retention.statistics().rounds, retention.statistics().failures) == (1, 1)
        await trio.sleep(ROUND_S)
        assert retention.statistics().rounds == 2
        supervisor.stop()
