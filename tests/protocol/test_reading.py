"""The strict reading of declared shapes: what is taken, and which field is named for the rest."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import attrs
import pytest

from saleroom.auction.definition import DefinitionError
from saleroom.protocol.reading import read_changes, read_shape, require_bounds
from saleroom.protocol.shapes import Chars, Count, Email, Items, Money, Name, on_wire


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Policy:
    """A part of another shape."""

    window: Count
    start_from: Literal["bid", "end"] = on_wire("from", "bid")


@attrs.frozen
class Offer:
    """A shape with a field of every kind."""

    name: Name
    email: Email | None = None
    price: Money | None = None
    policy: Policy | None = None
    levels: Annotated[list[Money], Items(1, 3, is_set=True)] | None = None
    parts: Annotated[list[Policy], Items(0, 2)] = attrs.field(factory=list)
    colour: Colour = Colour.RED
    code: Annotated[str, Chars(4, 4, "[A-Z]+", "is four capitals")] = "NONE"
    is_open: bool = False


def test_what_holds_is_taken_as_it_is() -> None:
    raw = {
        "name": "<b>Ann</b>'; --",
        "email": "ann@gala.example",
        "policy": {"window": 3, "from": "end"},
        "levels": [1, 10**12],
        "parts": [{"window": 1}],
        "colour": "blue",
        "is_open": True,
    }
    assert read_shape(Offer, raw) == Offer(
        name="<b>Ann</b>'; --",
        email="ann@gala.example",
        policy=Policy(3, "end"),
        levels=[1, 10**12],
        parts=[Policy(1)],
        colour=Colour.BLUE,
        is_open=True,
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": None}, "name"),
        ({"name": 7}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 501}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"email": "ann"}, "email"),
        ({"email": "a@b@c"}, "email"),
        ({"price": True}, "price"),
        ({"price": 1.0}, "price"),
        ({"price": "1"}, "price"),
        ({"price": 0}, "price"),
        ({"price": 10**12 + 1}, "price"),
        ({"policy": []}, "policy"),
        ({"policy": {}}, "policy.window"),
        ({"policy": {"window": 0}}, "policy.window"),
        ({"policy": {"window": 1, "from": ["end"]}}, "policy.from"),
        ({"policy": {"window": 1, "start_from": "end"}}, "policy.start_from"),
        ({"levels": []}, "levels"),
        ({"levels": [1, 1]}, "levels"),
        ({"levels": [1, True]}, "levels.1"),
        ({"levels": {"0": 1}}, "levels"),
        ({"parts": None}, "parts"),
        ({"parts": [{"window": 1}] * 3}, "parts"),
        ({"parts": [{"window": 1}, {"window": "2"}]}, "parts.1.window"),
        ({"colour": "green"}, "colour"),
        ({"colour": ["red"]}, "colour"),
        ({"code": "abcd"}, "code"),
        ({"code": "ABCD\n"}, "code"),
        ({"is_open": 1}, "is_open"),
        ({"is_open": None}, "is_open"),
        ({"other": 1}, "other"),
        ({"x" * 80: 1}, "x" * 64),
    ],
)
def test_what_does_not_hold_names_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        read_shape(Offer, {"name": "Ann", **changes})
    assert refused.value.field == field
    assert refused.value.message


def test_a_missing_field_is_named() -> None:
    with pytest.raises(DefinitionError, match=r"^name: is required$"):
        read_shape(Offer, {})


def test_a_change_tells_null_from_absent() -> None:
    assert read_changes(Offer, {"name": "Ann", "email": None}) == {"name": "Ann", "email": None}


def test_a_shape_that_is_read_has_bounds() -> None:
    require_bounds(Offer)


@pytest.mark.parametrize(
    "kind",
    [
        str,
        int,
        float,
        dict,
        list[str],
        str | None,
        int | str,
        Annotated[str, "a text"],
        Annotated[list[str], Items()],
    ],
)
def test_a_shape_without_bounds_is_a_bug(kind: Any) -> None:
    loose = attrs.make_class("Loose", {"field": attrs.field(type=kind)}, frozen=True)
    with pytest.raises(TypeError, match="has bounds"):
        require_bounds(loose)
