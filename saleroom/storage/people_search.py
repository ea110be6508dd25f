"""How people are found: by what is typed of a name, a phone, a paddle or an address.

Owns: the folding of names, and what a typed text may mean. Invariant: the same text finds the same
people in every store; case, accents and punctuation of names and phones tell nothing apart. Must
not know: tables. Source: PROTOCOL 7, decision 0011.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Protocol

import attrs

ALIKE = 0.3
"""The share of common trigrams from which two words count as one misspelt: as in pg_trgm."""
PHONE_DIGITS_MIN = 3
_PHONE = re.compile(r"[0-9+()./\s-]+")
_NOT_DIGITS = re.compile(r"[^0-9]")
_BETWEEN_WORDS = re.compile(r"[\W_]+")


class Person(Protocol):
    """What is looked at."""

    @property
    def paddle(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str | None: ...
    @property
    def phone(self) -> str | None: ...


def folded(text: str) -> str:
    """Give the words of a text without case and accents, each after a space."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    return "".join(f" {word}" for word in _BETWEEN_WORDS.split(bare) if word)


def digits(text: str) -> str:
    """Give the digits of a phone."""
    return _NOT_DIGITS.sub("", text)


def trigrams(word: str) -> frozenset[str]:
    """Give the parts of three characters of a word with two spaces before and one after it."""
    padded = f"  {word} "
    return frozenset(padded[at : at + 3] for at in range(len(word) + 1))


def are_alike(one: str, other: str) -> bool:
    """Say whether two words are one, misspelt."""
    mine, others = trigrams(one), trigrams(other)
    return len(mine & others) >= ALIKE * len(mine | others)


@attrs.frozen
class PeopleQuery:
    """What a typed text asks for; a person who answers any part of it is found.

    paddle: how the number begins. phone: digits in a row. email: how the address begins. words:
    each begins, or is like, a word of the name.
    """

    paddle: str | None
    phone: str | None
    email: str | None
    words: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> PeopleQuery:
        """Read what was typed."""
        typed = text.strip()
        if _PHONE.fullmatch(typed):
            number = digits(typed)
            paddle = typed if typed == number else None
            phone = number if len(number) >= PHONE_DIGITS_MIN else None
            return cls(paddle, phone, None, ())
        return cls(None, None, typed.lower(), tuple(folded(typed).split()))

    def finds(self, person: Person) -> bool:
        """Say whether a person is asked for."""
        if self.paddle is not None and str(person.paddle).startswith(self.paddle):
            return True
        if self.phone is not None and self.phone in digits(person.phone or ""):
            return True
        if self.email and (person.email or "").lower().startswith(self.email):
            return True
        return bool(self.words) and all(
            self._is_in(word, folded(person.name)) for word in self.words
        )

    def _is_in(self, word: str, name: str) -> bool:
        return f" {word}" in name or any(are_alike(word, held) for held in name.split())
