"""The code of an event's page over HTTP: from the ballroom's screen to a phone.

Owns: the route `/api/v1/events/{id}/page.svg`, and the pictures drawn lately. Invariant: it says
the address of the event's page and nothing else, so that whoever may read the event may see it;
joining with a paddle is what printed codes are for. Must not know: pages, join codes.
Source: issue 7 point 3, issue 6 point 3.
"""

from __future__ import annotations

from urllib.parse import quote

from quart import Blueprint, Response, request

from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_reading import entity_tag, has_tag
from saleroom.http.requests.api_requests import event_id
from saleroom.http.requests.contract import ANYONE, contract
from saleroom.http.services import Services

SVG = "image/svg+xml"
DRAW = "saleroom.http.desk.qr:svg"
KEPT_MAX = 100
"""Pictures, of 2 KB or so each."""


def event_code_routes(services: Services, access: Access) -> Blueprint:
    """Make the route."""
    routes = Blueprint("event_code", __name__)
    drawn: dict[str, bytes] = {}

    async def picture_of(link: str) -> bytes:
        if link not in drawn:
            picture: bytes = await services.workers.run(DRAW, link)
            while len(drawn) >= KEPT_MAX:
                del drawn[next(iter(drawn))]
            drawn[link] = picture
        return drawn[link]

    @routes.get("/events/<event>/page.svg")
    @contract(
        "Draw the code of an event's page",
        tag="Joining",
        who=ANYONE,
        answers={200: SVG, 304: None},
        description="A QR code of the address where donors follow the event and bid.",
    )
    async def draw(event: str) -> Response:
        reader = await access.reader(event_id(event))
        base = services.outside.public_url or request.host_url.rstrip("/")
        picture = await picture_of(f"{base}/e/{quote(reader.event, safe='')}")
        tag = entity_tag(picture)
        headers = {"Cache-Control": "private, no-cache", "ETag": tag}
        if has_tag(request.headers.get("If-None-Match"), tag):
            return Response(b"", 304, headers)
        return Response(picture, 200, headers, content_type=SVG)

    return routes
