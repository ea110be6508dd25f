"""Courtesy: the headers that every answer bears, whoever made it.

Owns: the security headers, and what other sites' pages are told (CORS). Invariant: an answer's own
header is never replaced, so that a route may be stricter or, for its own sake, laxer; credentials
are offered to listed origins alone, and never to `*`.
Source: OWASP Secure Headers, CSP 3, the Fetch standard (3.2, "CORS protocol").
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from saleroom.http.door.outside import Outside

Header = tuple[bytes, bytes]

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
SECURITY: tuple[Header, ...] = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), geolocation=(), microphone=(), payment=(self)"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
YEAR = (b"strict-transport-security", b"max-age=31536000")
METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
ASKABLE = b"Authorization, Content-Type, Idempotency-Key, If-None-Match, X-CSRF-Token, X-Request-Id"
READABLE = (
    b"ETag, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"
)
PREFLIGHT_S = b"600"
"""How long a browser may remember what it was allowed."""


@attrs.frozen
class Courtesy:
    """What is added to answers, for one server."""

    outside: Outside
    _always: tuple[Header, ...] = attrs.field(init=False)

    @_always.default
    def _default_always(self) -> tuple[Header, ...]:
        return (*SECURITY, YEAR) if self.outside.is_https else SECURITY

    def added(self, own: Iterable[Header], origin: str | None) -> list[Header]:
        """Give what an answer lacks of what it must bear, for a page of `origin`."""
        names = {name.lower() for name, _ in own}
        missing = [header for header in self._always if header[0] not in names]
        vary = [(b"vary", b"Origin")] if self.outside.allowed_origins else []
        return missing + vary + self.sharing(origin)

    def preflight(self, origin: str) -> list[Header] | None:
        """Give what more a page is told that asks first whether it may; None when it may not."""
        if not self.outside.is_allowed(origin):
            return None
        return [
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", ASKABLE),
            (b"access-control-max-age", PREFLIGHT_S),
        ]

    def sharing(self, origin: str | None) -> list[Header]:
        """Give what lets a page of `origin` read an answer; nothing for one that may not."""
        if origin is None or not self.outside.is_allowed(origin):
            return []
        return [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", READABLE),
        ]
