"""Join codes: one-time codes that staff print and donors come in by.

Owns: the shape of a code as it is kept. Invariant: the code itself is never kept, only its digest;
a code is used once, whoever uses it at the same moment. Must not know: how a code is made or
printed. Source: issue 6 point 1, decision 0011.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs


@attrs.frozen
class JoinCode:
    """digest: 32 bytes. paddle: the number that it binds, None for the next free one."""

    id: str
    event: str
    digest: bytes = attrs.field(repr=False)
    paddle: int | None
    table: str | None
    created_by: str
    created_at_ms: int
    expires_at_ms: int | None
    used_at_ms: int | None = None


class JoinCodes(Protocol):
    """The codes of all events. Every call may raise StoreUnavailable; a write OutcomeUnknown."""

    async def add(self, codes: Sequence[JoinCode]) -> None:
        """Keep codes of one event, all or none. Raises NotFound (event)."""

    async def by_digest(self, digest: bytes) -> JoinCode:
        """Raises NotFound."""

    async def code(self, event: str, id: str) -> JoinCode:
        """Raises NotFound."""

    async def codes(self, event: str, after: str, limit: int) -> list[JoinCode]:
        """Give codes with id > `after`, by id."""

    async def use(self, id: str, at_ms: int) -> bool:
        """Mark a code used, and say whether it was this call that did. False for an unknown one."""

    async def free(self, id: str) -> None:
        """Make a used code good again: what it was used for was refused."""

    async def revoke(self, event: str, id: str) -> None:
        """Remove a code that was not used. Raises NotFound."""
