"""Malformed input made from well-formed: messages, frames and request heads.

Owns: how a valid message is made of each message class of the codec, and every way in which one is
spoiled. Invariant: one `random.Random` gives always the same input. It sends nothing and knows no
answers. Source: PROTOCOL 2 and 3, RFC 6455 5.2, RFC 9112.
"""

from __future__ import annotations

import json
import struct
import typing
from collections.abc import Callable, Mapping
from random import Random
from types import NoneType, UnionType
from typing import Any

import attrs

from saleroom.auction import commands as c
from saleroom.protocol.messages import COMMANDS, Hello, Ping, Refresh, Resume, wire_name
from tests.http.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, get, upgrade

FRAME_BYTES_MAX = 16 * 1024
MESSAGES: Mapping[str, type] = {
    **COMMANDS,
    **{wire_name(cls): cls for cls in (Hello, Ping, Refresh)},
}

WRONG_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**18, 10**400, -(10**30), 1e308),
    *("", "x", "0", "true", "\0", "\ud800", "é" * 300, "x" * 501, "x" * 9_000),
    *([], {}, [1], {"lot": 1}, [[[[]]]], {"__class__": "PlaceBid"}),
)
WRONG_TEXTS = (
    *("", " ", "null", "true", "0", '""', "[]", "{}", "[{}]", "\ufeff{}", "{'type':'ping'}", "NaN"),
    *('{"type":"ping","t0":NaN}', '{"type":"ping","t0":Infinity}', '{"type":"ping","t0":1e999}'),
    *("[" * 5_000, '{"a":' * 2_000, '"' + "x" * 15_000, "{" + " " * 15_000, "\0", "\\u0000"),
    *('{"type":"ping","type":"ping","t0":1}', '{"type":"ping","t0":1}{}', "// {}", "undefined"),
    "x" * (FRAME_BYTES_MAX + 1),
)


def valid_message(random: Random, name: str) -> dict[str, Any]:
    """Make a message of a class, as the codec takes it."""
    cls = MESSAGES[name]
    if cls in (c.AddLot, c.ChangeLot):
        body: dict[str, Any] = {"lot": 7, "title": "A lot", "mode": "silent", "opening": 100}
    else:
        hints = typing.get_type_hints(cls, include_extras=True)
        body = {
            field.alias if field.name != "start_from" else "from": _value(random, hints[field.name])
            for field in attrs.fields(cls)
            if field.default is attrs.NOTHING or random.random() < 0.5
        }
    if cls is Hello:
        body["feed"] = random.choice(["conflated", "full"])
    given = {"id": f"{random.randrange(10**9)}"} if name in COMMANDS else {}
    return {"type": name, **given, **body}


def _value(random: Random, hint: Any) -> Any:
    """Make a value of an annotated type; what may be left out is never null."""
    if typing.get_origin(hint) in (typing.Union, UnionType):
        return _value(random, next(each for each in typing.get_args(hint) if each is not NoneType))
    if hint is bool:
        return random.random() < 0.5
    if hint is Resume:
        return {"epoch": "none", "seq": random.randrange(100)}
    if hint is str or hint == c.Text:
        return random.choice(["x", "grüß dich", "a word"])
    return random.randrange(1, 1_000)


def spoiled_message(random: Random) -> str:
    """Take a valid message and spoil it; now and then the result is still well-formed."""
    message = valid_message(random, random.choice(tuple(MESSAGES)))
    return random.choice(SPOILERS)(random, message)


def _wrong_value(random: Random, message: dict[str, Any]) -> str:
    return json.dumps({**message, random.choice(list(message)): random.choice(WRONG_VALUES)})


def _missing_field(random: Random, message: dict[str, Any]) -> str:
    del message[random.choice(list(message))]
    return json.dumps(message)


def _unknown_field(random: Random, message: dict[str, Any]) -> str:
    name = random.choice(["x", "Type", "amount ", "paddle\0", "constructor", "\ud800", "y" * 200])
    return json.dumps({**message, name: random.choice(WRONG_VALUES)})


def _field_twice(random: Random, message: dict[str, Any]) -> str:
    name = random.choice(list(message))
    return json.dumps(message)[:-1] + f", {json.dumps(name)}: {json.dumps(message[name])}}}"


def _wrong_characters(random: Random, message: dict[str, Any]) -> str:
    text = list(json.dumps(message, ensure_ascii=False))
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(len(text))
        text[at : at + random.randrange(2)] = random.choice(
            ["", '"', "{", "]", ",", "\\", "é", "0"]
        )
    return "".join(text)


def _cut_off(random: Random, message: dict[str, Any]) -> str:
    text = json.dumps(message)
    return text[: random.randrange(len(text))]


def _wrong_text(random: Random, message: dict[str, Any]) -> str:
    return random.choice(WRONG_TEXTS)


SPOILERS: tuple[Callable[[Random, dict[str, Any]], str], ...] = (
    _wrong_value,
    _missing_field,
    _unknown_field,
    _field_twice,
    _wrong_characters,
    _cut_off,
    _wrong_text,
)


def frame(random: Random, opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """Frame as a client does, with a mask of its own."""
    size, mask = len(payload), random.randbytes(4)
    first = (0x80 if fin else 0) | opcode
    if size <= 125:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size <= 0xFFFF:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")


def spoiled_frames(random: Random, count: int) -> bytes:
    """Make some frames as a client might send, and spoil the bytes."""
    return spoiled(random, b"".join([_any_frame(random) for _ in range(count)]))


def spoiled_head(random: Random) -> bytes:
    """Make a request's head, plain or of a websocket, and spoil the bytes."""
    path = random.choice(["/alive", "/ws/v1/events/none", "/api/v1/events?limit=2", "/metrics"])
    headers = ("Origin: http://sale.example", "Cookie: a=b")
    head = get(path, *headers) if random.random() < 0.5 else upgrade(path, *headers)
    return spoiled(random, head)


def spoiled(random: Random, data: bytes) -> bytes:
    """Change, drop, double or insert a few bytes."""
    spoiled = bytearray(data)
    for _ in range(random.randrange(1, 6)):
        at, size = random.randrange(len(spoiled) + 1), random.randrange(1, 5)
        match random.randrange(4):
            case 0:
                spoiled[at : at + size] = random.randbytes(size)
            case 1:
                del spoiled[at : at + size]
            case 2:
                spoiled[at:at] = spoiled[at : at + size]
            case _:
                spoiled[at:at] = random.randbytes(size)
    return bytes(spoiled)


def _any_frame(random: Random) -> bytes:
    """Make a frame, or a message in several."""
    text = json.dumps(valid_message(random, random.choice(tuple(MESSAGES)))).encode()
    match random.randrange(6):
        case 0:
            return frame(
                random, random.choice([PING, PONG]), random.randbytes(random.randrange(126))
            )
        case 1:
            at = random.randrange(len(text))
            start = frame(random, TEXT, text[:at], fin=False)
            return start + frame(random, PING, b"?") + frame(random, CONTINUATION, text[at:])
        case 2:
            return frame(random, BINARY, text)
        case 3 if random.random() < 0.2:
            return frame(random, CLOSE, struct.pack("!H", random.randrange(65_536)) + b"bye")
        case _:
            return frame(random, TEXT, text)
