"""Join codes: what staff print, so that donors come in without a form.

Owns: how a code is made, written and told from another. Invariant: a code follows from its id and
a key that only this deployment has, so that a lost card is printed again while the tables hold
digests alone; nobody who reads the tables can join. Must not know: HTTP, stores.
Source: issue 6 points 1 and 3, decision 0011.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

import attrs

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, which people read as something else."""
CHARS = 10
"""50 bits: with 5 000 live codes and a guess a second, one is hit in some 7 000 years."""
HALF = CHARS // 2
ID_BYTES = 9
PURPOSE = "join codes"
_READ_AS = str.maketrans("OIL", "011", " -")


def new_code_id() -> str:
    """Give an id that tells nothing of its code."""
    return secrets.token_urlsafe(ID_BYTES)


def written(code: str) -> str | None:
    """Give a code as it is printed from what somebody typed, None for what is no code."""
    bare = code.upper().translate(_READ_AS)
    if len(bare) != CHARS or not set(bare) <= set(ALPHABET):
        return None
    return f"{bare[:HALF]}-{bare[HALF:]}"


def digest(code: str) -> bytes:
    """Give what is kept of a code, as `written` gives it."""
    return hashlib.sha256(code.encode()).digest()


@attrs.frozen(repr=False)
class CodeMaker:
    """Make codes from ids. key: 32 bytes that are used for nothing else."""

    key: bytes

    def code(self, id: str) -> str:
        """Give the code of an id, as it is printed."""
        number = int.from_bytes(hmac.digest(self.key, id.encode(), "sha256"), "big")
        chars = ""
        for _ in range(CHARS):
            number, rest = divmod(number, len(ALPHABET))
            chars += ALPHABET[rest]
        return f"{chars[:HALF]}-{chars[HALF:]}"
