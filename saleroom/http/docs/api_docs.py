"""The documents over HTTP: what the API and the websockets take and give.

Owns: the routes `/openapi.json`, `/asyncapi.json` and `/docs`. Invariant: a document says what the
code does, for it is drawn from the same declarations; both are drawn once. Must not know: what
any route does. Source: PROTOCOL 7, issue 6 point 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import orjson
from quart import Blueprint, Response
from werkzeug.routing import Map

from saleroom.http.docs.docs_page import STYLE_PATH, docs_page
from saleroom.http.docs.openapi import openapi
from saleroom.http.requests.api_requests import respond
from saleroom.http.requests.contract import NOBODY_ASKED, contract, declared
from saleroom.protocol.asyncapi import asyncapi

TAG: Final = "Documents"
STYLE: Final = Path(__file__).resolve().parents[2] / "web" / "docs.css"
HTML, CSS = "text/html", "text/css"


@attrs.frozen
class Drawn:
    """Both documents and the page that shows them, as they are sent."""

    openapi: bytes
    asyncapi: bytes
    page: bytes


@attrs.define(eq=False)
class Documents:
    """The documents of an app, drawn when first asked for."""

    rules: Map
    handlers: Mapping[str, Callable[..., Any]]
    _drawn: Drawn | None = attrs.field(init=False, default=None)

    def check(self) -> None:
        """See that every route has a contract. Raises Undeclared."""
        for rule in self.rules.iter_rules():
            declared(rule.rule, self.handlers[rule.endpoint])

    def drawn(self) -> Drawn:
        """Give the documents; the first time takes some 20 ms."""
        if self._drawn is None:
            http, sockets = openapi(self.rules, self.handlers), asyncapi()
            page = docs_page(http, sockets).encode()
            self._drawn = Drawn(orjson.dumps(http), orjson.dumps(sockets), page)
        return self._drawn


def docs_routes(documents: Documents) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("docs", __name__)

    @routes.get("/openapi.json")
    @contract("Fetch the OpenAPI document", tag=TAG, who=NOBODY_ASKED, answers={200: dict})
    async def http() -> Response:
        return respond(documents.drawn().openapi)

    @routes.get("/asyncapi.json")
    @contract("Fetch the AsyncAPI document", tag=TAG, who=NOBODY_ASKED, answers={200: dict})
    async def sockets() -> Response:
        return respond(documents.drawn().asyncapi)

    @routes.get("/docs")
    @contract("Read both documents", tag=TAG, who=NOBODY_ASKED, answers={200: HTML})
    async def page() -> Response:
        return Response(documents.drawn().page, content_type=f"{HTML}; charset=utf-8")

    @routes.get(STYLE_PATH)
    @contract("Fetch the page's style", tag=TAG, who=NOBODY_ASKED, answers={200: CSS})
    async def style() -> Response:
        return Response(_STYLE, content_type=f"{CSS}; charset=utf-8")

    return routes


_STYLE: Final = STYLE.read_bytes()
