"""What every audit does: keep entries in order, and give them by event and user."""

from __future__ import annotations

from typing import Any

import attrs

from saleroom.storage.audit_ports import AuditEntry
from saleroom.storage.ports import Stores


def entry(number: int = 1, **changes: Any) -> AuditEntry:
    made = AuditEntry(1_000 + number, "ada", "admin", "lot.change", "gala", f"lot {number}")
    return attrs.evolve(made, **changes)


async def test_an_entry_is_read_as_recorded(stores: Stores) -> None:
    made = entry(before={"title": "A quilt", "fmv": None}, after={"title": "Ünï", "levels": [1]})
    bare = AuditEntry(0, "opal", None, "server.drain")
    for one in (made, bare):
        await stores.audit.record(one)
    kept = await stores.audit.entries(event=None, who=None, before=None, limit=10)
    assert [one.entry for one in kept] == [bare, made]
    assert kept[0].number > kept[1].number


async def test_entries_are_found_by_event_and_user_in_pages(stores: Stores) -> None:
    for number in range(1, 7):
        where = "gala" if number % 2 else "ball"
        await stores.audit.record(entry(number, event=where, who="ada" if number < 5 else "nick"))

    async def targets(
        event: str | None = None, who: str | None = None, before: int | None = None
    ) -> list[str | None]:
        kept = await stores.audit.entries(event=event, who=who, before=before, limit=3)
        return [one.entry.target for one in kept]

    assert await targets() == ["lot 6", "lot 5", "lot 4"]
    assert await targets(event="gala") == ["lot 5", "lot 3", "lot 1"]
    assert await targets(who="nick") == ["lot 6", "lot 5"]
    assert await targets(event="gala", who="ada") == ["lot 3", "lot 1"]
    first = await stores.audit.entries(event=None, who=None, before=None, limit=3)
    assert await targets(before=first[-1].number) == ["lot 3", "lot 2", "lot 1"]
    assert await targets(event="nowhere") == []


async def test_what_the_caller_changes_later_is_not_recorded(stores: Stores) -> None:
    after = {"title": "A quilt"}
    await stores.audit.record(entry(after=after))
    after["title"] = "spoilt"
    (kept,) = await stores.audit.entries(event=None, who=None, before=None, limit=1)
    assert kept.entry.after == {"title": "A quilt"}
