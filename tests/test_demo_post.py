"""The demo's post: what the real adapters send comes in, and bad peers harm nobody."""

from __future__ import annotations

import trio

from saleroom.demo_post import LETTER_BYTES_MAX, LINE_BYTES_MAX, DemoPost, KeptText, open_post
from saleroom.messages.providers import Attachment, Outgoing
from saleroom.messages.smtp import Smtp, SmtpServer
from saleroom.messages.twilio_sms import TwilioAccount, TwilioSms

GUARD_S = 20.0
SENDER = "Gala <desk@gala.example>"


def smtp_of(post: DemoPost) -> Smtp:
    return Smtp(SmtpServer(post.smtp_url, SENDER))


async def test_letters_come_in_with_their_papers() -> None:
    told: list[str] = []
    paper = Attachment("INV-000001.pdf", "application/pdf", bytes(range(256)) * 400)
    text = "Thank you!\n.\n..a line with points\nÄ"
    message = Outgoing("k1", "email", text, "Quittung für Sie", to="ann@gala.example")
    with trio.fail_after(GUARD_S):
        async with open_post(told.append) as post:
            async with smtp_of(post).opened() as send:
                await send(message)
                await send(
                    Outgoing("k2", "email", "x", "Paper", to="b@c.example", attachments=[paper])
                )
            first, second = post.letters
    assert (first.to, first.subject, first.papers) == ("ann@gala.example", "Quittung für Sie", ())
    assert first.text.strip().splitlines() == text.splitlines()
    assert second.papers == ("INV-000001.pdf",)
    assert told[1] == "        letter to b@c.example: Paper with INV-000001.pdf"


async def test_texts_come_in() -> None:
    told: list[str] = []
    with trio.fail_after(GUARD_S):
        async with open_post(told.append) as post:
            account = TwilioAccount("AC" + "0" * 32, "secret", "+12025550100", post.twilio_base)
            async with TwilioSms(account).opened() as send:
                for number in (1, 2):
                    await send(Outgoing(f"k{number}", "sms", f"Größe {number}", to="+12025550101"))
            assert post.texts == [KeptText("+12025550101", f"Größe {n}") for n in (1, 2)]
    assert told == [f"        text to +12025550101: Größe {number}" for number in (1, 2)]


async def test_bad_peers_are_hung_up_on() -> None:
    with trio.fail_after(GUARD_S):
        async with open_post(lambda line: None) as post:
            for port, sent in (
                (post.smtp_port, b"x" * (LINE_BYTES_MAX + 70_000)),
                (post.smtp_port, b"EHLO x\r\nDATA\r\n" + b"x" * (LETTER_BYTES_MAX + 70_000)),
                (post.twilio_port, b"x" * (LINE_BYTES_MAX + 70_000)),
                (post.twilio_port, b"POST /Messages.json HTTP/1.1\r\nContent-Length: 1e9\r\n\r\n"),
                (post.twilio_port, b"POST /Messages.json HTTP/1.1\r\n\r\n"),
            ):
                stream = await trio.open_tcp_stream("127.0.0.1", port)
                async with stream:
                    try:
                        await stream.send_all(sent)
                        while await stream.receive_some():
                            continue
                    except trio.BrokenResourceError:
                        pass
            async with smtp_of(post).opened() as send:
                await send(Outgoing("k1", "email", "still here", "S", to="ann@gala.example"))
            assert len(post.letters) == 1
            assert post.texts == []


async def test_another_address_is_not_found() -> None:
    with trio.fail_after(GUARD_S):
        async with open_post(lambda line: None) as post:
            stream = await trio.open_tcp_stream("127.0.0.1", post.twilio_port)
            async with stream:
                await stream.send_all(b"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
                assert (await stream.receive_some()).startswith(b"HTTP/1.1 404")
