"""Passwords, worked on elsewhere.

Owns: the way from a password to a worker and back. Invariant: a password crosses over once and is
kept nowhere; no error and no log ever holds one. Must not know: whose password it is.
Source: ARCHITECTURE 3 (I11), NIST SP 800-63B-4 section 3.1.1.
"""

from __future__ import annotations

import re

import attrs

from saleroom.workers.crew import CrewLimits, Workers

CHARS_MIN = 10
CHARS_MAX = 128
LIMIT_S = 8.0  # some hundred people before one, at 25 ms each, and a slow machine
CREW = CrewLimits(waiting_max=300, limit_s=LIMIT_S, memory_bytes_max=512 * 1024**2)
"""Of the workers for passwords: their own, so that nobody's sign-in waits for a picture."""

_WORK = "saleroom.http.accounts.password_work"
_WORDS = re.compile(r"\w{3,}")


class PasswordWeak(Exception):
    """The password is too easy to guess; the text says why."""


def words_of(*about: str | None) -> list[str]:
    """Give the words by which a person is known, which make no password better."""
    words = {word for text in about for word in _WORDS.findall((text or "").lower())}
    return sorted({"saleroom", *words})


@attrs.frozen(repr=False)
class Checked:
    """is_right: it is the password. better: its hash with today's parameters, if that differs."""

    is_right: bool
    better: str | None


@attrs.frozen
class Passwords:
    """Every call raises WorkersBusy when too many wait."""

    workers: Workers

    async def hash(self, password: str, *about: str | None) -> str:
        """Give the hash to keep. about: what is known of the person. Raises PasswordWeak."""
        hashed, weakness = await self.workers.run(
            f"{_WORK}:hash_password", password, words_of(*about), limit_s=LIMIT_S
        )
        if hashed is None:
            raise PasswordWeak(weakness)
        return str(hashed)

    async def check(self, kept: str | None, password: str) -> Checked:
        """Hold a password against a hash; None costs as much, and is never right."""
        is_right, better = await self.workers.run(
            f"{_WORK}:check_password", kept, password, limit_s=LIMIT_S
        )
        return Checked(bool(is_right), better)
