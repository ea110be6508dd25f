"""The AsyncAPI document of both websockets.

Owns: how the wire's types become AsyncAPI 3.0. Invariant: every frame that the codec reads and
every message that a session sends stands in it. Must not know: HTTP's routes, sockets.
Source: AsyncAPI 3.0.0, PROTOCOL 1 to 5 and 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from saleroom.auction.refusal import Code
from saleroom.protocol.answers import MESSAGES
from saleroom.protocol.close import Close, may_return, returns_at_once
from saleroom.protocol.codec import PLAIN_MAX
from saleroom.protocol.command_schema import COMMAND_ID, command_frame
from saleroom.protocol.fact_schema import feed
from saleroom.protocol.messages import COMMANDS
from saleroom.protocol.schema import JsonSchema, SchemaBook
from saleroom.protocol.shapes import Chars
from saleroom.protocol.wire_messages import EVENT_MESSAGES, OPERATOR_MESSAGES

VERSION = "1"
SUBPROTOCOL = "saleroom.v1"
ABOUT = """\
Text frames of UTF-8 JSON. A client frame holds one object, a server frame an array of one or more \
messages, in order. Every command gets exactly one answer, to its sender alone, once its facts are \
durable. What runs over HTTP stands in `/openapi.json`."""

_TOKEN: JsonSchema = {"type": "string", "examples": ["eyJhbGciOiJIUzI1NiJ9…"]}
_TEXT: JsonSchema = {"type": "string", **Chars(1, PLAIN_MAX).keywords()}
_MAYBE_TOKEN: JsonSchema = {**_TOKEN, "type": ["string", "null"]}
_MAYBE_TEXT: JsonSchema = {**_TEXT, "type": ["string", "null"]}
_OPERATOR_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "restart_child": ("path",),
    "stop_event": ("event",),
    "start_event": ("event",),
    "drain": (),
}


def asyncapi() -> dict[str, Any]:
    """Draw the document."""
    book = SchemaBook("#/components/schemas/")
    event_frames = _event_frames(book)
    operator_frames = _operator_frames()
    told = [*(book.open(cls) for cls in EVENT_MESSAGES), feed(book)]
    operator_told = [book.open(cls) for cls in OPERATOR_MESSAGES]
    messages = {
        **{name: _message(schema) for name, schema in {**event_frames, **operator_frames}.items()},
        "event_server_frame": _frame("What the server says on an event's socket", told),
        "operator_server_frame": _frame(
            "What the server says on the operator's socket", operator_told
        ),
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Saleroom", "version": VERSION, "description": f"{ABOUT}\n\n{_closes()}"},
        "defaultContentType": "application/json",
        "servers": {
            "saleroom": {"host": "localhost:8000", "protocol": "ws", "description": "As it is run."}
        },
        "channels": {
            "event": {
                "address": "/ws/v1/events/{event}",
                "title": "One event",
                "parameters": {"event": {"description": "The event's id."}},
                "messages": _listed([*event_frames, "event_server_frame"]),
                "bindings": {"ws": {"bindingVersion": "0.1.0", "method": "GET"}},
            },
            "operator": {
                "address": "/ws/v1/operator",
                "title": "The supervision tree",
                "messages": _listed([*operator_frames, "operator_server_frame"]),
                "bindings": {"ws": {"bindingVersion": "0.1.0", "method": "GET"}},
            },
        },
        "operations": {
            "hear_event": _operation("receive", "event", event_frames),
            "tell_event": _operation("send", "event", ["event_server_frame"]),
            "hear_operator": _operation("receive", "operator", operator_frames),
            "tell_operator": _operation("send", "operator", ["operator_server_frame"]),
        },
        "components": {"messages": messages, "schemas": dict(sorted(book.named.items()))},
    }


def _event_frames(book: SchemaBook) -> dict[str, JsonSchema]:
    resume = _object({"epoch": _TEXT, "seq": {"type": "integer"}}, ["epoch", "seq"])
    resume["examples"] = [{"epoch": "3f9a", "seq": 1040}]
    hello: dict[str, JsonSchema] = {
        "token": _MAYBE_TOKEN,
        "resume": {**resume, "type": ["object", "null"]},
        "feed": {"type": "string", "enum": ["conflated", "full"]},
        "id": {},
    }
    return {
        "hello": _typed("hello", hello, []),
        "ping": _ping(),
        "refresh": _refresh(),
        **{name: command_frame(book, name) for name in COMMANDS},
    }


def _operator_frames() -> dict[str, JsonSchema]:
    frames = {"operator_hello": _typed("hello", {"token": _TOKEN}, ["token"])}
    for name, fields in _OPERATOR_COMMANDS.items():
        named = {field: {"type": "string", "minLength": 1, "maxLength": 500} for field in fields}
        frames[name] = _typed(name, {"id": COMMAND_ID, **named}, ["id", *fields])
    return {**frames, "operator_ping": _ping(), "operator_refresh": _refresh()}


def _ping() -> JsonSchema:
    fields: dict[str, JsonSchema] = {
        "t0": {"type": "number", "examples": [12.5]},
        "id": {"type": ["string", "null"]},
    }
    return _typed("ping", fields, ["t0"])


def _refresh() -> JsonSchema:
    return _typed("refresh", {"token": _TOKEN, "id": _MAYBE_TEXT}, ["token"])


def _typed(name: str, fields: Mapping[str, JsonSchema], required: Iterable[str]) -> JsonSchema:
    return _object({"type": {"const": name}, **fields}, ["type", *required])


def _object(fields: Mapping[str, JsonSchema], required: list[str]) -> JsonSchema:
    return {
        "type": "object",
        "properties": dict(fields),
        "required": required,
        "additionalProperties": False,
    }


def _message(schema: JsonSchema) -> dict[str, Any]:
    name: str = schema["properties"]["type"]["const"]
    made = {"name": name, "title": name.replace("_", " "), "payload": schema}
    if (about := schema.get("description")) is not None:
        made["summary"] = about
    return made


def _frame(title: str, messages: list[JsonSchema]) -> dict[str, Any]:
    payload = {"type": "array", "minItems": 1, "items": {"anyOf": messages}}
    return {"name": "server frame", "title": title, "payload": payload}


def _listed(names: Iterable[str]) -> dict[str, JsonSchema]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _operation(action: str, channel: str, names: Iterable[str]) -> dict[str, Any]:
    messages = [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names]
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": messages,
    }


def _closes() -> str:
    """Say what each close code asks of a client."""
    lines = [f"- {code.value} `{code.name}`: {_then(code)}" for code in Close]
    return "\n".join(["Close codes:", *lines, "", "Codes of a nack:", *_nacks()])


def _then(code: Close) -> str:
    if returns_at_once(code):
        return "come back at once, with `resume`."
    return "come back after a while." if may_return(code) else "do not come back."


def _nacks() -> list[str]:
    words = {**{code.name: code.value for code in Code}, **MESSAGES}
    return [f"- `{name}`: {said}" for name, said in words.items()]
