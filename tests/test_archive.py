"""An export restores the same journal elsewhere, byte for byte, and nothing that was changed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

import attrs
import orjson
import pytest

from saleroom.archive import Export, NotAnExport, export_lines, read_export, restore_export
from saleroom.auction import commands as c
from saleroom.audit import audit
from saleroom.storage.memory import memory_stores
from saleroom.storage.ports import Conflict, EventRow, NotFound, Record, Stores
from tests.auction.book import sale, silent
from tests.history import EVENT, evening, rechained, records_of, rewritten, stores_of

NOW = 1_700_000_000_000


async def exported(records: Sequence[Record], *, is_public: bool = True) -> list[bytes]:
    stores = await stores_of(records, is_public=is_public)
    async with aclosing(export_lines(stores, EVENT)) as lines:
        return [line async for line in lines]


async def kept_in(stores: Stores) -> list[Record]:
    return await stores.journal.read(EVENT, 0, 10_000)


async def test_an_import_is_the_same_journal_under_another_epoch() -> None:
    records = records_of(evening())
    elsewhere = memory_stores()
    epoch = await restore_export(elsewhere, read_export(await exported(records)), NOW)
    assert await kept_in(elsewhere) == records
    assert epoch not in ("elsewhere", "")
    assert (await elsewhere.journal.take_term(EVENT)).epoch == epoch
    assert (await audit(elsewhere, EVENT)).fault is None


async def test_two_imports_have_different_epochs() -> None:
    export = read_export(await exported(records_of(evening())))
    epochs = {await restore_export(memory_stores(), export, NOW) for _ in range(2)}
    assert len(epochs) == 2


async def test_an_import_is_exported_alike() -> None:
    lines = await exported(records_of(evening()))
    elsewhere = memory_stores()
    await restore_export(elsewhere, read_export(lines), NOW)
    async with aclosing(export_lines(elsewhere, EVENT)) as again:
        assert [line async for line in again] == lines


async def test_an_import_fills_the_catalogue() -> None:
    played = evening()
    elsewhere = memory_stores()
    await restore_export(elsewhere, read_export(await exported(records_of(played))), NOW)
    row = await elsewhere.catalogue.event(EVENT)
    assert row == EventRow(EVENT, "Spring gala", "USD", "open", True, {}, NOW)
    lots = await elsewhere.catalogue.lots(EVENT)
    assert [(lot.lot, lot.definition["mode"]) for lot in lots] == [
        (1, "silent"),
        (2, "live"),
        (3, "pledge"),
    ]
    people = await elsewhere.catalogue.registrations(EVENT, 0, 100)
    assert [(person.paddle, person.user) for person in people] == [
        (number, paddle.user) for number, paddle in played.book.state.paddles.items()
    ]


async def test_a_paddle_without_a_user_is_named_by_its_number() -> None:
    played = sale(silent(), paddles=[{"number": 300}])
    elsewhere = memory_stores()
    await restore_export(elsewhere, read_export(await exported(records_of(played))), NOW)
    (person,) = await elsewhere.catalogue.registrations(EVENT, 0, 100)
    assert (person.user, person.name) == (None, "Paddle 300")


@pytest.mark.parametrize("is_public", [True, False])
async def test_a_private_event_stays_private(is_public: bool) -> None:
    export = read_export(await exported(records_of(evening()), is_public=is_public))
    elsewhere = memory_stores()
    await restore_export(elsewhere, export, NOW)
    assert (await elsewhere.catalogue.event(EVENT)).public is is_public


async def test_more_than_a_page_of_facts_is_kept_whole() -> None:
    played = sale(silent(ladder="flat:1"))
    for number in range(2_100):
        played.as_donor("AB"[number % 2], c.PlaceBid(1, 10_000 + number))
    records = records_of(played)
    elsewhere = memory_stores()
    await restore_export(elsewhere, read_export(await exported(records)), NOW)
    assert await kept_in(elsewhere) == records


async def test_names_are_not_in_an_export() -> None:
    stores = await stores_of(records_of(evening()))
    lines = b"\n".join(await exported(records_of(evening())))
    assert b"name" not in lines
    assert await stores.catalogue.registrations(EVENT, 0, 100) == []


async def test_an_unknown_event_is_not_exported() -> None:
    async with aclosing(export_lines(memory_stores(), "nowhere")) as lines:
        with pytest.raises(NotFound):
            await anext(lines)


# Refused files


async def test_every_changed_line_is_refused_and_named() -> None:
    lines = await exported(records_of(evening()))
    for index, line in enumerate(lines[1:], 1):
        changed = line.replace(b'"at":', b'"at":1')
        assert changed != line
        with pytest.raises(NotAnExport, match=f"^line {index + 1}: the chain does not hold$"):
            read_export([*lines[:index], changed, *lines[index + 1 :]])


async def test_a_removed_or_swapped_line_is_refused_and_named() -> None:
    lines = await exported(records_of(evening()))
    with pytest.raises(NotAnExport, match=r"^line 4: the chain does not hold$"):
        read_export(lines[:3] + lines[4:])
    with pytest.raises(NotAnExport, match=r"^line 4: the chain does not hold$"):
        read_export([*lines[:3], lines[4], lines[3], *lines[5:]])
    with pytest.raises(NotAnExport, match=r"^line 2: .* a journal starts with event_defined"):
        read_export([lines[0], *lines[2:]])


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (1, b"saleroom"),
        (1, b"{}"),
        (1, b"[]"),
        (1, b"3"),
        (1, b'{"saleroom_export":2,"event":"gala","public":true}'),
        (1, b'{"saleroom_export":1,"event":"gala"}'),
        (2, b""),
        (2, b"null"),
        (2, b'{"head":"00"}'),
        (2, b'{"head":"00","fact":[]}'),
        (2, b'{"head":"00","fact":{"type":"event_imagined","v":1}}'),
    ],
)
async def test_a_line_of_another_kind_is_refused_and_named(number: int, line: bytes) -> None:
    lines = await exported(records_of(evening()))
    lines[number - 1] = line
    with pytest.raises(NotAnExport, match=f"^line {number}: ") as refused:
        read_export(lines)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kept", [0, 1])
async def test_a_file_without_facts_is_refused(kept: int) -> None:
    lines = await exported(records_of(evening()))
    with pytest.raises(NotAnExport, match="no facts"):
        read_export(lines[:kept])


async def test_a_seq_that_does_not_count_is_refused_though_it_is_chained() -> None:
    records = records_of(evening())
    records[2] = rewritten(records[2], seq=7)
    lines = await exported(rechained(records))
    with pytest.raises(NotAnExport, match=r"^line 4: seq 7 stands where 2 belongs$"):
        read_export(lines)


async def test_facts_that_do_not_replay_are_refused_before_anything_is_written() -> None:
    records = records_of(evening())
    records[5] = rewritten(records[5], lot=99)
    export = read_export(await exported(rechained(records)))
    elsewhere = memory_stores()
    with pytest.raises(NotAnExport, match="do not replay"):
        await restore_export(elsewhere, export, NOW)
    assert await elsewhere.journal.events() == []
    assert await elsewhere.catalogue.list_events(None, 10) == []


async def test_facts_of_another_event_are_refused() -> None:
    export = read_export(await exported(records_of(evening())))
    renamed = attrs.evolve(export, event="other")
    with pytest.raises(NotAnExport, match="the facts are of event gala"):
        await restore_export(memory_stores(), renamed, NOW)


# Events that exist already


async def imported_over(stores: Stores, export: Export) -> None:
    with pytest.raises(Conflict):
        await restore_export(stores, export, NOW)


async def test_an_import_is_refused_where_the_event_exists() -> None:
    records = records_of(evening())
    export = read_export(await exported(records))
    elsewhere = memory_stores()
    await restore_export(elsewhere, export, NOW)
    await imported_over(elsewhere, export)
    assert await kept_in(elsewhere) == records


async def test_an_import_beside_a_draft_of_the_same_name_writes_nothing() -> None:
    export = read_export(await exported(records_of(evening())))
    elsewhere = memory_stores()
    draft = EventRow(EVENT, "A draft", "EUR", "draft", False, {}, 1)
    await elsewhere.catalogue.add_event(draft)
    await imported_over(elsewhere, export)
    assert await elsewhere.journal.events() == []
    assert await elsewhere.catalogue.event(EVENT) == draft


async def test_an_import_beside_a_journal_without_a_catalogue_writes_nothing() -> None:
    records = records_of(evening())
    export = read_export(await exported(records))
    elsewhere = memory_stores()
    await elsewhere.journal.create(EVENT, "first", records[:1])
    await imported_over(elsewhere, export)
    assert await elsewhere.catalogue.list_events(None, 10) == []
    assert (await elsewhere.journal.take_term(EVENT)).epoch == "first"


async def test_an_export_is_json_lines_in_order() -> None:
    played = evening()
    lines = await exported(records_of(played))
    assert orjson.loads(lines[0]) == {"saleroom_export": 1, "event": EVENT, "public": True}
    facts = [orjson.loads(line)["fact"] for line in lines[1:]]
    assert [fact["type"] for fact in facts] == played.facts()
