"""The strict codec of client frames.

Owns: how text becomes a typed frame. Invariant: whatever a client sends leaves as a frame or as one
`Malformed`, and nothing is ever rounded, coerced or guessed. Source: PROTOCOL sections 2 and 3,
RULES "Amounts".
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Mapping
from functools import partial
from hashlib import blake2b
from math import isfinite
from typing import Any, NoReturn, TypeVar

import attrs
import orjson
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override

from saleroom.auction import commands as c
from saleroom.auction.definition import LotDefinition
from saleroom.protocol.messages import (
    COMMANDS,
    Ask,
    ClientFrame,
    Hello,
    Ping,
    Refresh,
    Resume,
    wire_name,
)

T = TypeVar("T")

ID_MAX = 64
TEXT_MAX = 500
PLAIN_MAX = 8_192
DIGITS_MAX = 19
OUT_OF_BOUNDS = 2**63 - 1
"""What greater integers become: out of every bound, and cheap; a moment in nanoseconds is less."""
LOT_AMOUNTS = frozenset({"opening", "reserve", "buy_now", "goal", "fmv"})


class Malformed(ValueError):
    """A frame that is none of this protocol. re: the id it bore, where that could be read."""

    def __init__(self, reason: str, re: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.re = re


def decode_frame(text: str) -> ClientFrame:
    """Read a client's frame. Raises Malformed."""
    raw = decode_object(text)
    try:
        talk = read_talk(raw)
        return _command(raw) if talk is None else talk
    except Malformed as error:
        raise Malformed(error.reason, readable_id(raw)) from None


def read_talk(raw: Mapping[str, Any]) -> Hello | Ping | Refresh | None:
    """Read a frame that is no command; None for one that may be. Raises Malformed."""
    cls = TALK.get(name) if isinstance(name := raw.get("type"), str) else None
    if cls is None:
        return None
    return _structured({key: value for key, value in raw.items() if key != "type"}, cls)


def readable_id(raw: Mapping[str, Any]) -> str | None:
    """Give a frame's id, None where it has none that can be repeated."""
    value = raw.get("id")
    return value if isinstance(value, str) and is_text(value, ID_MAX) else None


def decode_object(text: str | bytes) -> dict[str, Any]:
    """Read one JSON object: no repeated names, no NaN. Raises Malformed."""
    try:
        raw = _DECODER.decode(text if isinstance(text, str) else text.decode())
    except Malformed:
        raise
    except (ValueError, RecursionError):
        raise Malformed("this is not one JSON object") from None
    if not isinstance(raw, dict):
        raise Malformed("this is not one JSON object")
    return raw


def decode_command(raw: Mapping[str, Any], command_id: str) -> Ask:
    """Read a command from its plain form without `id`. Raises Malformed."""
    fields = dict(raw)
    name = fields.pop("type", None)
    cls = COMMANDS.get(name) if isinstance(name, str) else None
    if cls is None:
        raise Malformed("`type` names no command")
    command = _structured(fields, cls)
    try:
        digest = digest_of(command)
    except TypeError:
        raise Malformed("a value is nested too deeply, or is not Unicode") from None
    return Ask(_checked_id(command_id), command, digest)


def digest_of(command: c.Command) -> str:
    """Give 16 hex digits that differ for different bodies."""
    name, fields = _BODIES[type(command)]
    body = [name, [getattr(command, field) for field in fields]]
    return blake2b(orjson.dumps(body, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


def _command(raw: Mapping[str, Any]) -> Ask:
    if "id" not in raw:
        raise Malformed("a command has an `id`")
    return decode_command({k: v for k, v in raw.items() if k != "id"}, raw["id"])


def _structured(fields: Mapping[str, Any], cls: type[T]) -> T:
    try:
        return _CONVERTER.structure(fields, cls)
    except Malformed:
        raise
    except KeyError as error:
        raise Malformed(f"{error.args[0]!r} is missing") from None
    except Exception as error:  # every other error cattrs has for a bad shape
        raise Malformed(f"not a {wire_name(cls)}: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200].encode(errors="backslashreplace").decode()


def _checked_id(value: object) -> str:
    if not isinstance(value, str) or not is_text(value, ID_MAX):
        raise Malformed(f"an id is a text of 1 to {ID_MAX} characters")
    return value


def is_text(value: str, most: int) -> bool:
    """Say whether it has 1 to `most` characters, none of them NUL or half of a surrogate pair."""
    if not 1 <= len(value) <= most:
        return False
    return (value.isascii() and "\0" not in value) or not _UNSTORABLE.search(value)


def _refuse(reason: str) -> NoReturn:
    raise Malformed(reason)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed("a field is given twice")
    return fields


def _bounded_int(digits: str) -> int:
    is_negative = digits.startswith("-")
    if len(digits) <= DIGITS_MAX + is_negative:
        return max(-OUT_OF_BOUNDS, min(int(digits), OUT_OF_BOUNDS))
    return -OUT_OF_BOUNDS if is_negative else OUT_OF_BOUNDS


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
TALK: Mapping[str, type[Hello] | type[Ping] | type[Refresh]] = {
    "hello": Hello,
    "ping": Ping,
    "refresh": Refresh,
}
"""{name: what is said beside commands}"""

_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_bounded_int,
    parse_constant=lambda name: _refuse(f"{name} is not JSON"),
)


# The strict hooks: a value is of its type, or the frame is malformed.


def _whole(value: object, _: object) -> int:
    if type(value) is not int:
        _refuse("a whole number is missing, or is not one")
    return value


def _count(value: object, _: object) -> int:
    if type(value) is not int or value < 1:
        _refuse("a count is a whole number from 1")
    return value


def _number(value: object, _: object) -> float:
    if type(value) is int and abs(value) < OUT_OF_BOUNDS:
        return value
    if type(value) is float and isfinite(value):
        return value
    _refuse("t0 is a number below 2^63")


def _flag(value: object, _: object) -> bool:
    return value if isinstance(value, bool) else _refuse("a flag is true or false")


def _text(value: object, _: object) -> str:
    if isinstance(value, str) and is_text(value, TEXT_MAX):
        return value
    _refuse(f"a text has 1 to {TEXT_MAX} characters")


def _plain(value: object, _: object) -> str:
    if isinstance(value, str) and is_text(value, PLAIN_MAX):
        return value
    _refuse(f"a text has 1 to {PLAIN_MAX} characters")


def _token(value: object, _: object) -> str:
    """Take any text: whoever verifies it says that it is no token."""
    return value if isinstance(value, str) else _refuse("a token is a text")


def _add_lot(raw: Mapping[str, Any], _: object) -> c.AddLot:
    fields = _lot_fields(raw)
    for name in ("title", "mode", "opening"):
        if name not in fields:
            _refuse(f"'{name}' is missing")
    number = fields.pop("lot", None)
    return c.AddLot(None if number is None else _whole(number, int), fields)


def _change_lot(raw: Mapping[str, Any], _: object) -> c.ChangeLot:
    fields = _lot_fields(raw)
    if "lot" not in fields:
        _refuse("'lot' is missing")
    return c.ChangeLot(_whole(fields.pop("lot"), int), fields)


def _lot_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Check names and that amounts are integers; the rules check what they mean."""
    known = attrs.fields_dict(LotDefinition)
    for name, value in raw.items():
        if name not in known:
            _refuse(f"a lot has no field {name[:64]!r}")
        is_left_out = value is None and name != "opening"
        if name in LOT_AMOUNTS and type(value) is not int and not is_left_out:
            _refuse(f"{name!r} is a whole number")
    return dict(raw)


_BODIES = {
    cls: (name, [field.name for field in attrs.fields(cls)]) for name, cls in COMMANDS.items()
}
"""{command: its wire name and its fields}"""


def _make_converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=False)
    hook = converter.register_structure_hook
    hook(int, _whole)
    hook(float, _number)
    hook(bool, _flag)
    hook(str, _plain)
    for wanted, strict in (
        (c.Amount, _whole),
        (c.Amount | None, _whole),
        (c.Count, _count),
        (c.Text, _text),
    ):
        converter.register_structure_hook_func(partial(operator.eq, wanted), strict)
    hook(c.AddLot, _add_lot)
    hook(c.ChangeLot, _change_lot)
    hook(
        c.SetSoftClose,
        make_dict_structure_fn(
            c.SetSoftClose,
            converter,
            start_from=override(rename="from"),
            _cattrs_forbid_extra_keys=True,
            _cattrs_detailed_validation=False,
        ),
    )
    hook(Hello, _hello)
    hook(
        Refresh,
        make_dict_structure_fn(
            Refresh,
            converter,
            token=override(struct_hook=_token),
            _cattrs_forbid_extra_keys=True,
            _cattrs_detailed_validation=False,
        ),
    )
    return converter


def _hello(raw: Mapping[str, Any], _: object) -> Hello:
    unknown = set(raw) - {"token", "resume", "feed", "id"}
    if unknown:
        _refuse(f"hello has no field {min(unknown)[:64]!r}")
    token, resume = raw.get("token"), raw.get("resume")
    feed = raw.get("feed", "conflated")
    if feed not in ("conflated", "full"):
        _refuse("feed is conflated or full")
    if resume is not None and not isinstance(resume, Mapping):
        _refuse("resume is {epoch, seq}")
    return Hello(
        None if token is None else _token(token, str),
        None if resume is None else _CONVERTER.structure(resume, Resume),
        feed,
    )


_CONVERTER = _make_converter()
