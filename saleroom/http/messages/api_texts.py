"""Texts over HTTP: the webhook of the phone network, and the numbers of events.

Owns: the routes `webhooks/twilio/sms` and `text-number`. Invariant: a webhook is believed when its
signature for our public address holds, compared in constant time, and else refused whatever it
says. Must not know: what a text means. Source: issue 8 point 3, ARCHITECTURE 6 (8).
"""

from __future__ import annotations

import attrs
from quart import Blueprint, Response, request

from saleroom.auction.roles import Role
from saleroom.http.messages.message_shapes import TextNumber, TextNumberView
from saleroom.http.messages.text_bids import Text, TextDesk
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import event_id, respond
from saleroom.http.requests.bodies import read_body
from saleroom.http.requests.contract import NOBODY_ASKED, Header, Payload, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.messages.twilio_sms import twiml
from saleroom.protocol.shapes import Chars

TAG = "Messages"
FORM = Payload(("application/x-www-form-urlencoded",))
XML = "text/xml"
SIGNATURE = Header(
    "X-Twilio-Signature", str, "Of the fields and our public address, by the account's token."
)
ID_SHAPE = Chars(1, 64, "[A-Za-z0-9]+")


def text_routes(services: Services, access: Access, trail: Trail) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("texts", __name__)
    desk, recipients = TextDesk(services), services.stores.recipients

    @routes.post("/webhooks/twilio/sms")
    @contract(
        "Take a text from Twilio",
        tag=TAG,
        who=NOBODY_ASKED,
        body=FORM,
        headers=(SIGNATURE,),
        answers={200: XML},
        refusals=("FORBIDDEN", "OVERLOADED", "OUTCOME_UNKNOWN"),
        description="`17 250` or `BID 17 250` bids, as the paddle of the phone that it comes from; "
        "STOP, START and HELP are kept and answered. The answer is TwiML.",
    )
    async def take() -> Response:
        fields = (await request.form).to_dict()
        webhook = services.messages.webhook
        signature = request.headers.get("X-Twilio-Signature", "")
        if webhook is None or not webhook.is_genuine(fields, signature):
            raise Problem("FORBIDDEN", "the signature does not hold")
        text_id = fields.get("MessageSid", "")
        if ID_SHAPE.fault(text_id) is not None:
            raise Problem("MALFORMED", "'MessageSid' is missing")
        text = Text(
            text_id,
            fields.get("From", ""),
            fields.get("To", ""),
            fields.get("Body", ""),
            is_answered="OptOutType" in fields,
        )
        headers = {"Cache-Control": "no-store"}
        said = twiml(await desk.answer(text))
        return Response(said, 200, headers, content_type=f"{XML}; charset=utf-8")

    @routes.get("/events/<event>/text-number")
    @contract(
        "Read the number to which bids are texted",
        tag=TAG,
        who=Role.DONOR,
        answers={200: TextNumberView},
    )
    async def read(event: str) -> Response:
        await access.require(Role.DONOR, event_id(event))
        await access.reader(event)
        return respond(await shown(event))

    @routes.put("/events/<event>/text-number")
    @contract(
        "Give an event a number of its own",
        tag=TAG,
        who=Role.ADMIN,
        body=TextNumber,
        answers={200: TextNumberView},
        description="The number's webhook at Twilio is ours. Without one, the house's number "
        "serves all events that have none.",
    )
    async def give(event: str) -> Response:
        wanted = await read_body(TextNumber)
        await change(event, wanted.number)
        return respond(await shown(event))

    @routes.delete("/events/<event>/text-number")
    @contract("Take an event's own number away", tag=TAG, who=Role.ADMIN, answers={204: None})
    async def take_away(event: str) -> Response:
        await change(event, None)
        return Response(b"", 204)

    async def change(event: str, number: str | None) -> None:
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        await access.row(event)
        before = {"number": await recipients.number(event)}
        await recipients.set_number(event, number)
        await trail.note(
            identity.user,
            role,
            "text_number.set",
            event=event,
            before=before,
            after={"number": number},
        )

    async def shown(event: str) -> dict[str, object]:
        own, twilio = await recipients.number(event), services.messages.keys.twilio
        house = None if twilio is None else twilio.number
        return attrs.asdict(TextNumberView(own or house, own is not None))

    return routes
