"""Cookies of those who are signed in on our pages.

Owns: the three cookies, their attributes, and the proof against forged requests. Invariant: no
script reads a token; what a page's script reads is bound to the sign-in and worth nothing alone.
Must not know: accounts, or what a token says. Source: RFC 6265bis, OWASP "CSRF" (signed double
submit), PROTOCOL 7.
"""

from __future__ import annotations

import hmac

import attrs
from quart import Response, request

from saleroom.http.accounts.sign_ins import ACCESS_S, SIGN_IN_S, Granted, sign_in_of
from saleroom.http.requests.problems import Problem

ACCESS, REFRESH, CSRF = "saleroom_access", "saleroom_refresh", "saleroom_csrf"
REFRESH_PATH = "/api/v1/auth"
CSRF_HEADER = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@attrs.frozen(repr=False)
class Cookies:
    """key: signs what scripts read. is_secure: people reach us by https alone."""

    key: bytes
    is_secure: bool

    def put(self, response: Response, granted: Granted) -> None:
        """Sign a browser in."""
        lasts = {ACCESS: ACCESS_S, REFRESH: SIGN_IN_S, CSRF: SIGN_IN_S}
        values = {
            ACCESS: granted.access,
            REFRESH: granted.refresh,
            CSRF: self.proof(granted.sign_in),
        }
        for name, value in values.items():
            self._set(response, name, value, lasts[name])

    def clear(self, response: Response) -> None:
        """Sign a browser out."""
        for name in (ACCESS, REFRESH, CSRF):
            self._set(response, name, "", 0)

    def access(self) -> str | None:
        """Give the request's access token."""
        return request.cookies.get(self._named(ACCESS)) or None

    def refresh(self) -> str | None:
        """Give the request's refresh token, whose sign-in the request has proof of.

        Raises Problem: FORBIDDEN, without proof.
        """
        token = request.cookies.get(self._named(REFRESH)) or None
        if token is not None:
            self.require_proof(sign_in_of(token))
        return token

    def proof(self, sign_in: str) -> str:
        """Give what a page must send along with whatever changes something."""
        return hmac.digest(self.key, sign_in.encode(), "sha256").hex()

    def require_proof(self, sign_in: str) -> None:
        """Refuse a request that another site's page may have made. Raises Problem: FORBIDDEN."""
        if request.method in SAFE:
            return
        given = request.headers.get(CSRF_HEADER, "").encode()
        if not hmac.compare_digest(given, self.proof(sign_in).encode()):
            raise Problem("FORBIDDEN", f"send the cookie {self._named(CSRF)} in {CSRF_HEADER}")

    def _set(self, response: Response, name: str, value: str, lasts_s: int) -> None:
        response.set_cookie(
            self._named(name),
            value,
            max_age=lasts_s,
            path=REFRESH_PATH if name == REFRESH else "/",
            secure=self.is_secure,
            httponly=name != CSRF,
            samesite="Strict" if name == REFRESH else "Lax",
        )

    def _named(self, name: str) -> str:
        """Name a cookie so that neither plain http nor a subdomain can plant it."""
        if not self.is_secure:
            return name
        return f"__Secure-{name}" if name == REFRESH else f"__Host-{name}"
