"""Notices of the browser: Web Push, encrypted for each device and signed with our key.

Owns: what a push service is sent. Invariant: only services that browsers really use are called,
over https, so that nobody has us call an address of theirs; what is sent can be read by the device
alone; a device that is gone is forgotten. Must not know: why there is a notice.
Source: RFC 8030, RFC 8188, RFC 8291, RFC 8292.
"""

from __future__ import annotations

import base64
import binascii
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import Final
from urllib.parse import urlsplit

import attrs
import http_ece
import httpx
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from saleroom.messages.providers import Outgoing, ProviderError, Refused, Send, Unreachable
from saleroom.storage.message_ports import PushDevice

TIMEOUT_S = 15.0
LASTS_S = 4 * 3_600  # a service keeps a notice so long for a device that is off
TOKEN_LASTS_S = 12 * 3_600  # RFC 8292 allows a day
TEXT_CHARS_MAX = 1_000  # what is sent stays below the 4096 bytes that every service takes
GONE: Final = frozenset({404, 410})
TOO_MANY = 429
KEY_BYTES, AUTH_BYTES = 65, 16
SERVICES: Final = (
    ".googleapis.com",
    ".push.services.mozilla.com",
    ".notify.windows.com",
    ".push.apple.com",
)
"""Where browsers have their notices kept, as ends of host names."""


def is_service(endpoint: str) -> bool:
    """Say whether an endpoint is one of a push service's."""
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return False
    host = f".{parts.hostname or ''}"
    return (
        parts.scheme == "https"
        and port in (None, 443)
        and parts.username is None
        and host.endswith(SERVICES)
    )


def is_device(device: PushDevice) -> bool:
    """Say whether a device's keys are such as RFC 8291 has them."""
    try:
        key, auth = decoded(device.public_key), decoded(device.auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    except ValueError:
        return False
    return len(key) == KEY_BYTES and len(auth) == AUTH_BYTES


def decoded(text: str) -> bytes:
    """Read base64url without padding. Raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def encoded(raw: bytes) -> str:
    """Write base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@attrs.frozen(eq=False)
class VapidKey:
    """The key by which push services know us. contact: a mailto: or https: address of ours."""

    private: ec.EllipticCurvePrivateKey = attrs.field(repr=False)
    contact: str

    @classmethod
    def read(cls, text: str, contact: str) -> VapidKey:
        """Read 32 bytes of base64url. Raises ValueError."""
        number = int.from_bytes(decoded(text), "big")
        return cls(ec.derive_private_key(number, ec.SECP256R1()), contact)

    @property
    def public(self) -> str:
        """Give what a page subscribes with."""
        point = self.private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        return encoded(point)

    def header(self, endpoint: str, now_s: float) -> str:
        """Sign for an endpoint's service (RFC 8292)."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(now_s) + TOKEN_LASTS_S,
            "sub": self.contact,
        }
        token = jwt.encode(claims, self.private, algorithm="ES256")
        return f"vapid t={token}, k={self.public}"


def encrypted(content: bytes, device: PushDevice) -> bytes:
    """Encrypt for a device (RFC 8291, aes128gcm)."""
    sealed: bytes = http_ece.encrypt(
        content,
        salt=os.urandom(16),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=decoded(device.public_key),
        auth_secret=decoded(device.auth),
        version="aes128gcm",
    )
    return sealed


@attrs.frozen(eq=False)
class WebPush:
    """A `Provider` of notices. on_gone: hears of an endpoint that is no more."""

    key: VapidKey
    on_gone: Callable[[str], Awaitable[None]]
    is_service: Callable[[str], bool] = is_service
    now_s: Callable[[], float] = time.time

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Send]:
        """Hold connections to the services."""
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:

            async def send(message: Outgoing) -> None:
                await self._send(client, message)

            yield send

    async def _send(self, client: httpx.AsyncClient, message: Outgoing) -> None:
        """Tell every device; it is sent when one has been told."""
        failures: list[ProviderError] = []
        for device in message.devices:
            try:
                await self._tell(client, device, message)
            except ProviderError as error:
                failures.append(error)
        if len(failures) == len(message.devices):
            unreachable = [error for error in failures if isinstance(error, Unreachable)]
            raise (unreachable or failures)[0]

    async def _tell(self, client: httpx.AsyncClient, device: PushDevice, message: Outgoing) -> None:
        if not self.is_service(device.endpoint):
            await self.on_gone(device.endpoint)
            raise Refused("the endpoint is no push service's")
        notice = {"title": message.subject, "body": message.text[:TEXT_CHARS_MAX]}
        content = orjson.dumps({**notice, "url": message.url, "tag": message.topic})
        headers = {
            "Authorization": self.key.header(device.endpoint, self.now_s()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(LASTS_S),
            "Topic": encoded(blake2b(message.topic.encode(), digest_size=16).digest()),
            "Urgency": "high",
        }
        try:
            answer = await client.post(
                device.endpoint, content=encrypted(content, device), headers=headers
            )
        except httpx.HTTPError as error:
            raise Unreachable(f"the push service: {type(error).__name__}") from None
        if answer.status_code in GONE:
            await self.on_gone(device.endpoint)
            raise Refused("the device is gone")
        if answer.status_code >= 500 or answer.status_code == TOO_MANY:
            raise Unreachable(f"the push service: status {answer.status_code}")
        if answer.status_code >= 400:
            raise Refused(f"the push service: status {answer.status_code}")
