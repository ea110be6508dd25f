"""What is really sent on a websocket holds to the schemas that the AsyncAPI document publishes."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from trio.testing import MockClock

from saleroom.protocol.asyncapi import asyncapi
from saleroom.protocol.codec import Malformed, decode_command
from saleroom.protocol.command_schema import command_body
from saleroom.protocol.messages import COMMANDS
from saleroom.protocol.schema import SchemaBook
from saleroom.protocol.wire_messages import EVENT_MESSAGES
from tests.actors.stage import open_stage, settle, silent

DOCUMENT = asyncapi()


def schema_of(name: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    )


def frame_of(name: str) -> Draft202012Validator:
    message = DOCUMENT["components"]["messages"][name]
    return Draft202012Validator({**message["payload"], "components": DOCUMENT["components"]})


async def test_a_conversation_holds_to_the_schemas(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(
            silent(1, buy_now=90_000),
            {"lot": 2, "title": "A quilt", "mode": "live", "opening": 500},
            {"lot": 3, "title": "A well", "mode": "pledge", "opening": 100, "levels": [100, 500]},
        )
        line = await stage.connect(stage.token("u101"))
        for number, frame in enumerate(
            (
                {"type": "place_bid", "lot": 1, "amount": 1_000},
                {"type": "set_max_bid", "lot": 1, "max": 5_000},
                {"type": "place_bid", "lot": 1, "amount": 1},
                {"type": "pledge", "lot": 3, "level": 500},
                {"type": "buy", "lot": 1},
                {"type": "open_lot", "lot": 2},
            )
        ):
            asked: dict[str, Any] = {**frame, "id": str(number)}
            frame_of(str(frame["type"])).validate(asked)
            line.say(**asked)
        line.say("ping", t0=1.5)
        await settle()
        told = line.messages()
    frame_of("event_server_frame").validate(told)
    kinds = {message["type"] for message in told}
    assert {"welcome", "ack", "nack", "feed", "pong", "won"} <= kinds
    names = {cls.__name__ for cls in EVENT_MESSAGES}
    for message in told:
        name = "".join(word.title() for word in message["type"].split("_"))
        assert name in names | {"Feed"}
        schema_of(name).validate(message)


@pytest.mark.parametrize("extra", [{"amount": "5"}, {"amount": 0}, {"paddle": "7"}, {"else": 1}])
def test_what_the_codec_refuses_its_schema_refuses(extra: dict[str, Any]) -> None:
    bid = {"type": "place_bid", "id": "1", "lot": 1, "amount": 5, **extra}
    assert not frame_of("place_bid").is_valid(bid)


def least(schema: dict[str, Any]) -> Any:
    """Give a value that a field's schema takes."""
    if "const" in schema:
        return schema["const"]
    known = schema.get("enum") or schema.get("examples")
    return known[0] if known else {"boolean": True, "string": "x"}.get(schema["type"], 1)


READ_BY_RULES = {"add_lot", "change_lot"}
"""Of whose texts and words the rules say what is wrong."""


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - READ_BY_RULES))
def test_the_codec_takes_null_where_a_commands_schema_does(name: str) -> None:
    book = SchemaBook()
    command_body(book)
    schema = book.named[COMMANDS[name].__name__]
    components = {"components": {"schemas": book.named}}
    fields = schema["properties"]
    body = {field: least(fields[field]) for field in schema["required"]}
    decode_command(body, "1")
    for field in fields.keys() - {"type"}:
        changed = {**body, field: None}
        is_taken = Draft202012Validator({**schema, **components}).is_valid(changed)
        with nullcontext() if is_taken else pytest.raises(Malformed):
            decode_command(changed, "1")
