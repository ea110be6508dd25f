"""A mail server that hangs: it keeps its own threads, and nobody else's."""

from __future__ import annotations

import attrs
import trio

from saleroom.messages.dispatcher import SENDING_MAX
from saleroom.messages.providers import Outgoing
from saleroom.messages.smtp import SESSIONS_MAX, Smtp, SmtpServer
from saleroom.messages.twilio_sms import TwilioAccount, TwilioSms
from tests.messages.sinks import http_sink, smtp_sink

LETTER = Outgoing("gala-8", "email", "You won.", subject="You won", to="ann@hall.example")
TEXT = Outgoing("gala-7", "sms", "You are outbid.", to="+12015550101")
GUARD_S = 20.0


async def test_letters_that_hang_take_no_thread_from_anybody_else() -> None:
    assert SESSIONS_MAX >= SENDING_MAX
    with smtp_sink() as mail, http_sink() as network, trio.fail_after(GUARD_S):
        mail.goes_on.clear()
        smtp = Smtp(SmtpServer(f"smtp://127.0.0.1:{mail.port}", "gala@hall.example"))
        account = TwilioAccount("AC" + "0" * 32, "a token", "+15550100000", network.url)
        network.answer = {"sid": "SM1", "status": "queued"}
        async with trio.open_nursery() as nursery:
            for number in range(2 * SESSIONS_MAX):
                letter = attrs.evolve(LETTER, key=f"gala-{number}")
                nursery.start_soon(smtp.send, letter)
            while mail.said.count("data") < SESSIONS_MAX:
                await trio.to_thread.run_sync(mail.has_said.acquire, abandon_on_cancel=True)
            assert trio.to_thread.current_default_thread_limiter().borrowed_tokens == 0
            async with TwilioSms(account).opened() as send:
                await send(TEXT)
            assert len(network.requests) == 1
            assert mail.letters == []
            mail.goes_on.set()
        assert len(mail.letters) == 2 * SESSIONS_MAX


async def test_a_letter_that_is_given_up_leaves_its_thread_behind() -> None:
    with smtp_sink() as mail, trio.fail_after(GUARD_S):
        mail.goes_on.clear()
        smtp = Smtp(SmtpServer(f"smtp://127.0.0.1:{mail.port}", "gala@hall.example"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(smtp.send, LETTER)
            while "data" not in mail.said:
                await trio.to_thread.run_sync(mail.has_said.acquire, abandon_on_cancel=True)
            nursery.cancel_scope.cancel()
        assert mail.letters == []
        mail.goes_on.set()
        await trio.to_thread.run_sync(mail.taken.acquire, abandon_on_cancel=True)
