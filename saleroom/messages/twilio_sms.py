"""Texts by Twilio: the one file that knows its SDK.

Owns: the calls to Twilio's REST API, the check of its signatures, and TwiML. Invariant: the SDK's
requests go through our own client, under trio and within a limit; what a webhook says is believed
once its signature for our public address holds. Must not know: why a text is sent, what is bid.
Source: ARCHITECTURE 6 (8), https://www.twilio.com/docs/usage/security.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hmac import compare_digest
from typing import Any

import attrs
import httpx
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response as TwilioResponse
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.messaging_response import MessagingResponse

from saleroom.messages.providers import Outgoing, Refused, Send, Unreachable

API = "https://api.twilio.com"
TIMEOUT_S = 20.0
TEXT_CHARS_MAX = 1_600
"""What Twilio takes in one message."""
TOO_MANY = 429
logger = logging.getLogger("saleroom.messages")


@attrs.frozen
class TwilioAccount:
    """Where texts come from. number: in E.164. api_base: Twilio, or what stands in for it."""

    sid: str
    token: str = attrs.field(repr=False)
    number: str
    api_base: str = API


class _TrioHttp(AsyncHttpClient):  # type: ignore[misc]
    """The SDK's requests, by httpx."""

    def __init__(self, client: httpx.AsyncClient, api_base: str) -> None:
        super().__init__(logger, is_async=True, timeout=TIMEOUT_S)
        self._client = client
        self._api_base = api_base

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as the SDK calls it; the client has its own
        allow_redirects: bool = False,
    ) -> TwilioResponse:
        answer = await self._client.request(
            method,
            self._api_base + uri.removeprefix(API),
            params=_plain(params),
            data=_plain(data),
            headers=headers,
            auth=auth,
            follow_redirects=allow_redirects,
        )
        return TwilioResponse(answer.status_code, answer.text, answer.headers)


def _plain(values: Mapping[str, object] | None) -> dict[str, Any] | None:
    return None if values is None else dict(values)


@attrs.frozen
class TwilioSms:
    """A `Provider` of texts."""

    account: TwilioAccount

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Send]:
        """Hold connections to Twilio."""
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
            account = self.account
            client = Client(
                account.sid, account.token, http_client=_TrioHttp(http, account.api_base)
            )
            # Its first look-up imports for most of a second, which is better done at the start.
            messages = client.messages

            async def send(message: Outgoing) -> None:
                text = message.text[:TEXT_CHARS_MAX]
                try:
                    await messages.create_async(to=message.to, from_=account.number, body=text)
                except TwilioRestException as error:
                    raise _of_answer(error) from None
                except (httpx.HTTPError, TwilioException) as error:
                    raise Unreachable(f"Twilio: {type(error).__name__}") from None

            yield send


def _of_answer(error: TwilioRestException) -> Unreachable | Refused:
    """Tell what may be tried again from what never goes; Twilio's words may hold the number."""
    reason = f"Twilio: status {error.status}, error {error.code}"
    is_temporary = error.status >= 500 or error.status == TOO_MANY
    return Unreachable(reason) if is_temporary else Refused(reason)


@attrs.frozen
class TwilioWebhook:
    """The check of what comes from Twilio. url: the public address that it calls."""

    account: TwilioAccount
    url: str

    def is_genuine(self, fields: Mapping[str, str], signature: str) -> bool:
        """Say whether Twilio has signed these fields for this address, in constant time."""
        expected: str = RequestValidator(self.account.token).compute_signature(self.url, fields)
        return compare_digest(expected.encode(), signature.encode())


def twiml(text: str | None) -> str:
    """Answer a text with another one, or with none."""
    answer = MessagingResponse()
    if text is not None:
        answer.message(text[:TEXT_CHARS_MAX])
    return str(answer)
