"""The work that passwords cost, as a worker does it: hashing, checking, and guessing how guessable.

Owns: the parameters of argon2id and the measure of a weak password. Invariant: an unknown account
costs what a wrong password costs. Imports nothing of ours: a worker must be ready soon. Source:
RFC 9106, OWASP "Password Storage" (19 MiB, 2 passes), NIST SP 800-63B-4 section 3.1.1.
"""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

GUESSES_MIN = 1_000_000  # below it, even guessing at a throttled sign-in gets there in time
JUDGED_CHARS_MAX = 72  # what zxcvbn looks at: beyond it, its work grows faster than the password

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODYS = (
    "$argon2id$v=19$m=19456,t=2,p=1$ni66IEBEhptcv9LCm8Kb5A"
    "$lcqP/L8y2ezJmpwlhxBDc8aPKVMJCLQsr+8PPcvAj+I"
)
"""The hash of what was thrown away: whatever is held against it is wrong."""


def hash_password(password: str, about: list[str]) -> tuple[str | None, str | None]:
    """Give a hash, or why the password is too easy to guess.

    about: what is known of the person, which an attacker knows as well.
    """
    plain = _normal(password)
    weakness = _weakness(plain, about)
    return (_HASHER.hash(plain), None) if weakness is None else (None, weakness)


def check_password(kept: str | None, password: str) -> tuple[bool, str | None]:
    """Say whether a password is the one of a hash; give a better hash where parameters changed.

    kept: None for an account that does not exist, or has no password.
    """
    plain = _normal(password)
    try:
        _HASHER.verify(kept or _NOBODYS, plain)
    except (VerificationError, InvalidHashError):
        return False, None
    if kept is None:
        return False, None
    return True, _HASHER.hash(plain) if _HASHER.check_needs_rehash(kept) else None


def _normal(password: str) -> str:
    """Write what was typed in one way, whatever the keyboard (NIST SP 800-63B-4, RFC 8265)."""
    return unicodedata.normalize("NFKC", password)


def _weakness(password: str, about: list[str]) -> str | None:
    from zxcvbn import zxcvbn  # its word lists take a moment, and a check needs none

    judged = zxcvbn(password[:JUDGED_CHARS_MAX], user_inputs=about)
    if judged["guesses"] >= GUESSES_MIN:
        return None
    warning: str = judged["feedback"]["warning"]
    return warning.rstrip(".") or "This is easy to guess"
