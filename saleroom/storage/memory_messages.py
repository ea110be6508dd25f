"""The outbox and how people are reached, without a disk: twins of pg_outbox and pg_recipients.

Owns: dictionaries. Invariant: each call is one checkpoint and then one synchronous step, as in
memory.py; it behaves as the PostgreSQL stores do, call for call. Source: message_ports.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs
import orjson
import trio

from saleroom.storage.memory_accounts import MemorySignIns
from saleroom.storage.memory_desk import MemoryPeople
from saleroom.storage.message_ports import (
    NEWER_WAITS,
    Caller,
    Delivery,
    NewDelivery,
    Owed,
    Preferences,
    PushDevice,
    Recipient,
    digits_of,
)
from saleroom.storage.ports import Catalogue, NotFound, OutboxRow

_UNDER_WAY = frozenset({"published", "open", "paused"})


@attrs.define
class _Row:
    owed: Owed
    due_at_ms: int
    settled_at_ms: int | None = None


@attrs.define
class MemoryOutbox:
    """An `Outbox` without a disk; the journal's facts come in by `take`."""

    _rows: dict[int, _Row] = attrs.Factory(dict)
    _deliveries: dict[int, tuple[Delivery, int]] = attrs.Factory(dict)

    def take(self, event: str, row: OutboxRow) -> None:
        """Keep what a fact owes, due at once."""
        self._keep(event, row.position, row.topic, row.payload, 0)

    async def owe(self, event: str, topic: str, payload: Mapping[str, Any], at_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        self._keep(event, 0, topic, payload, at_ms)

    async def owed(self, now_ms: int, limit: int) -> list[Owed]:
        await trio.lowlevel.checkpoint()
        due = [
            row
            for row in self._rows.values()
            if row.settled_at_ms is None and row.due_at_ms <= now_ms
        ]
        return [row.owed for row in sorted(due, key=lambda r: (r.due_at_ms, r.owed.id))[:limit]]

    async def postpone(self, owed: int, due_at_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        self._rows[owed].due_at_ms = due_at_ms

    async def settle(self, owed: int, deliveries: Sequence[NewDelivery], now_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        row = self._take(owed, now_ms)
        for new in deliveries if row is not None else ():
            assert row is not None
            self._insert(row.event, new, owed if new.is_once else 0, now_ms)

    async def move(self, owed: int, old: int, new: int, now_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        row = self._take(owed, now_ms)
        for each, once in list(self._deliveries.values()) if row is not None else ():
            assert row is not None
            is_under_way = each.state in ("waiting", "sending")
            if each.event == row.event and each.paddle == old and is_under_way:
                self._deliveries[each.id] = (attrs.evolve(each, paddle=new), once)

    async def claim(self, channel: str, now_ms: int, until_ms: int, limit: int) -> list[Delivery]:
        await trio.lowlevel.checkpoint()
        due = [
            each
            for each, _ in self._deliveries.values()
            if each.channel == channel
            and each.state in ("waiting", "sending")
            and each.due_at_ms <= now_ms
        ]
        due.sort(key=lambda each: (each.due_at_ms, each.id))
        claimed = [
            self._change(each.id, state="sending", attempts=each.attempts + 1, due_at_ms=until_ms)
            for each in due[:limit]
        ]
        return sorted(claimed, key=lambda each: each.id)

    async def end(self, delivery: int, state: str, now_ms: int, note: str | None = None) -> None:
        await trio.lowlevel.checkpoint()
        self._end(delivery, state, now_ms, note)

    async def put_back(
        self, delivery: int, due_at_ms: int, now_ms: int, note: str | None, *, is_attempt: bool
    ) -> None:
        await trio.lowlevel.checkpoint()
        kept, once = self._deliveries[delivery]
        if kept.state != "sending":
            return
        if self._waiting(kept, once) is not None:
            self._end(delivery, "dropped", now_ms, NEWER_WAITS)
            return
        attempts = kept.attempts - (0 if is_attempt else 1)
        self._change(delivery, state="waiting", due_at_ms=due_at_ms, note=note, attempts=attempts)

    async def dead(self, before: int | None, limit: int) -> list[Delivery]:
        await trio.lowlevel.checkpoint()
        found = [each for each, _ in self._deliveries.values() if each.state == "dead"]
        found = [each for each in found if before is None or each.id < before]
        return sorted(found, key=lambda each: -each.id)[:limit]

    async def revive(self, delivery: int, now_ms: int) -> bool:
        await trio.lowlevel.checkpoint()
        kept, once = self._deliveries.get(delivery, (None, 0))
        if kept is None or kept.state != "dead":
            return False
        if self._waiting(kept, once) is None:
            self._change(delivery, state="waiting", attempts=0, due_at_ms=now_ms, ended_at_ms=None)
        else:
            self._change(delivery, state="dropped", ended_at_ms=now_ms, note=NEWER_WAITS)
        return True

    async def counts(self) -> dict[str, int]:
        await trio.lowlevel.checkpoint()
        owed = sum(row.settled_at_ms is None for row in self._rows.values())
        return {**Counter(each.state for each, _ in self._deliveries.values()), "owed": owed}

    async def drop_ended(self, before_ms: int, most: int) -> int:
        await trio.lowlevel.checkpoint()
        ended = [
            each.id
            for each, _ in self._deliveries.values()
            if each.state in ("sent", "dropped") and (each.ended_at_ms or 0) < before_ms
        ][:most]
        settled = [
            number
            for number, row in self._rows.items()
            if row.settled_at_ms is not None and row.settled_at_ms < before_ms
        ][:most]
        for number in ended:
            del self._deliveries[number]
        for number in settled:
            del self._rows[number]
        return len(ended) + len(settled)

    def _keep(
        self, event: str, position: int, topic: str, payload: Mapping[str, Any], due_at_ms: int
    ) -> None:
        number = max(self._rows, default=0) + 1
        copied = orjson.loads(orjson.dumps(dict(payload)))
        self._rows[number] = _Row(Owed(number, event, position, topic, copied), due_at_ms)

    def _take(self, owed: int, now_ms: int) -> Owed | None:
        row = self._rows[owed]
        if row.settled_at_ms is not None:
            return None
        row.settled_at_ms = now_ms
        return row.owed

    def _insert(self, event: str, new: NewDelivery, once: int, now_ms: int) -> None:
        due_at_ms = new.due_at_ms
        if not new.is_once:
            earlier = [
                (each.ended_at_ms or now_ms) + new.interval_ms
                for each, _ in self._deliveries.values()
                if each.event == event
                and (each.paddle, each.kind, each.channel, each.lot)
                == (new.paddle, new.kind, new.channel, new.lot)
                and each.state in ("sent", "sending")
            ]
            due_at_ms = max([due_at_ms, *earlier])
        number = max(self._deliveries, default=0) + 1
        made = Delivery(
            number,
            event,
            new.kind,
            new.channel,
            new.paddle,
            new.lot,
            orjson.loads(orjson.dumps(dict(new.payload))),
            "waiting",
            0,
            due_at_ms,
            now_ms,
        )
        waits = self._waiting(made, once)
        if waits is None:
            self._deliveries[number] = (made, once)
        else:
            put_off = max(waits.due_at_ms, due_at_ms)
            self._change(waits.id, due_at_ms=put_off, payload=made.payload, created_at_ms=now_ms)

    def _waiting(self, wanted: Delivery, once: int) -> Delivery | None:
        """Give another one that waits in the same place."""
        place = (wanted.event, wanted.paddle, wanted.kind, wanted.channel, wanted.lot, once)
        for each, other in self._deliveries.values():
            if (each.event, each.paddle, each.kind, each.channel, each.lot, other) == place and (
                each.state == "waiting" and each.id != wanted.id
            ):
                return each
        return None

    def _end(self, delivery: int, state: str, now_ms: int, note: str | None) -> None:
        if self._deliveries[delivery][0].state == "sending":
            self._change(delivery, state=state, ended_at_ms=now_ms, note=note)

    def _change(self, delivery: int, **fields: Any) -> Delivery:
        kept, once = self._deliveries[delivery]
        changed = attrs.evolve(kept, **fields)
        self._deliveries[delivery] = (changed, once)
        return changed


@attrs.define
class MemoryRecipients:
    """`Recipients` without a disk."""

    people: MemoryPeople
    sign_ins: MemorySignIns
    catalogue: Catalogue
    _preferences: dict[str, Preferences] = attrs.Factory(dict)
    _devices: dict[str, tuple[str, int, PushDevice]] = attrs.Factory(dict)
    _silenced: set[str] = attrs.Factory(set)
    _numbers: dict[str, str] = attrs.Factory(dict)

    async def of_paddles(self, event: str, paddles: Collection[int]) -> list[Recipient]:
        await trio.lowlevel.checkpoint()
        rows = self.people.rows.get(event, {})
        return [self._recipient(event, paddle) for paddle in sorted(set(paddles) & rows.keys())]

    async def preferences(self, user: str) -> Preferences:
        await trio.lowlevel.checkpoint()
        return self._preferences.get(user, Preferences())

    async def set_preferences(self, user: str, preferences: Preferences) -> None:
        await trio.lowlevel.checkpoint()
        self._preferences[user] = preferences

    async def add_device(self, user: str, device: PushDevice, now_ms: int, most: int) -> None:
        await trio.lowlevel.checkpoint()
        self._devices[device.endpoint] = (user, now_ms, device)
        mine = [row for row in self._devices.values() if row[0] == user and row[2] != device]
        for _, _, old in sorted(mine, key=lambda row: row[1], reverse=True)[most - 1 :]:
            del self._devices[old.endpoint]

    async def devices(self, user: str) -> list[PushDevice]:
        await trio.lowlevel.checkpoint()
        mine = [row for row in self._devices.values() if row[0] == user]
        return [device for _, _, device in sorted(mine, key=lambda r: (r[1], r[2].endpoint))]

    async def drop_device(self, endpoint: str, user: str | None = None) -> None:
        await trio.lowlevel.checkpoint()
        kept = self._devices.get(endpoint)
        if kept is not None and user in (None, kept[0]):
            del self._devices[endpoint]

    async def silence(self, phone: str, at_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        self._silenced.add(phone)

    async def unsilence(self, phone: str) -> None:
        await trio.lowlevel.checkpoint()
        self._silenced.discard(phone)

    async def is_silenced(self, phone: str) -> bool:
        await trio.lowlevel.checkpoint()
        return phone in self._silenced

    async def callers(self, tail: str) -> list[Caller]:
        found = []
        for event, rows in sorted(self.people.rows.items()):
            if not await self._is_under_way(event):
                continue
            for paddle in sorted(rows):
                phone = self._recipient(event, paddle).phone
                if phone is not None and digits_of(phone).endswith(tail):
                    found.append(Caller(event, paddle, rows[paddle].user, phone))
        return found

    async def set_number(self, event: str, number: str | None) -> None:
        await trio.lowlevel.checkpoint()
        self._numbers.pop(event, None)
        if number is not None:
            self._numbers[event] = number

    async def number(self, event: str) -> str | None:
        await trio.lowlevel.checkpoint()
        return self._numbers.get(event)

    async def events_of(self, number: str) -> list[str]:
        await trio.lowlevel.checkpoint()
        return sorted(event for event, kept in self._numbers.items() if kept == number)

    def forget(self, user: str) -> None:
        """Remove a user's preferences and browsers."""
        self._preferences.pop(user, None)
        for endpoint in [e for e, row in self._devices.items() if row[0] == user]:
            del self._devices[endpoint]

    def _recipient(self, event: str, paddle: int) -> Recipient:
        row = self.people.rows[event][paddle]
        account = self.sign_ins.accounts.get(row.user or "")
        email, phone = row.email, row.phone
        if account is not None and not account.is_disabled:
            email = email or (account.email if account.verified_at_ms is not None else None)
            phone = phone or account.phone
        return Recipient(
            paddle,
            row.user,
            row.name,
            email,
            phone,
            self._preferences.get(row.user or "", Preferences()),
            any(user == row.user for user, _, _ in self._devices.values()),
        )

    async def _is_under_way(self, event: str) -> bool:
        try:
            return (await self.catalogue.event(event)).status in _UNDER_WAY
        except NotFound:
            return False
