"""Rows of the table of who may do what: the documents and pages, and whatever is of no event.

Owns: how a row is written. Invariant: a row's statuses stand in the order of `WHO` in
`test_authorisation.py`, which puts all rows together.
"""

from __future__ import annotations

from typing import Any

import attrs

AT_THE_ROOT = ("/alive", "/ready", "/metrics", "/openapi.json", "/asyncapi.json", "/docs")
PAGES = ("/e/", "/j/", "/web/", "/worker.js", "/manifest.webmanifest", "/pay/")
PLAIN_PAGES = ("/", "/admin", "/operator", "/verify", "/reset")
PREFIX = "/api/v1"
NEW_EVENT = {"title": "Gala", "currency": "USD"}
NEW_LOT = {"title": "A cruise", "mode": "live", "opening": 500}
GUEST = {"name": "Guest"}
PICTURE = f"{'0' * 64}.jpg"
TABLE = "0" * 24
PASSWORD = {"email": "zoe@hall.example", "password": "violet harbor nine"}
NEW_ACCOUNT = {**PASSWORD, "name": "Zoe"}
JOINING = {"code": "00000-00000", "name": "Zoe", "accept_terms": True}
NEW_LIST = {"title": "Wishes", "currency": "USD"}
BROWSER = {
    "endpoint": "https://fcm.googleapis.com/fcm/send/x",
    "keys": {
        "p256dh": "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7O"
        "y7ZAaDe_UfU",
        "auth": "AAAAAAAAAAAAAAAAAAAAAA",
    },
}
WISH, WISHED = {"title": "A wish", "amount": 100}, {"event": "nowhere", "lot": 1}
TERMS = {"premium_ppm": 0, "tax_ppm": 0, "fee_ppm": 0, "fee_fixed": 0, "version": 0}
REASON = {"reason": "a mistake"}
PAYMENT = "/events/{sale}/folios/100/payments/pay_1"
LINK = "x" * 43


@attrs.frozen
class Case:
    """One request; `{sale}`, `{draft}` and `{private}` stand for events. A key for a command."""

    method: str
    path: str
    body: Any
    statuses: str

    @property
    def is_of_event(self) -> bool:
        """Whether it is asked of an event that is made for it; a copy is an event of its own."""
        named = "".join(map(str, (self.path, *(self.body or {}).values())))
        return "{" in named and not self.path.endswith("/duplicate")

    @property
    def full_path(self) -> str:
        if self.path in PLAIN_PAGES or self.path.startswith((*AT_THE_ROOT, *PAGES)):
            return self.path
        return PREFIX + self.path


#                                                              -   ann bob clk auc adm opr nar nad
PAGE_CASES = [
    Case("GET", "/alive", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/ready", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/metrics", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/openapi.json", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/asyncapi.json", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/docs", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/docs/docs.css", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/admin", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/operator", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/verify", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/reset", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/worker.js", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/manifest.webmanifest", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/web/0/base.css", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/j/7KQ2M-X9RTB", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/e/{sale}", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/e/{private}", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/e/{sale}/auctioneer", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/e/{sale}/rostrum", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/e/{sale}/display", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/e/{sale}/manifest.webmanifest", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/e/{draft}", None, "404 404 404 200 200 200 404 404 404"),
]
PEOPLE_CASES = [
    Case("GET", "/operator/tree", None, "401 403 403 403 403 403 200 403 403"),
    Case(
        "POST",
        "/operator/children/saleroom/loop/restart",
        None,
        "401 403 403 403 403 403 200 403 403",
    ),
    Case("POST", "/operator/drain", None, "401 403 403 403 403 403 202 403 403"),
    Case("POST", "/auth/register", NEW_ACCOUNT, "201 201 201 201 201 201 201 201 201"),
    Case("POST", "/auth/login", PASSWORD, "401 401 401 401 401 401 401 401 401"),
    Case("POST", "/auth/refresh", {}, "401 401 401 401 401 401 401 401 401"),
    Case("POST", "/auth/logout", {}, "204 204 204 204 204 204 204 204 204"),
    Case(
        "POST",
        "/auth/password",
        {"current": "x", "new": "violet harbor nine"},
        "401 404 404 404 404 404 404 404 404",
    ),
    Case("POST", "/auth/ws-token", None, "401 200 200 200 200 200 200 200 200"),
    Case("POST", "/auth/verify-email", None, "401 404 404 404 404 404 404 404 404"),
    Case(
        "POST",
        "/auth/verify-email/confirm",
        {"token": "x"},
        "404 404 404 404 404 404 404 404 404",
    ),
    Case(
        "POST",
        "/auth/reset",
        {"email": "{sale}@hall.example"},
        "202 202 202 202 202 202 202 202 202",
    ),
    Case(
        "POST",
        "/auth/reset/confirm",
        {"token": "x", "password": "violet harbor nine"},
        "404 404 404 404 404 404 404 404 404",
    ),
    Case("GET", "/me/preferences", None, "401 200 200 200 200 200 200 200 200"),
    Case("PUT", "/me/preferences", {"choices": {}}, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/push-key", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/me/devices", None, "401 200 200 200 200 200 200 200 200"),
    Case("POST", "/me/devices", BROWSER, "401 201 201 201 201 201 201 201 201"),
    Case("DELETE", f"/me/devices/{'0' * 32}", None, "401 404 404 404 404 404 404 404 404"),
    Case("GET", "/dead-messages", None, "401 403 403 403 403 200 403 403 403"),
    Case("POST", "/dead-messages/1/retry", None, "401 403 403 403 403 404 403 403 403"),
    Case("GET", "/sandbox/messages", None, "401 403 403 403 403 200 403 403 403"),
    Case("POST", "/webhooks/twilio/sms", None, "403 403 403 403 403 403 403 403 403"),
    Case("GET", "/events/{sale}/text-number", None, "401 200 200 200 200 200 403 403 403"),
    Case(
        "PUT",
        "/events/{sale}/text-number",
        {"number": "+15550100000"},
        "401 403 403 403 403 200 403 403 403",
    ),
    Case("DELETE", "/events/{sale}/text-number", None, "401 403 403 403 403 204 403 403 403"),
    Case("GET", "/me", None, "401 200 200 200 200 200 200 200 200"),
    Case("PATCH", "/me", {"name": "Ann"}, "401 404 404 404 404 404 404 404 404"),
    Case("GET", "/accounts", None, "401 403 403 403 403 200 403 403 403"),
    Case("GET", "/accounts/nobody", None, "401 403 403 403 403 404 403 403 403"),
    Case(
        "PATCH",
        "/accounts/nobody",
        {"disabled": True},
        "401 403 403 403 403 404 403 403 403",
    ),
    Case("POST", "/accounts/nobody/sign-out", None, "401 403 403 403 403 404 403 403 403"),
]
