"""Who somebody is, once a token was believed.

Owns: identities and the refusal of a token. Invariant: an Identity exists only for a token that was
verified. Source: PROTOCOL section 6.
"""

from __future__ import annotations

import attrs

from saleroom.auction.roles import Role, highest

STAFF = frozenset({Role.CLERK, Role.AUCTIONEER, Role.ADMIN, Role.OPERATOR})


class TokenRejected(Exception):
    """The token is not one that this server believes, now."""


class KeysUnavailable(Exception):
    """Nobody can say now whether the token is good: its keys cannot be fetched. Temporary."""


@attrs.frozen
class Identity:
    """A verified token. expires_at: seconds since 1970. events: narrows staff roles; None: all.

    sign_in: the one that the token follows from, None for a token that stands by itself.
    """

    user: str
    roles: frozenset[Role]
    events: frozenset[str] | None
    expires_at: float
    name: str | None = None
    sign_in: str | None = None

    def roles_on(self, event: str) -> frozenset[Role]:
        """Give the roles that count on an event."""
        if self.events is None or event in self.events:
            return self.roles
        return self.roles - STAFF

    def role_on(self, event: str) -> Role | None:
        """Give the highest role on an event."""
        return highest(self.roles_on(event))
