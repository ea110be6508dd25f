"""Shapes: the bounds of a value, written beside its type.

Owns: the constraints that stand in `typing.Annotated`, and the types that several rooms share.
Invariant: a bound stands once; the strict reading (`reading.py`) and the published schema
(`schema.py`) both come from it. Must not know: who sends a value, or what it means.
Source: RULES "Amounts", PROTOCOL 3 and 7, JSON Schema 2020-12.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Protocol, TypeVar, runtime_checkable

import attrs

from saleroom.auction.definition import TEXT_MAX, TIME_MAX
from saleroom.auction.money import AMOUNT_MAX

Shaped = TypeVar("Shaped", bound=type)

PLAIN_TEXT = "[^\\x00]*"
"""What a store can keep; half a surrogate pair, which no JSON text should hold, is refused too."""
NUMBER_MAX = 10**6
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_WIRE, _EXAMPLE = "wire", "example"


@runtime_checkable
class Constraint(Protocol):
    """What a value must hold besides its type."""

    def fault(self, value: Any) -> str | None:
        """Say what is wrong with a value of the right type, None when nothing is."""

    def keywords(self) -> dict[str, Any]:
        """Give the JSON Schema keywords that say the same."""


@attrs.frozen
class Whole:
    """A whole number in bounds, both included."""

    least: int = 0
    most: int = TIME_MAX

    def fault(self, value: int) -> str | None:
        """Say what is wrong."""
        if self.least <= value <= self.most:
            return None
        return f"is a whole number from {self.least} to {self.most}"

    def keywords(self) -> dict[str, Any]:
        """Say it in JSON Schema."""
        return {"minimum": self.least, "maximum": self.most}


@attrs.frozen
class Chars:
    """A text of so many characters. pattern: what the whole of it matches. words: in its place.

    words: the sentence that tells a person what the pattern asks. format: for readers of the
    schema alone; what must hold stands in the pattern.
    """

    least: int = 1
    most: int = TEXT_MAX
    pattern: str | None = None
    words: str | None = None
    format: str | None = None

    def fault(self, value: str) -> str | None:
        """Say what is wrong."""
        if not self.least <= len(value) <= self.most:
            return f"is a text of {self.least} to {self.most} characters"
        if _UNSTORABLE.search(value):
            return "holds characters that cannot be kept"
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            return self.words or f"matches {self.pattern}"
        return None

    def keywords(self) -> dict[str, Any]:
        """Say it in JSON Schema."""
        said: dict[str, Any] = {
            "minLength": self.least,
            "maxLength": self.most,
            "pattern": f"^(?:{self.pattern})$" if self.pattern else f"^{PLAIN_TEXT}$",
        }
        return said if self.format is None else {**said, "format": self.format}


@attrs.frozen
class Items:
    """A list of so many items. is_set: each of them, a text or a number, once."""

    least: int = 0
    most: int = 100
    is_set: bool = False

    def fault(self, value: list[Any]) -> str | None:
        """Say what is wrong."""
        if not self.least <= len(value) <= self.most:
            return f"is a list of {self.least} to {self.most} items"
        if self.is_set and len(set(value)) < len(value):
            return "holds each item once"
        return None

    def keywords(self) -> dict[str, Any]:
        """Say it in JSON Schema."""
        said: dict[str, Any] = {"minItems": self.least, "maxItems": self.most}
        return {**said, "uniqueItems": True} if self.is_set else said


@attrs.frozen(eq=False)
class Example:
    """A value to show; it holds what stands beside it."""

    value: Any


@attrs.frozen
class Named:
    """The name under which the schema of a type that is no class stands among the others."""

    name: str
    description: str | None = None


@attrs.frozen(eq=False)
class Schema:
    """The keywords of a shape that a reader of its own checks, in place of the type's."""

    keywords: Any


def on_wire(name: str, default: Any = attrs.NOTHING) -> Any:
    """Declare a field whose name in JSON is one that Python keeps for itself."""
    return attrs.field(default=default, metadata={_WIRE: name})


def wire_field(field: attrs.Attribute[Any]) -> str:
    """Give a field's name in JSON."""
    name: str = field.metadata.get(_WIRE, field.name)
    return name


TOGETHER = "__together__"
"""Where a class bears what `together` says of it."""


def together(**keywords: Any) -> Callable[[Shaped], Shaped]:
    """Tie a class's fields to each other, in JSON Schema; whoever reads it checks the same.

    Stands above the line that makes it an attrs class.
    """

    def tie(cls: Shaped) -> Shaped:
        setattr(cls, TOGETHER, keywords)
        return cls

    return tie


ABSENT: Any = None
"""The default of a field that may be left out, and is never null."""

Text = Annotated[str, Chars()]
"""1 to 500 characters."""
Name = Annotated[str, Chars(), Example("Ann Lee")]
_NO_SPACE = r"[^@\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
Email = Annotated[
    str,
    Chars(3, 254, f"{_NO_SPACE}{{1,64}}@{_NO_SPACE}{{1,189}}", "is an e-mail address"),
    Example("ann@gala.example"),
]
"""RFC 5321 4.5.3.1; that it works is known when a letter has been answered."""
Phone = Annotated[str, Chars(1, 32), Example("+1 555 0100")]
"""As people write it: E.164, with room."""
Money = Annotated[int, Whole(1, AMOUNT_MAX), Example(12_500)]
"""An amount in the minor unit."""
Count = Annotated[int, Whole(1, NUMBER_MAX)]
Number = Annotated[int, Whole(1, NUMBER_MAX)]
"""The number of a lot or a paddle."""
Time = Annotated[int, Whole(0, TIME_MAX), Example(1_767_225_600_000)]
"""Milliseconds since 1970."""
Version = Annotated[int, Whole(0, TIME_MAX), Example(1)]
"""Of a row, as it was read."""
EventId = Annotated[str, Chars(1, 64, "[A-Za-z0-9_-]{1,64}"), Example("Zk3vB1x0aQ9L")]
UserId = Annotated[str, Chars(1, 255), Example("ann")]
