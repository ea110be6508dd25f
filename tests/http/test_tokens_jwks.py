"""Keys by JWKS: fetched from a real server, cached, rotated; the provider's absence."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import jwt
import pytest
import trio
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from saleroom.http import jwks
from saleroom.http.jwks import JwksKeys
from saleroom.http.tokens import TokenVerifier
from saleroom.protocol.identity import KeysUnavailable, TokenRejected

NOW = 1_700_000_000.0
CLAIMS = {"sub": "ann", "roles": ["donor"], "iat": NOW, "exp": NOW + 60, "aud": "saleroom"}
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())


def public(private: Any, kid: str | None, **extra: str) -> dict[str, Any]:
    family = jwt.algorithms.RSAAlgorithm if private is RSA else jwt.algorithms.ECAlgorithm
    entry = family.to_jwk(private.public_key(), as_dict=True) | extra
    return entry if kid is None else entry | {"kid": kid}


def token(private: Any, algorithm: str, kid: str | None) -> str:
    headers = None if kid is None else {"kid": kid}
    return jwt.encode(CLAIMS, private, algorithm=algorithm, headers=headers)


@attrs.define
class Provider:
    """An identity provider: an HTTP server of one document."""

    url: str = ""
    document: Any = None
    fetches: int = 0
    silent: bool = False

    def verifier(self) -> TokenVerifier:
        return TokenVerifier(JwksKeys(self.url), lambda: NOW)

    async def answer(self, stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            self.fetches += 1
            if self.silent:
                await trio.sleep_forever()
            body = json.dumps(self.document).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            await stream.send_all(head.encode() + body)


@asynccontextmanager
async def provider(*keys: dict[str, Any]) -> AsyncIterator[Provider]:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    running = Provider(f"http://127.0.0.1:{port}/keys", {"keys": list(keys)})
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_listeners, running.answer, [listener])
            yield running
            nursery.cancel_scope.cancel()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


async def test_both_algorithms_and_one_fetch_for_many_tokens() -> None:
    async with provider(public(RSA, "r"), public(EC, "e")) as running:
        verifier = running.verifier()
        for private, algorithm, kid in ((RSA, "RS256", "r"), (EC, "ES256", "e")) * 2:
            assert (await verifier.verify(token(private, algorithm, kid))).user == "ann"
        assert running.fetches == 1


async def test_callers_at_once_share_a_fetch() -> None:
    async with provider(public(EC, "e")) as running:
        verifier = running.verifier()
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(verifier.verify, token(EC, "ES256", "e"))
        assert running.fetches == 1


async def test_the_only_key_serves_a_token_without_a_key_id() -> None:
    async with provider(public(EC, None)) as running:
        assert (await running.verifier().verify(token(EC, "ES256", None))).user == "ann"
    async with provider(public(EC, "e"), public(RSA, "r")) as running:
        with pytest.raises(TokenRejected):
            await running.verifier().verify(token(EC, "ES256", None))


@pytest.mark.parametrize(
    ("key", "made"),
    [
        pytest.param(public(RSA, "k"), token(RSA, "RS512", "k"), id="the key's, not the token's"),
        pytest.param(public(RSA, "k"), token(EC, "ES256", "k"), id="other family"),
        pytest.param(public(P384, "k"), token(P384, "ES384", "k"), id="ES384"),
        pytest.param(public(EC, "k", use="enc"), token(EC, "ES256", "k"), id="not for signing"),
        pytest.param(
            {"kty": "oct", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", "kid": "k"},
            jwt.encode(
                CLAIMS, b"0123456789abcdef0123456789abcdef", algorithm="HS256", headers={"kid": "k"}
            ),
            id="a published secret",
        ),
        pytest.param({"kty": "EC", "kid": "k"}, token(EC, "ES256", "k"), id="broken entry"),
    ],
)
async def test_rejected(key: dict[str, Any], made: str) -> None:
    async with provider(key) as running:
        with pytest.raises(TokenRejected):
            await running.verifier().verify(made)


async def test_a_rotated_key_is_fetched_once_its_id_appears(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jwks, "COOLDOWN_S", 0.0)
    async with provider(public(RSA, "old")) as running:
        verifier = running.verifier()
        await verifier.verify(token(RSA, "RS256", "old"))
        running.document = {"keys": [public(EC, "new")]}
        assert (await verifier.verify(token(EC, "ES256", "new"))).user == "ann"
        with pytest.raises(TokenRejected):
            await verifier.verify(token(RSA, "RS256", "old"))


async def test_made_up_key_ids_cause_no_flood() -> None:
    async with provider(public(EC, "e")) as running:
        verifier = running.verifier()
        for number in range(20):
            with pytest.raises(TokenRejected):
                await verifier.verify(token(EC, "ES256", f"made-up-{number}"))
        assert running.fetches == 1


async def test_known_keys_serve_on_while_the_provider_answers_nonsense(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jwks, "COOLDOWN_S", 0.0)
    monkeypatch.setattr(jwks, "FRESH_S", 0.0)
    async with provider(public(EC, "e")) as running:
        verifier = running.verifier()
        await verifier.verify(token(EC, "ES256", "e"))
        running.document = "out of order"
        assert (await verifier.verify(token(EC, "ES256", "e"))).user == "ann"
        assert running.fetches == 2
        monkeypatch.setattr(jwks, "STALE_S", 0.0)
        with pytest.raises(KeysUnavailable):
            await verifier.verify(token(EC, "ES256", "e"))


async def test_a_silent_provider_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "FETCH_S", 0.05)
    async with provider() as running:
        running.silent = True
        with pytest.raises(KeysUnavailable):
            await running.verifier().verify(token(EC, "ES256", "e"))


async def test_an_absent_provider_is_not_the_tokens_fault() -> None:
    async with provider() as running:
        verifier = running.verifier()
    with trio.fail_after(20), pytest.raises(KeysUnavailable):
        await verifier.verify(token(EC, "ES256", "e"))
