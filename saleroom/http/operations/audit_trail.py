"""The trail: what the audit is told of what people did, and what of it is kept back.

Owns: the making of entries. Invariant: a change that was made is either in the audit or, when the
store is away, whole in the log; a look that must be recorded is refused when it cannot be. Of what
is private the fields are named and the values are not. Must not know: routes.
Source: PROTOCOL 7 ("the access is itself recorded"), I5.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

import attrs
import orjson

from saleroom.actors.clock import Clock
from saleroom.auction.roles import Role
from saleroom.storage.audit_ports import Audit, AuditEntry
from saleroom.storage.ports import EventRow, LotRow, StoreError

audit_log = logging.getLogger("saleroom.audit")

KEPT_BACK = "(kept back)"
"""Stands where a value is secret or personal."""
PRIVATE_OF_LOTS = frozenset({"reserve"})
PRIVATE_OF_EVENTS = frozenset({"contact"})
PRIVATE_OF_DONORS = frozenset({"name", "contact", "email", "phone"})

Values = Mapping[str, Any]


@attrs.frozen(eq=False)
class Trail:
    """Write to the audit."""

    audit: Audit
    clock: Clock

    async def require(self, who: str, role: Role, what: str, event: str, target: str) -> None:
        """Record a look before it is allowed. Raises StoreUnavailable, OutcomeUnknown."""
        now_ms = self.clock.now_ms()
        await self.audit.record(AuditEntry(now_ms, who, role.value, what, event, target))

    async def note(
        self,
        who: str,
        role: Role,
        what: str,
        *,
        event: str | None = None,
        target: str | None = None,
        before: Values | None = None,
        after: Values | None = None,
        private: Collection[str] = (),
    ) -> None:
        """Record a change that was made: of `before` and `after` what differs."""
        old, new = differing(before, after, private)
        entry = AuditEntry(self.clock.now_ms(), who, role.value, what, event, target, old, new)
        try:
            await self.audit.record(entry)
        except StoreError as error:
            line = orjson.dumps(attrs.asdict(entry)).decode()
            audit_log.error("an entry was not kept (%s): %s", error, line)


def differing(
    before: Values | None, after: Values | None, private: Collection[str] = ()
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Give of two rows the fields that differ; what is private without its value."""
    old, new = before or {}, after or {}
    changed = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]

    def shown(values: Values | None) -> dict[str, Any] | None:
        if values is None:
            return None
        return {
            name: KEPT_BACK if name in private and values[name] is not None else values[name]
            for name in changed
            if name in values
        }

    return shown(before), shown(after)


def event_values(row: EventRow) -> dict[str, Any]:
    """Give what the audit compares of an event."""
    about = {"title": row.title, "currency": row.currency, "public": row.public}
    return {**about, **row.settings, **row.details}


def lot_values(row: LotRow) -> dict[str, Any]:
    """Give what the audit compares of a lot."""
    about = {"category": row.category, "donor": row.donor, "place": row.place}
    return {**row.definition, **row.details, **about}
