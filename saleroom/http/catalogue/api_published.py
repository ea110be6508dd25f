"""Changes of published events: what an organiser may still say once the rules have taken over.

Owns: which fields of a published event change, and how. Invariant: what the journal holds changes
by command alone, and only then in the catalogue; what people have relied on (currency, ladder,
terms) stays. Must not know: HTTP's paths. Source: PROTOCOL 7, rule 7, ARCHITECTURE 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from saleroom.auction.definition import SoftClose, define_soft_close, soft_close_plain
from saleroom.auction.roles import Role
from saleroom.auction.state import PUBLISHED
from saleroom.http.catalogue.api_definitions import changed_event_row
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_asking import ask_event, house_command
from saleroom.http.requests.api_requests import idempotency_key
from saleroom.http.requests.problems import Problem
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services
from saleroom.storage.ports import Conflict, EventRow

FIXED = ("currency", "ladder", "terms")
"""What a published event keeps."""


@attrs.frozen(eq=False)
class PublishedEvents:
    """Change events that have a journal."""

    services: Services
    access: Access
    replicas: Replicas

    async def change(
        self, row: EventRow, raw: Mapping[str, Any], version: int, by: str, role: Role
    ) -> EventRow:
        """Change an event, `row`, that is still at `version`. Raises DefinitionError, Problem."""
        if version != row.version:
            raise Problem("STALE_VERSION")
        changed = changed_event_row(row, raw)
        for field in FIXED:
            if _value(changed, field) != _value(row, field):
                raise Problem("EVENT_PUBLISHED", f"{field} stays as it was published", field=field)
        state = await self.replicas.state(row.id)
        if _value(changed, "starts_at") != _value(row, "starts_at") and state.status != PUBLISHED:
            raise Problem("EVENT_PUBLISHED", "the event has opened", field="starts_at")
        if "soft_close" in raw and (policy := _policy(changed)) != state.soft_close:
            ask = house_command("set_soft_close", soft_close_plain(policy), idempotency_key())
            site = await self.access.site(row.id, role)
            await ask_event(site, ask, by, role, self.services.limits.answer_s)
        try:
            put = await self.services.stores.catalogue.put_event(changed)
        except Conflict:
            raise Problem("STALE_VERSION") from None
        if put.public != row.public:
            self.services.registry.set_public(put.id, is_public=put.public)
        return put


def _policy(row: EventRow) -> SoftClose:
    raw = row.settings.get("soft_close")
    return SoftClose() if raw is None else define_soft_close(raw)


def _value(row: EventRow, field: str) -> object:
    if field == "currency":
        return row.currency
    return row.settings.get(field) if field in row.settings else row.details.get(field)
