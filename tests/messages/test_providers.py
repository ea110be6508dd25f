"""The adapters against servers on loopback: what goes over the wire, and what each answer means."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import attrs
import http_ece
import jwt
import pytest
import trio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twilio.request_validator import RequestValidator

from saleroom.config import BadSetting, Settings
from saleroom.mail import Letter
from saleroom.messages.office import WEBHOOK, Keys, MessageOffice
from saleroom.messages.providers import Attachment, Outgoing, Provider, Refused, Unreachable
from saleroom.messages.smtp import Smtp, SmtpMail, SmtpServer, letter_of
from saleroom.messages.twilio_sms import TwilioAccount, TwilioSms, TwilioWebhook, twiml
from saleroom.messages.web_push import VapidKey, WebPush, encoded, is_device, is_service
from saleroom.messages_setup import message_keys
from saleroom.storage.memory import memory_stores
from saleroom.storage.message_ports import PushDevice
from saleroom.supervisor import Child
from tests.messages.sinks import SmtpSink, http_sink, smtp_sink

TEXT = Outgoing("gala-7", "sms", "You are outbid.", to="+12015550101")
LETTER = Outgoing(
    "gala-8", "email", "You won.\n.\nReally.", subject="You won\nlot 1", to="ann@hall.example"
)
SENDER = "The gala <gala@hall.example>"
ACCOUNT = TwilioAccount("AC" + "0" * 32, "a token", "+15550100000")
NOW_S = 1_700_000_000.0


async def sent(provider: Provider, message: Outgoing) -> None:
    with trio.fail_after(20):
        async with provider.opened() as send:
            await send(message)


# Twilio


async def test_a_text_goes_to_twilio_as_its_sdk_sends_it() -> None:
    with http_sink() as sink:
        sink.answer = {"sid": "SM1", "status": "queued"}
        await sent(TwilioSms(attrs.evolve(ACCOUNT, api_base=sink.url)), TEXT)
        (request,) = sink.requests
    assert request.path == f"/2010-04-01/Accounts/{ACCOUNT.sid}/Messages.json"
    assert request.form == {"To": TEXT.to, "From": ACCOUNT.number, "Body": TEXT.text}
    assert request.basic == f"{ACCOUNT.sid}:{ACCOUNT.token}"


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 21211, Refused),
        (403, 21610, Refused),
        (429, 20429, Unreachable),
        (500, 20500, Unreachable),
        (503, 20503, Unreachable),
    ],
)
async def test_what_twilio_answers_decides_whether_it_is_tried_again(
    status: int, code: int, error: type[Exception]
) -> None:
    with http_sink() as sink:
        sink.status = status
        sink.answer = {"code": code, "message": f"{TEXT.to} is no number", "status": status}
        with pytest.raises(error) as raised:
            await sent(TwilioSms(attrs.evolve(ACCOUNT, api_base=sink.url)), TEXT)
    assert str(raised.value) == f"Twilio: status {status}, error {code}"


async def test_twilio_away_is_unreachable() -> None:
    with http_sink() as sink:
        gone = sink.url
    with pytest.raises(Unreachable, match="ConnectError"):
        await sent(TwilioSms(attrs.evolve(ACCOUNT, api_base=gone)), TEXT)


def test_a_webhook_is_believed_for_its_own_address_and_token() -> None:
    fields = {"Body": "17 250", "From": TEXT.to, "MessageSid": "SM1"}
    webhook = TwilioWebhook(ACCOUNT, f"https://gala.example{WEBHOOK}")
    good = RequestValidator(ACCOUNT.token).compute_signature(webhook.url, fields)
    assert webhook.is_genuine(fields, good)
    assert not webhook.is_genuine({**fields, "Body": "17 9999"}, good)
    assert not webhook.is_genuine(fields, "")
    assert not webhook.is_genuine(fields, good[:-2] + "é=")
    assert not TwilioWebhook(ACCOUNT, "https://evil.example/").is_genuine(fields, good)
    other = attrs.evolve(ACCOUNT, token="another")
    assert not TwilioWebhook(other, webhook.url).is_genuine(fields, good)


def test_an_answer_is_twiml() -> None:
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    assert twiml("Lot 1 & <2>") == (
        f"{head}<Response><Message>Lot 1 &amp; &lt;2&gt;</Message></Response>"
    )
    assert twiml(None) == f"{head}<Response />"


# E-mail


def server(sink: SmtpSink, credentials: str = "") -> SmtpServer:
    return SmtpServer(f"smtp://{credentials}127.0.0.1:{sink.port}", SENDER)


async def test_a_letter_goes_to_the_mail_server() -> None:
    with smtp_sink() as sink:
        paper = Attachment("receipt.pdf", "application/pdf", b"%PDF-1.7")
        message = attrs.evolve(LETTER, html="<p>You won.</p>", attachments=[paper])
        await sent(Smtp(server(sink, "ann%40hall:p%2Fw@")), message)
        (letter,) = sink.letters
    assert (letter["From"], letter["To"], letter["Subject"]) == (
        SENDER,
        "ann@hall.example",
        "You won lot 1",
    )
    assert letter["Message-ID"] == "<gala-8@hall.example>"
    text, page = letter.get_body(("plain",)), letter.get_body(("html",))
    assert text is not None
    assert page is not None
    assert text.get_content().splitlines() == ["You won.", ".", "Really."]
    assert page.get_content().strip() == "<p>You won.</p>"
    assert [part.get_content() for part in letter.iter_attachments()] == [b"%PDF-1.7"]
    assert any(line.startswith("AUTH PLAIN") for line in sink.said)


@pytest.mark.parametrize(
    ("verb", "answer", "error"),
    [
        ("RCPT", "550 no such user ann@hall.example", Refused),
        ("RCPT", "451 greylisted", Unreachable),
        ("MAIL", "553 not you", Refused),
        ("MAIL", "421 later", Unreachable),
        ("DATA", "554 spam", Refused),
        ("DATA", "452 full", Unreachable),
    ],
)
async def test_what_the_mail_server_answers_decides_whether_it_is_tried_again(
    verb: str, answer: str, error: type[Exception]
) -> None:
    with smtp_sink() as sink:
        sink.codes[verb] = answer
        with pytest.raises(error) as raised:
            await sent(Smtp(server(sink)), LETTER)
    assert "hall.example" not in str(raised.value)


async def test_a_mail_server_away_is_unreachable() -> None:
    with smtp_sink() as sink:
        gone = server(sink)
    with pytest.raises(Unreachable, match="ConnectionRefusedError"):
        await sent(Smtp(gone), LETTER)


async def test_a_password_is_never_sent_in_the_clear() -> None:
    with smtp_sink() as sink:
        clear = attrs.evolve(server(sink, "ann:secret@"), url=f"smtp://ann:x@127.1:{sink.port}")
        with pytest.raises(Unreachable, match="SMTPNotSupportedError"):
            await sent(Smtp(clear), LETTER)
        assert not any(line.startswith("AUTH") for line in sink.said)


def test_an_address_cannot_add_a_header() -> None:
    with pytest.raises(Refused):
        letter_of(attrs.evolve(LETTER, to="ann@hall.example\nBcc: all@hall.example"), SENDER)


async def test_letters_of_accounts_are_handed_over_at_once() -> None:
    with smtp_sink() as sink:
        sink.goes_on.clear()
        mail = SmtpMail(Smtp(server(sink)))
        child = Child("letters", lambda reason: None)
        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(mail.serve, child)
                for number in range(3):
                    await mail.send(Letter(f"g{number}@hall.example", "Hello", "The code is x."))
                assert mail.statistics()["sent"] == 0
                sink.goes_on.set()
                for _ in range(3):
                    await trio.to_thread.run_sync(sink.taken.acquire)
                child.stopping.set()
    assert sorted(str(letter["To"]) for letter in sink.letters) == [
        f"g{number}@hall.example" for number in range(3)
    ]
    assert len({letter["Message-ID"] for letter in sink.letters}) == 3


# Web Push


def device(endpoint: str) -> tuple[PushDevice, ec.EllipticCurvePrivateKey]:
    private = ec.derive_private_key(12_345, ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return PushDevice(endpoint, encoded(point), encoded(b"0123456789abcdef")), private


KEY = VapidKey.read(encoded(b"\x01" * 32), "mailto:gala@hall.example")
NOTICE = Outgoing(
    "gala-9", "push", "You are outbid.", subject="Outbid", url="https://x/e/gala", topic="outbid-1"
)


@attrs.define
class Gone:
    endpoints: list[str] = attrs.field(factory=list)

    async def __call__(self, endpoint: str) -> None:
        await trio.lowlevel.checkpoint()
        self.endpoints.append(endpoint)


def push(gone: Gone) -> WebPush:
    return WebPush(KEY, gone, is_service=lambda endpoint: True, now_s=lambda: NOW_S)


async def test_a_notice_can_be_read_by_its_device_alone() -> None:
    with http_sink() as sink:
        mine, private = device(f"{sink.url}/send/abc")
        await sent(push(Gone()), attrs.evolve(NOTICE, devices=[mine]))
        (request,) = sink.requests
    opened: Any = http_ece.decrypt(
        request.body, private_key=private, auth_secret=b"0123456789abcdef", version="aes128gcm"
    )
    assert opened == (
        b'{"title":"Outbid","body":"You are outbid.","url":"https://x/e/gala","tag":"outbid-1"}'
    )
    scheme, _, rest = request.headers["authorization"].partition(" ")
    token, key = (part.partition("=")[2] for part in rest.split(", "))
    assert (scheme, key) == ("vapid", KEY.public)
    claims = jwt.decode(
        token,
        KEY.private.public_key(),
        algorithms=["ES256"],
        audience=sink.url,
        options={"verify_exp": False},
    )
    assert claims["sub"] == "mailto:gala@hall.example"
    assert NOW_S < claims["exp"] <= NOW_S + 24 * 3_600
    assert (request.headers["content-encoding"], request.headers["urgency"]) == (
        "aes128gcm",
        "high",
    )
    assert len(request.headers["topic"]) <= 32


@pytest.mark.parametrize(
    ("status", "error", "is_gone"),
    [
        (404, Refused, True),
        (410, Refused, True),
        (400, Refused, False),
        (429, Unreachable, False),
        (503, Unreachable, False),
    ],
)
async def test_a_device_that_is_gone_is_forgotten(
    status: int, error: type[Exception], is_gone: bool
) -> None:
    gone = Gone()
    with http_sink() as sink:
        sink.status = status
        mine, _ = device(f"{sink.url}/send/abc")
        with pytest.raises(error):
            await sent(push(gone), attrs.evolve(NOTICE, devices=[mine]))
    assert gone.endpoints == ([mine.endpoint] if is_gone else [])


async def test_one_device_told_is_enough() -> None:
    gone = Gone()
    with http_sink() as sink, http_sink() as dead:
        dead.status = 410
        devices = [device(f"{each.url}/x")[0] for each in (dead, sink)]
        await sent(push(gone), attrs.evolve(NOTICE, devices=devices))
        assert len(sink.requests) == 1
    assert gone.endpoints == [devices[0].endpoint]


async def test_only_push_services_are_called() -> None:
    gone = Gone()
    with http_sink() as sink:
        mine, _ = device(f"{sink.url}/x")
        with pytest.raises(Refused):
            await sent(WebPush(KEY, gone), attrs.evolve(NOTICE, devices=[mine]))
        assert sink.requests == []
    assert gone.endpoints == [mine.endpoint]


@pytest.mark.parametrize(
    ("endpoint", "is_one"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/x", True),
        ("https://web.push.apple.com/x", True),
        ("https://wns2-par02p.notify.windows.com/w/?token=x", True),
        ("http://fcm.googleapis.com/x", False),
        ("https://fcm.googleapis.com:8443/x", False),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://evilgoogleapis.com/x", False),
        ("https://user@fcm.googleapis.com/x", False),
        ("https://169.254.169.254/latest", False),
        ("https://localhost/x", False),
        ("https://[::1", False),
    ],
)
def test_services_are_known_by_their_hosts(endpoint: str, is_one: bool) -> None:
    assert is_service(endpoint) is is_one


def test_keys_of_devices_are_on_the_curve() -> None:
    mine, _ = device("https://x")
    assert is_device(mine)
    assert not is_device(attrs.evolve(mine, public_key=encoded(b"\x04" + b"\x01" * 64)))
    assert not is_device(attrs.evolve(mine, auth=encoded(b"short")))
    assert not is_device(attrs.evolve(mine, public_key="!"))


# The office


def settings(**given: Any) -> Settings:
    return Settings(data_dir=Path("/nowhere"), **given)


def test_without_keys_everything_stays_in_the_sandbox() -> None:
    office = _office(message_keys(settings()))
    assert office.in_sandbox() == ["sms", "email", "push"]
    assert (office.mail, office.webhook) == (None, None)


def test_with_keys_everything_is_sent() -> None:
    given = settings(
        smtp_url="smtp://mail.example",
        mail_from=SENDER,
        twilio_account=ACCOUNT.sid,
        twilio_token=ACCOUNT.token,
        twilio_number=ACCOUNT.number,
        vapid_key=encoded(b"\x01" * 32),
        public_url="https://gala.example",
    )
    office = _office(message_keys(given))
    assert office.in_sandbox() == []
    assert office.mail is not None
    assert office.webhook == TwilioWebhook(ACCOUNT, f"https://gala.example{WEBHOOK}")
    assert "a token" not in repr(given)
    vapid = office.keys.vapid
    assert vapid is not None
    assert vapid.contact == "https://gala.example"


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"smtp_url": "smtp://x"}, "SALEROOM_MAIL_FROM: is not set, and SALEROOM_SMTP_URL"),
        ({"twilio_account": "AC1", "twilio_token": "x"}, "SALEROOM_TWILIO_NUMBER: is not set"),
        ({"twilio_account": "AC1"}, "SALEROOM_TWILIO_TOKEN: is not set"),
        ({"vapid_key": encoded(b"\x01" * 32)}, "SALEROOM_PUBLIC_URL: is not set"),
        (
            {"vapid_key": encoded(b"\xff" * 32), "mail_from": SENDER},
            "SALEROOM_VAPID_KEY: it is no key of the curve P-256",
        ),
        ({"phone_region": "XX"}, "SALEROOM_PHONE_REGION: no country is XX"),
    ],
)
def test_half_a_set_of_keys_stops_the_start(given: dict[str, str], complaint: str) -> None:
    with pytest.raises(BadSetting, match=complaint):
        message_keys(settings(**given))


def _office(keys: Keys) -> MessageOffice:
    stores = memory_stores()
    return MessageOffice(
        stores.outbox, stores.recipients, lambda event: None, lambda: 0, random.Random(0), keys
    )
