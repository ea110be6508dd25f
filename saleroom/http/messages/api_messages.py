"""Messages over HTTP: how one wants to be told, what could not be sent, what would have been.

Owns: the routes of preferences, browsers, dead messages and the sandbox. Invariant: one's own
preferences are nobody else's to read or change; what is dead or kept in the sandbox is for admins
of the whole server. Must not know: how anything is sent. Source: issue 8 points 1, 3 and 5.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

import attrs
from quart import Blueprint, Response

from saleroom.auction.roles import Role
from saleroom.http.messages.message_shapes import (
    DeadPage,
    DeadQuery,
    DeadView,
    DeviceId,
    DeviceList,
    DeviceView,
    MessageId,
    NewDevice,
    PreferencesGiven,
    PreferencesView,
    PushKey,
    QuietHours,
    SandboxMessage,
    SandboxQuery,
    SandboxView,
)
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_cursors import cursor_of, place_of
from saleroom.http.requests.api_requests import respond
from saleroom.http.requests.bodies import read_body, read_query
from saleroom.http.requests.contract import NOBODY_ASKED, SIGNED_IN, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.messages.kinds import KINDS
from saleroom.messages.preferences import channels_of, is_zone
from saleroom.messages.providers import Kept
from saleroom.messages.web_push import is_device
from saleroom.storage.message_ports import Delivery, Preferences, PushDevice

TAG = "Messages"
DEVICES_MAX = 10  # of a person: two phones, some laptops, and what was forgotten
_MESSAGE = re.compile("[1-9][0-9]{0,14}")


def message_routes(services: Services, access: Access, trail: Trail) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("messages", __name__)
    office = services.messages
    recipients, outbox = services.stores.recipients, services.stores.outbox

    @routes.get("/me/preferences")
    @contract("Read how one is told", tag=TAG, who=SIGNED_IN, answers={200: PreferencesView})
    async def preferences() -> Response:
        identity = await access.signed_in()
        return respond(_told(await recipients.preferences(identity.user)))

    @routes.put("/me/preferences")
    @contract(
        "Say how one wants to be told",
        tag=TAG,
        who=SIGNED_IN,
        body=PreferencesGiven,
        answers={200: PreferencesView},
        description="Quiet hours hold texts and notices of the browser back until they are over.",
    )
    async def prefer() -> Response:
        wanted = _preferences(await read_body(PreferencesGiven))
        identity = await access.admit_signed_in()
        await recipients.set_preferences(identity.user, wanted)
        return respond(_told(wanted))

    @routes.get("/push-key")
    @contract(
        "Read the key that browsers subscribe with",
        tag=TAG,
        who=NOBODY_ASKED,
        answers={200: PushKey},
    )
    async def push_key() -> Response:
        vapid = office.keys.vapid
        return respond(attrs.asdict(PushKey(None if vapid is None else vapid.public)))

    @routes.get("/me/devices")
    @contract("List one's browsers", tag=TAG, who=SIGNED_IN, answers={200: DeviceList})
    async def devices() -> Response:
        identity = await access.signed_in()
        kept = await recipients.devices(identity.user)
        return respond(attrs.asdict(DeviceList([_device(device) for device in kept])))

    @routes.post("/me/devices")
    @contract(
        "Have a browser told",
        tag=TAG,
        who=SIGNED_IN,
        body=NewDevice,
        answers={201: DeviceView},
        description=f"Of more than {DEVICES_MAX} the newest stay.",
    )
    async def add_device() -> Response:
        given = await read_body(NewDevice)
        device = PushDevice(given.endpoint, given.keys.p256dh, given.keys.auth)
        if not is_device(device):
            raise _invalid("keys", "are no keys of a browser's subscription")
        identity = await access.admit_signed_in()
        now_ms = services.clock.now_ms()
        await recipients.add_device(identity.user, device, now_ms, DEVICES_MAX)
        return respond(attrs.asdict(_device(device)), 201)

    @routes.delete("/me/devices/<device>")
    @contract(
        "Have a browser told no more",
        tag=TAG,
        who=SIGNED_IN,
        path={"device": DeviceId},
        answers={204: None},
        refusals=("UNKNOWN_DEVICE",),
    )
    async def drop_device(device: str) -> Response:
        identity = await access.admit_signed_in()
        for kept in await recipients.devices(identity.user):
            if _device_id(kept.endpoint) == device:
                await recipients.drop_device(kept.endpoint, identity.user)
                return Response(b"", 204)
        raise Problem("UNKNOWN_DEVICE")

    @routes.get("/dead-messages")
    @contract(
        "List messages that could not be sent",
        tag=TAG,
        who=Role.ADMIN,
        query=DeadQuery,
        answers={200: DeadPage},
        refusals=("UNKNOWN_CURSOR",),
    )
    async def dead() -> Response:
        query = read_query(DeadQuery)
        await access.require(Role.ADMIN, None)
        place = place_of("dead", query.cursor, (int,))
        before = None if place is None else int(place[0])
        kept = await outbox.dead(before, query.limit + 1)
        shown, more = kept[: query.limit], len(kept) > query.limit
        following = cursor_of("dead", [shown[-1].id]) if more else None
        return respond(attrs.asdict(DeadPage([_dead(each) for each in shown], following)))

    @routes.post("/dead-messages/<message>/retry")
    @contract(
        "Try a dead message again",
        tag=TAG,
        who=Role.ADMIN,
        path={"message": MessageId},
        answers={204: None},
        refusals=("UNKNOWN_MESSAGE",),
    )
    async def retry(message: str) -> Response:
        identity, role = await access.admit(Role.ADMIN, None)
        is_known = _MESSAGE.fullmatch(message) is not None
        if not is_known or not await outbox.revive(int(message), services.clock.now_ms()):
            raise Problem("UNKNOWN_MESSAGE")
        await trail.note(identity.user, role, "message.retry", target=f"message {message}")
        return Response(b"", 204)

    @routes.get("/sandbox/messages")
    @contract(
        "List what would have been sent",
        tag=TAG,
        who=Role.ADMIN,
        query=SandboxQuery,
        answers={200: SandboxView},
        description="A channel without a provider's keys keeps its newest messages in the server's "
        "memory, and sends none.",
    )
    async def sandbox() -> Response:
        query = read_query(SandboxQuery)
        await access.require(Role.ADMIN, None)
        kept = [_kept(each) for each in office.sandbox.newest(query.channel)]
        return respond({"channels": office.in_sandbox(), "messages": kept})

    return routes


def _preferences(given: PreferencesGiven) -> Preferences:
    if not is_zone(given.zone):
        raise _invalid("zone", "is a name such as Europe/Zurich")
    choices = {
        kind: tuple(channels)
        for kind, channels in attrs.asdict(given.choices).items()
        if channels is not None
    }
    quiet = given.quiet
    if quiet is None:
        return Preferences(choices, zone=given.zone)
    return Preferences(choices, _minutes(quiet.start), _minutes(quiet.end), given.zone)


def _invalid(field: str, words: str) -> Problem:
    return Problem("INVALID_FIELD", f"{field}: {words}", field=field)


def _minutes(clock_time: str) -> int:
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)


def _clock_time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _told(kept: Preferences) -> dict[str, Any]:
    begin, end = kept.quiet_from, kept.quiet_to
    quiet = None
    if begin is not None and end is not None:
        quiet = attrs.asdict(QuietHours(_clock_time(begin), _clock_time(end)))
    choices = {kind: list(channels_of(kind, kept)) for kind in KINDS}
    return {"choices": choices, "quiet": quiet, "zone": kept.zone}


def _device_id(endpoint: str) -> str:
    return blake2b(endpoint.encode(), digest_size=16).hexdigest()


def _device(device: PushDevice) -> DeviceView:
    return DeviceView(_device_id(device.endpoint), urlsplit(device.endpoint).hostname or "")


def _dead(delivery: Delivery) -> DeadView:
    return DeadView(
        delivery.id,
        delivery.event,
        delivery.kind,  # type: ignore[arg-type]
        delivery.channel,  # type: ignore[arg-type]
        delivery.paddle,
        delivery.lot,
        delivery.attempts,
        delivery.note,
        delivery.created_at_ms,
        delivery.ended_at_ms or delivery.created_at_ms,
    )


def _kept(kept: Kept) -> dict[str, Any]:
    message = kept.message
    count = len(message.devices)
    return attrs.asdict(
        SandboxMessage(
            kept.at_ms,
            message.channel,  # type: ignore[arg-type]
            message.to or f"{count} browser{'' if count == 1 else 's'}",
            message.subject,
            message.text,
            message.url,
            [paper.name for paper in message.attachments],
        )
    )
