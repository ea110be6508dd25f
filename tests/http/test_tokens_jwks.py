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
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from saleroom.http.accounts import jwks
from saleroom.http.accounts.jwks import JwksKeys
from saleroom.http.accounts.tokens import OWN_KEY, OwnAndOthers, SecretKey, TokenVerifier
from saleroom.protocol.identity import KeysUnavailable, TokenRejected
from tests.http.test_bad_tokens import handmade, mac

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


def by_ec(**head: Any) -> str:
    """Make a token with any head, truly signed by the EC key."""
    sign = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign
    return handmade({"alg": "ES256", "kid": "k", **head}, CLAIMS, lambda text: sign(text, EC))


SPKI, PKCS1, POINT = (
    serialization.PublicFormat.SubjectPublicKeyInfo,
    serialization.PublicFormat.PKCS1,
    serialization.PublicFormat.UncompressedPoint,
)
PEM, DER, X962 = serialization.Encoding.PEM, serialization.Encoding.DER, serialization.Encoding.X962


def writings(private: Any) -> dict[str, bytes]:
    """Give every way in which a public key is written: what an attacker would take for a secret."""
    key = private.public_key()
    own = {"PKCS 1": (PEM, PKCS1)} if private is RSA else {"point": (X962, POINT)}
    forms = {"PEM": (PEM, SPKI), "DER": (DER, SPKI), **own}
    made = {name: key.public_bytes(*form) for name, form in forms.items()}
    return {
        **made,
        "PEM without its last line end": made["PEM"].rstrip(),
        "JWK": json.dumps(public(private, "k")).encode(),
        "modulus": str(public(private, "k").get("n", "")).encode(),
    }


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
        pytest.param(public(RSA, "k"), by_ec(alg="RS256"), id="it lies of its algorithm"),
        pytest.param(public(EC, "k"), token(RSA, "RS256", "k"), id="RSA for an EC key"),
        pytest.param(public(RSA, "k"), token(RSA, "PS256", "k"), id="other padding"),
        pytest.param(public(RSA, "k", alg="RS512"), token(RSA, "RS512", "k"), id="not ours"),
        pytest.param(public(RSA, "k", alg="ES256"), token(RSA, "RS256", "k"), id="entry lies"),
        pytest.param(public(EC, "k"), token(EC, "ES256", "other"), id="unknown key id"),
        pytest.param(public(EC, "k"), token(EC, "ES256", "K"), id="key id in other case"),
        pytest.param(public(EC, "k"), token(EC, "ES256", ""), id="empty key id"),
        pytest.param(
            public(RSA, "k"),
            handmade({"alg": "none", "kid": "k"}, CLAIMS, lambda _: b""),
            id="none",
        ),
        *(
            pytest.param(public(EC, "k"), made, id=f"critical: {name}")
            for name, made in {
                "unknown": by_ec(crit=["x"], x=1),
                "known to the library": by_ec(crit=["b64"], b64=True),
                "none": by_ec(crit=[]),
                "no list": by_ec(crit="exp"),
            }.items()
        ),
    ],
)
async def test_rejected(key: dict[str, Any], made: str) -> None:
    async with provider(key) as running:
        with pytest.raises(TokenRejected):
            await running.verifier().verify(made)


@pytest.mark.parametrize(
    ("private", "algorithm", "secret"),
    [
        pytest.param(private, algorithm, secret, id=f"{algorithm}, {name}")
        for private, algorithm in ((RSA, "RS256"), (EC, "ES256"))
        for name, secret in writings(private).items()
    ],
)
async def test_a_public_key_is_nobodys_secret(private: Any, algorithm: str, secret: bytes) -> None:
    """An HS256 token whose secret is the public key, under each algorithm's name."""
    async with provider(public(private, "k")) as running:
        verifier = running.verifier()
        assert (await verifier.verify(token(private, algorithm, "k"))).user == "ann"
        for said in ("HS256", algorithm):
            for head in ({"alg": said, "kid": "k"}, {"alg": said}):
                with pytest.raises(TokenRejected):
                    await verifier.verify(handmade(head, CLAIMS, mac(secret)))


async def test_our_secret_and_the_providers_keys_do_not_stand_in_for_each_other() -> None:
    own = SecretKey(b"0123456789abcdef0123456789abcdef")
    async with provider(public(RSA, "r")) as running:
        verifier = TokenVerifier(OwnAndOthers(own, JwksKeys(running.url)), lambda: NOW)
        for made in (
            jwt.encode(CLAIMS, own.secret, algorithm="HS256", headers={"kid": OWN_KEY}),
            token(RSA, "RS256", "r"),
        ):
            assert (await verifier.verify(made)).user == "ann"
        for made in (
            jwt.encode(CLAIMS, own.secret, algorithm="HS256", headers={"kid": "r"}),
            token(RSA, "RS256", OWN_KEY),
            *(
                handmade({"alg": "HS256", "kid": OWN_KEY}, CLAIMS, mac(secret))
                for secret in writings(RSA).values()
            ),
        ):
            with pytest.raises(TokenRejected):
                await verifier.verify(made)


async def test_a_provider_cannot_take_our_keys_name() -> None:
    own = SecretKey(b"0123456789abcdef0123456789abcdef")
    async with provider(public(RSA, OWN_KEY)) as running:
        verifier = TokenVerifier(OwnAndOthers(own, JwksKeys(running.url)), lambda: NOW)
        with pytest.raises(TokenRejected):
            await verifier.verify(token(RSA, "RS256", OWN_KEY))


async def test_a_key_that_the_provider_replaced_under_its_id_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jwks, "FRESH_S", 0.0)
    async with provider(public(RSA, "k")) as running:
        verifier = running.verifier()
        await verifier.verify(token(RSA, "RS256", "k"))
        running.document = {"keys": [public(EC, "k")]}
        assert (await verifier.verify(token(EC, "ES256", "k"))).user == "ann"
        with pytest.raises(TokenRejected):
            await verifier.verify(token(RSA, "RS256", "k"))


async def test_a_rotated_key_is_fetched_once_its_id_appears() -> None:
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
        assert running.fetches == jwks.FETCHES_MOST


async def test_known_keys_serve_on_while_the_provider_answers_nonsense(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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
