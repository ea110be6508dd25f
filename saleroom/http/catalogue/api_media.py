"""Pictures over HTTP: sent for a lot, put in order, taken away, and shown to everyone.

Owns: the routes of a lot's images and of `/api/v1/media`. Invariant: a picture's address names its
bytes, so that whoever has it once never asks again; it tells nothing of the lot that shows it.
Source: PROTOCOL 7 (images), RFC 8246, decision 0010.
"""

from __future__ import annotations

from typing import Annotated

import attrs
from quart import Blueprint, Response, request

from saleroom.auction.roles import Role
from saleroom.http.catalogue.api_shapes import ImageView
from saleroom.http.catalogue.pictures import IMAGES_MAX, Pictures
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_reading import has_tag
from saleroom.http.requests.api_requests import defining, event_id, path_number, respond
from saleroom.http.requests.bodies import read_body
from saleroom.http.requests.contract import IF_NONE_MATCH, NOBODY_ASKED, Payload, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.requests.uploads import Uploads
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services
from saleroom.intake.bounds import KEY_PATTERN, PICTURE_BYTES_MAX, TYPES
from saleroom.protocol.reading import read_shape
from saleroom.protocol.shapes import Chars, Example, Items, Text
from saleroom.storage.ports import NotFound

TAG = "Pictures"
UNKNOWN_LOT = "UNKNOWN_LOT"
FOREVER = "public, max-age=31536000, immutable"
MediaKey = Annotated[str, Chars(68, 69, KEY_PATTERN), Example(f"{'0123456789abcdef' * 4}.jpg")]


@attrs.frozen
class AddedImage(ImageView):
    """A picture that was added; `version` is the lot's, which it has raised."""

    lot: int = attrs.field(kw_only=True)
    version: int = attrs.field(kw_only=True)


@attrs.frozen
class ImageFields:
    """What may be said of a picture. alt: what it shows, for those who do not see it."""

    alt: Text | None = None


@attrs.frozen
class ImageChanges:
    """What a picture shows, said anew; null says nothing."""

    alt: Text | None


@attrs.frozen
class ImageOrder:
    """All pictures of a lot, in the order in which they are to stand."""

    keys: Annotated[list[MediaKey], Items(0, IMAGES_MAX, is_set=True)]


@attrs.frozen
class ImageList:
    """The pictures of a lot, in their order."""

    images: list[ImageView]


PICTURE = Payload(("image/png", "image/jpeg", "image/webp"), "file", ImageFields)


def media_routes(
    services: Services, access: Access, replicas: Replicas, uploads: Uploads, trail: Trail
) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("media", __name__)
    pictures = Pictures(services, replicas)

    async def note(who: str, role: Role, what: str, event: str, lot: int, key: str) -> None:
        await trail.note(who, role, what, event=event, target=f"lot {lot}", after={"image": key})

    @routes.post("/events/<event>/lots/<lot>/images")
    @contract(
        "Add a picture to a lot",
        tag=TAG,
        who=Role.CLERK,
        body=PICTURE,
        answers={201: AddedImage},
        refusals=("INVALID_IMAGE", "TOO_MANY_IMAGES", "STALE_VERSION"),
        description="PNG, JPEG or WebP, at most 10 MiB and 50 megapixels. It is written anew: "
        "upright, and without anything that a camera noted.",
    )
    async def add(event: str, lot: str) -> Response:
        identity, role = await access.admit(Role.CLERK, event_id(event))
        number = path_number(lot, UNKNOWN_LOT)
        is_draft = await access.is_draft(event, role)
        async with uploads.one(PICTURE_BYTES_MAX, ("alt",)) as upload:
            with defining("INVALID_IMAGE"):
                said = read_shape(ImageFields, upload.fields)
            image, row = await pictures.add(event, number, upload.data, said.alt, is_draft=is_draft)
        await note(identity.user, role, "image.add", event, number, image["key"])
        location = f"/api/v1/media/{image['key']}"
        body = {**image, "lot": number, "version": row.version}
        return respond(body, 201, {"Location": location})

    @routes.put("/events/<event>/lots/<lot>/images/order")
    @contract(
        "Put a lot's pictures in order",
        tag=TAG,
        who=Role.CLERK,
        body=ImageOrder,
        answers={200: ImageList},
        refusals=("STALE_VERSION",),
    )
    async def order(event: str, lot: str) -> Response:
        wanted = await read_body(ImageOrder)
        identity, role = await access.admit(Role.CLERK, event_id(event))
        number = path_number(lot, UNKNOWN_LOT)
        is_draft = await access.is_draft(event, role)
        images = await pictures.order(event, number, wanted.keys, is_draft=is_draft)
        await note(identity.user, role, "image.order", event, number, ", ".join(wanted.keys))
        return respond({"images": images})

    @routes.patch("/events/<event>/lots/<lot>/images/<key>")
    @contract(
        "Say what a picture shows",
        tag=TAG,
        who=Role.CLERK,
        path={"key": MediaKey},
        body=ImageChanges,
        answers={200: ImageView},
        refusals=("UNKNOWN_IMAGE", "STALE_VERSION"),
    )
    async def describe(event: str, lot: str, key: str) -> Response:
        wanted = await read_body(ImageChanges)
        identity, role = await access.admit(Role.CLERK, event_id(event))
        number = path_number(lot, UNKNOWN_LOT)
        is_draft = await access.is_draft(event, role)
        image = await pictures.describe(event, number, key, wanted.alt, is_draft=is_draft)
        await note(identity.user, role, "image.describe", event, number, key)
        return respond(image)

    @routes.delete("/events/<event>/lots/<lot>/images/<key>")
    @contract(
        "Take a picture from a lot",
        tag=TAG,
        who=Role.CLERK,
        path={"key": MediaKey},
        answers={204: None},
        refusals=("UNKNOWN_IMAGE", "STALE_VERSION"),
    )
    async def remove(event: str, lot: str, key: str) -> Response:
        identity, role = await access.admit(Role.CLERK, event_id(event))
        number = path_number(lot, UNKNOWN_LOT)
        is_draft = await access.is_draft(event, role)
        await pictures.remove(event, number, key, is_draft=is_draft)
        await note(identity.user, role, "image.remove", event, number, key)
        return Response(b"", 204)

    @routes.get("/media/<key>")
    @contract(
        "Show a picture",
        tag=TAG,
        who=NOBODY_ASKED,
        path={"key": MediaKey},
        headers=(IF_NONE_MATCH,),
        answers={200: "image/*", 304: None},
        refusals=("UNKNOWN_IMAGE", "OVERLOADED"),
        description="Its address names its bytes: it may be kept for ever.",
    )
    async def show(key: str) -> Response:
        kind = _kind(key)
        tag = f'"{key.partition(".")[0]}"'
        headers = {
            "Cache-Control": FOREVER,
            "ETag": tag,
            "Content-Disposition": f'inline; filename="{key}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
        }
        if has_tag(request.headers.get("If-None-Match"), tag):
            return Response(b"", 304, headers)
        try:
            data = await services.objects.get(key)
        except NotFound:
            raise Problem("UNKNOWN_IMAGE") from None
        return Response(data, 200, headers, content_type=kind)

    return routes


def _kind(key: str) -> str:
    """Give the media type of a key. Raises Problem for what is none."""
    if Chars(68, 69, KEY_PATTERN).fault(key) is not None:
        raise Problem("UNKNOWN_IMAGE")
    return TYPES[key.partition(".")[2]]
