"""Tokens that are not believed, at both doors: HTTP's header and a websocket's hello.

What the verifier makes of each stands in test_tokens.py; here it is what a client is told.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from trio.testing import MockClock

from saleroom.http.accounts.tokens import AUDIENCE, TokenVerifier
from saleroom.protocol.close import Close
from saleroom.protocol.identity import Identity, TokenRejected
from tests.actors.stage import EVENT, Stage, open_stage, settle, silent
from tests.http.house import SECRET, open_house

NOW = 2_000_000_000
GOOD: dict[str, Any] = {
    "sub": "eve",
    "roles": ["admin", "operator"],
    "iat": NOW,
    "exp": NOW + 900,
    "aud": AUDIENCE,
}
PRIVATE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = PRIVATE_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
VERIFIER = TokenVerifier(SECRET, lambda: float(NOW))


def part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def handmade(
    head: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]
) -> str:
    """Make a token that no library would."""
    text = f"{part(json.dumps(head).encode())}.{part(json.dumps(claims).encode())}"
    return f"{text}.{part(sign(text.encode()))}"


def mac(key: bytes) -> Callable[[bytes], bytes]:
    return lambda text: hmac.digest(key, text, hashlib.sha256)


def signed(**changes: Any) -> str:
    return jwt.encode({**GOOD, **changes}, SECRET.secret, algorithm="HS256")


def tampered() -> str:
    head, _, signature = signed().split(".")
    return f"{head}.{part(json.dumps({**GOOD, 'sub': 'ada'}).encode())}.{signature}"


HS256 = {"alg": "HS256", "typ": "JWT"}
BAD: dict[str, str] = {
    "alg none": handmade({"alg": "none"}, GOOD, lambda _: b""),
    "alg NONE": handmade({"alg": "NONE"}, GOOD, lambda _: b""),
    "alg none, signed": handmade({"alg": "none"}, GOOD, mac(SECRET.secret)),
    "no alg": handmade({}, GOOD, mac(SECRET.secret)),
    "another key": jwt.encode(GOOD, b"another secret, and long enough too", algorithm="HS256"),
    "an empty key": handmade(HS256, GOOD, mac(b"")),
    "a longer hash": jwt.encode(GOOD, SECRET.secret * 2, algorithm="HS512"),
    "signed by RSA": jwt.encode(GOOD, PRIVATE_KEY, algorithm="RS256"),
    "a public key as a secret": handmade(HS256, GOOD, mac(PUBLIC_PEM)),
    "RSA said, secret used": handmade({"alg": "RS256"}, GOOD, mac(SECRET.secret)),
    "its own key": handmade(
        {**HS256, "jwk": {"kty": "oct", "k": part(b"k" * 32)}}, GOOD, mac(b"k" * 32)
    ),
    "a critical extension": handmade({**HS256, "crit": ["x"], "x": 1}, GOOD, mac(SECRET.secret)),
    "a critical extension of the library's": handmade(
        {**HS256, "crit": ["b64"], "b64": True}, GOOD, mac(SECRET.secret)
    ),
    "an unencoded payload": handmade(
        {**HS256, "crit": ["b64"], "b64": False}, GOOD, mac(SECRET.secret)
    ),
    "another audience": signed(aud="another"),
    "expired": signed(exp=NOW - 1),
    "not yet valid": signed(nbf=NOW + 600),
    "from the future": signed(iat=NOW + 600),
    "tampered": tampered(),
    "cut": signed()[:-8],
    "without a signature": signed().rpartition(".")[0] + ".",
}


NO_HEADERS = {"empty": "", "too long": "x" * 9_000, "not Unicode": "\ud800", "NUL": "a.b\0.c"}
"""What a frame can bear and a header cannot."""


every_bad_token = pytest.mark.parametrize("token", BAD.values(), ids=BAD.keys())


async def believe(token: str) -> Identity:
    return await VERIFIER.verify(token)


async def test_the_good_one_is_believed() -> None:
    assert (await believe(signed())).user == "eve"


@every_bad_token
async def test_none_is_believed(token: str) -> None:
    with pytest.raises(TokenRejected):
        await believe(token)


@every_bad_token
async def test_over_http_each_is_401_wherever_it_is_sent(
    autojump_clock: MockClock, token: str
) -> None:
    header = {"Authorization": f"Bearer {token}"}
    async with open_house() as house:
        for method, path in (
            ("GET", "/api/v1/operator/tree"),
            ("GET", "/api/v1/events"),
            ("POST", "/api/v1/events/nowhere/publish"),
        ):
            reply = await house.call(method, path, headers=header)
            assert (reply.status, reply.code) == (401, "UNAUTHENTICATED")
            assert reply.headers["www-authenticate"] == "Bearer"
            assert token not in reply.body.decode()


@pytest.mark.parametrize("token", [*BAD.values(), *NO_HEADERS.values()], ids=[*BAD, *NO_HEADERS])
@pytest.mark.parametrize("path", [f"/ws/v1/events/{EVENT}", "/ws/v1/operator"])
async def test_at_a_sockets_hello_each_closes_with_4001(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, path: str, token: str
) -> None:
    async def verify(self: Stage, sent: str) -> Identity:
        return await believe(sent)

    monkeypatch.setattr(Stage, "verify", verify)
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = stage.dial_path(path)
        line.say("hello", token=token)
        await settle()
        assert line.ended == Close.UNAUTHENTICATED
