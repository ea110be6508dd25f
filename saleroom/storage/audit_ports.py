"""The audit: who changed what in the catalogue, the accounts and the operations, and who looked.

Owns: the shape of an entry and the interface that keeps entries. Invariant: an entry is appended
and never changed; it names people by their id alone, and neither a secret nor personal data stands
in `before` or `after`. Knows nothing of what the words in it mean. Source: ARCHITECTURE 3 (I5).

What was bid and decided is not here: that is the journal's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import attrs


@attrs.frozen
class AuditEntry:
    """One thing that somebody did.

    who: the user's id. role: the one they did it with. what: `noun.verb`, as in `lot.change`.
    event: None for what concerns the server as a whole. target: what it was done to, as in
    `lot 17`. before, after: JSON objects of what changed; None where there was or is nothing.
    """

    at_ms: int
    who: str
    role: str | None
    what: str
    event: str | None = None
    target: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@attrs.frozen
class KeptEntry:
    """An entry with its number, which rises with each one that is kept."""

    number: int
    entry: AuditEntry


class Audit(Protocol):
    """The record of a deployment. Every call may raise StoreUnavailable."""

    async def record(self, entry: AuditEntry) -> None:
        """Keep an entry. Raises OutcomeUnknown."""

    async def entries(
        self, *, event: str | None, who: str | None, before: int | None, limit: int
    ) -> list[KeptEntry]:
        """Give entries numbered below `before`, the newest first; None leaves a filter out."""
