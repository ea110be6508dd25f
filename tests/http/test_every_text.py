"""What people write comes back as they wrote it, whichever route it came by, or is refused by name.

The routes and their texts are those of the OpenAPI document, which is drawn from the contracts: a
new route with a text fails until it has a row in `spoken_rows.py`. What pages, papers, tables and
letters make of such texts stands in `test_texts_shown.py`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from jsonschema import Draft202012Validator
from trio.testing import MockClock

from tests.http.forms import BOUNDARY, multipart
from tests.http.house import House, Reply, open_house
from tests.http.spoken import ACCOUNT, COMMANDS, VERSION, Names, Row, picture
from tests.http.spoken_rows import OF_NO_FORM, ROWS
from tests.http.test_authorisation import UNHURRIED

HOSTILE = (
    "'; DROP TABLE events; --",
    '" OR "1"="1',
    "%' AND '1'='1",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "{event} %s %(name)s",
    "\\u0000 \\x00 %00",
    "\u202egnp.\u2066 \u200b\u200d\ufeff",
    "Zoë 漢字 🎈 👩\u200d👧 e\u0301",
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "to\r\nBcc: eve@gala.example",
    "../../etc/passwd",
    " null ",
)
UNKEPT = ("nul \0", "half a pair \ud800")
"""What no store can keep."""

Place = tuple[str | int, ...]
Key = tuple[str, str, str]
Schema = Mapping[str, Any]


DOCUMENT: dict[str, Any] = json.loads(Path("docs/openapi.json").read_text(encoding="utf-8"))
"""As it is committed; `test_documents.py` holds it against the contracts."""


def spoken(drawn: Mapping[str, Any]) -> dict[Key, dict[Place, Schema]]:
    """Give every operation, and every command, with the places of its body where a text may be."""
    found: dict[Key, dict[Place, Schema]] = {}
    for path, method, content in bodies(drawn):
        for body in content.values():
            schema = resolved(drawn, body["schema"])
            is_command = path == COMMANDS
            for option in schema["oneOf"] if is_command else [schema]:
                shape = resolved(drawn, option)
                kind = shape["properties"]["type"]["const"] if is_command else ""
                found[method, path, kind] = dict(texts(drawn, shape, ()))
    return {key: places for key, places in found.items() if places}


def bodies(drawn: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, operations in drawn["paths"].items():
        for method, operation in operations.items():
            if "requestBody" in operation:
                yield path, method.upper(), operation["requestBody"]["content"]


def resolved(drawn: Mapping[str, Any], schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = drawn["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def texts(drawn: Mapping[str, Any], schema: Schema, place: Place) -> Iterator[tuple[Place, Schema]]:
    """Give each text of a shape that is not one of a few known words, with its own schema."""
    schema = resolved(drawn, schema)
    for option in schema.get("anyOf", schema.get("oneOf", ())):
        yield from texts(drawn, option, place)
    is_known = bool(schema.keys() & {"enum", "const", "contentMediaType"})
    if "string" in schema.get("type", ()) and not is_known:
        yield place, schema
    for name, inner in schema.get("properties", {}).items():
        yield from texts(drawn, inner, (*place, name))
    if isinstance(schema.get("items"), Mapping):
        yield from texts(drawn, schema["items"], (*place, 0))


def takes(schema: Schema, text: str) -> bool:
    return is_unicode(text) and Draft202012Validator(schema).is_valid(text)


def is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


@attrs.define
class Talk:
    """A row, said again and again with other texts in it."""

    house: House
    row: Row
    names: Names = attrs.field(factory=dict)
    said: int = 0

    async def say(self, instead: Mapping[Place, str], *, is_taken: bool = True) -> Reply:
        """Send the row's request with these texts in place of its own."""
        row, house = self.row, self.house
        if not self.said or (row.is_once and is_taken):
            self.names = await row.stage(house)
        self.said += 1
        self.names["n"] = self.said
        body = self.filled(row.body)
        if body.get("version") == VERSION:
            (body["version"], *_) = leaves(await self.read(row.shown[0]))["version"]
        for place, text in instead.items():
            put(body, place, text)
        path, who = row.path.format(**self.names), self.person(row.who)
        key = f"said-{self.said}"
        if not row.is_form:
            raw = json.dumps(body).encode()
            return await house.call(row.method, path, who, raw=raw, key=key)
        form = multipart(picture(), {name: str(value) for name, value in body.items()})
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return await house.call(row.method, path, who, raw=form, key=key, headers=headers)

    async def shown(self, reply: Reply) -> dict[str, list[Any]]:
        """Give what the row's addresses show, by the names of the fields."""
        given = reply.json if reply.body else {}
        if not self.row.shown:
            return leaves(given)
        self.names |= {
            name: value for name, value in given.items() if name in ("id", "paddle", "lot")
        }
        await trio.sleep(1)  # virtual time: the view is written
        found: dict[str, list[Any]] = defaultdict(list)
        for address in self.row.shown:
            for name, values in leaves(await self.read(address)).items():
                found[name] += values
        return found

    async def read(self, address: str) -> Any:
        return await self.house.done(
            "GET", address.format(**self.names), self.person(self.row.reader)
        )

    def person(self, who: str | None) -> str | None:
        return self.names[ACCOUNT] if who == ACCOUNT else who

    def filled(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self.filled(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.filled(each) for each in value]
        if isinstance(value, str):
            whole = re.fullmatch(r"\{(\w+)\}", value)
            return self.names[whole[1]] if whole else value.format(**self.names)
        return value


def put(body: Any, place: Place, text: str) -> None:
    for step in place[:-1]:
        body = body[step]
    body[place[-1]] = text


def leaves(value: Any, name: str = "") -> dict[str, list[Any]]:
    """Give the values of an answer by the names under which they stand, however deep."""
    found: dict[str, list[Any]] = defaultdict(list)
    if isinstance(value, dict):
        for inner_name, inner in value.items():
            for deeper, values in leaves(inner, inner_name).items():
                found[deeper] += values
    elif isinstance(value, list):
        for inner in value:
            for deeper, values in leaves(inner, name).items():
                found[deeper] += values
    else:
        found[name].append(value)
    return found


SPOKEN = spoken(DOCUMENT)


def name_of(place: Place) -> str:
    return next(step for step in reversed(place) if isinstance(step, str))


def hidden(row: Row, places: Collection[Place]) -> set[Place]:
    return {place for place in places if name_of(place) in row.unseen}


def test_every_route_that_takes_a_text_has_a_row() -> None:
    of_no_form = {
        (method, path)
        for path, method, content in bodies(DOCUMENT)
        if not all(body["schema"] for body in content.values())
    }
    assert {row.key for row in ROWS} == set(SPOKEN)
    assert of_no_form == set(OF_NO_FORM)
    for row in ROWS:
        assert {place[0] for place in SPOKEN[row.key]} <= set(row.body), row.key
        assert set(row.unseen) <= {name_of(place) for place in SPOKEN[row.key]}, row.key


@pytest.mark.parametrize("row", ROWS, ids=[" ".join(row.key).strip() for row in ROWS])
async def test_a_text_comes_back_as_it_was_sent_or_is_refused_by_its_name(
    autojump_clock: MockClock, row: Row
) -> None:
    places = SPOKEN[row.key]
    async with open_house(limits=UNHURRIED) as house:
        talk = Talk(house, row)
        plain = await talk.say({})
        assert plain.status == row.status, plain
        for text in (*row.of(HOSTILE), *UNKEPT):
            taken = {place for place, schema in places.items() if takes(schema, text)}
            shown = taken - hidden(row, taken)
            if shown:
                reply = await talk.say(dict.fromkeys(shown, text))
                assert reply.status == row.status, (text, reply)
                found = await talk.shown(reply)
                for place in shown:
                    assert text in found[name_of(place)], (text, place, dict(found))
            for place in taken - shown:
                reply = await talk.say({place: text})
                assert reply.status < 500, (text, place, reply)
            if row.is_form and not is_unicode(text):
                continue
            for place in places.keys() - taken:
                reply = await talk.say({place: text}, is_taken=False)
                assert reply.code.startswith(row.refused), (text, place, reply)
                if row.is_naming:
                    assert reply.json["field"] == ".".join(map(str, place)), (text, reply)
