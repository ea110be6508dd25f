"""The code of an event's page (issue 7, point 3)."""

from __future__ import annotations

from saleroom.http.desk.qr import svg
from tests.http.house import open_house


async def test_the_code_says_the_address_of_the_page() -> None:
    async with open_house() as house:
        event = await house.event()
        reply = await house.call("GET", f"/api/v1/events/{event}/page.svg", None)
        assert (reply.status, reply.headers["content-type"]) == (200, "image/svg+xml")
        base = house.services.outside.public_url or "http://localhost"
        assert reply.body == svg(f"{base}/e/{event}")


async def test_who_has_the_code_is_not_sent_it_again() -> None:
    async with open_house() as house:
        event = await house.event()
        path = f"/api/v1/events/{event}/page.svg"
        first = await house.call("GET", path, None)
        tag = {"If-None-Match": first.headers["etag"]}
        assert (await house.call("GET", path, None, headers=tag)).status == 304
