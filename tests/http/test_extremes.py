"""Every whole number that the contract allows is one that PostgreSQL takes, at its very bounds.

The requests are drawn from the OpenAPI document: each integer of each operation in its turn is the
least and the most that its schema says, while all else is as in the examples. Whatever is answered,
the server has not failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from saleroom.storage.ports import Stores
from tests.http.house import open_house
from tests.http.spoken import COMMANDS, sale
from tests.http.test_authorisation import UNHURRIED
from tests.http.test_every_text import DOCUMENT, Place, resolved

JSON = "application/json"
ENDS_IT = {"close_event", "pause_event"}
"""Commands after which little else is looked at."""
Schema = Mapping[str, Any]


def given(schema: Schema) -> Any:
    """Give a value that a schema takes, with all of its fields."""
    schema = resolved(DOCUMENT, schema)
    if "const" in schema:
        return schema["const"]
    if known := schema.get("examples") or schema.get("enum"):
        return known[0]
    if (options := schema.get("oneOf") or schema.get("anyOf")) and "properties" not in schema:
        return given(options[0])
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object":
        return {name: given(each) for name, each in schema.get("properties", {}).items()}
    if kind == "array":
        return [given(schema.get("items", {}))]
    plain: Any = {"string": "x" * schema.get("minLength", 1), "boolean": False}
    return plain.get(kind, schema.get("minimum", 1))


def bounds(schema: Schema, place: Place = ()) -> Iterator[tuple[Place, int]]:
    """Give the least and the most of each whole number of a shape."""
    schema = resolved(DOCUMENT, schema)
    if "integer" in schema.get("type", ()):
        for bound in ("minimum", "maximum"):
            if bound in schema:
                yield place, schema[bound]
    for name, inner in schema.get("properties", {}).items():
        yield from bounds(inner, (*place, name))


def changed(value: Any, place: Place, number: int) -> Any:
    if not place:
        return number
    return {**value, place[0]: changed(value.get(place[0], {}), place[1:], number)}


def bodies(operation: Mapping[str, Any], path: str) -> Iterator[Any]:
    content = operation.get("requestBody", {}).get("content", {})
    if JSON not in content:
        yield None
        return
    schema = resolved(DOCUMENT, content[JSON]["schema"])
    for option in schema.get("oneOf", schema.get("anyOf", [])) or [schema]:
        plain = given(option)
        if path == COMMANDS and plain["type"] in ENDS_IT:
            continue
        yield plain
        for place, number in bounds(option):
            yield changed(plain, place, number)


def addresses(operation: Mapping[str, Any], path: str, names: Mapping[str, Any]) -> Iterator[str]:
    parameters = operation.get("parameters", ())
    known = {each["name"]: each["schema"] for each in parameters if each["in"] == "path"}
    plain = {name: names.get(name, given(schema)) for name, schema in known.items()}
    yield path.format(**plain)
    for name, schema in known.items():
        for _, number in bounds(schema):
            yield path.format(**{**plain, name: number})
    for each in parameters:
        if each["in"] == "query":
            for _, number in bounds(each["schema"]):
                yield f"{path.format(**plain)}?{urlencode({each['name']: number})}"


async def test_no_number_is_more_than_the_server_can_take(pg_stores: Stores) -> None:
    async with open_house(pg_stores, limits=UNHURRIED) as house:
        names = await sale(house)
        asked, failed = 0, []
        for path, operations in DOCUMENT["paths"].items():
            for method, operation in operations.items():
                for address in addresses(operation, path, names):
                    for body in bodies(operation, path):
                        asked += 1
                        key = f"asked-{asked}"
                        reply = await house.call(method.upper(), address, "admin", body, key=key)
                        if reply.status >= 500:
                            failed.append((method, address, body, reply.body))
        assert asked > len(DOCUMENT["paths"])
        assert not failed
