"""The tokens that carry identities.

Owns: the claims of a token, their strict reading, and the secret's file. Invariant: an Identity
exists only for a token whose signature, audience and times hold; no token, secret or claim ever
reaches a log or an error's text. Must not know: accounts, cookies, events' rules.
Source: PROTOCOL 6, RFC 7519, RFC 8725.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Protocol

import attrs
import jwt
from jwt.types import Options

from saleroom.auction.roles import Role
from saleroom.protocol.identity import Identity, TokenRejected
from saleroom.protocol.shapes import Chars

AUDIENCE = "saleroom"
OWN_KEY = "saleroom"
"""The name that tokens of our own give their key."""
SECRET_BYTES_MIN = 32
TOKEN_CHARS_MAX = 8 * 1024  # a websocket message has room for it; a token is a few hundred
USER = Chars(1, 255)
CLOCK_SKEW_S = 5.0  # between us and whoever issued the token, for `iat` and `nbf` alone
_FILE_NAME = "signing-key"

_SYMMETRIC = "HS256"
_CLAIMS = ["sub", "roles", "exp", "iat", "aud"]


class SecretRefused(Exception):
    """The configured secret cannot be used."""


class KeySource(Protocol):
    """Where a verifier finds the key that a token names."""

    async def key(self, key_id: str | None) -> jwt.PyJWK:
        """Raises TokenRejected (no such key), KeysUnavailable."""


@attrs.frozen(repr=False)
class SecretKey:
    """The one key of a deployment that signs its own tokens."""

    secret: bytes
    _key: jwt.PyJWK = attrs.field(init=False, eq=False)

    @_key.default
    def _as_key(self) -> jwt.PyJWK:
        encoded = jwt.utils.base64url_encode(self.secret).decode("ascii")
        return jwt.PyJWK({"kty": "oct", "k": encoded}, _SYMMETRIC)

    def __attrs_post_init__(self) -> None:
        if len(self.secret) < SECRET_BYTES_MIN:
            raise SecretRefused(
                f"the secret has {len(self.secret)} bytes, and needs at least {SECRET_BYTES_MIN}"
            )

    async def key(self, key_id: str | None) -> jwt.PyJWK:
        return self._key

    def derived(self, purpose: str) -> bytes:
        """Give a key for something else than tokens; from it nobody learns this one."""
        return hmac.digest(self.secret, purpose.encode(), "sha256")


@attrs.frozen
class OwnAndOthers:
    """Keys of our own tokens, which bear our key's name, and of an identity provider's."""

    own: SecretKey
    others: KeySource

    async def key(self, key_id: str | None) -> jwt.PyJWK:
        """Raises as `KeySource` does."""
        return await (self.own if key_id == OWN_KEY else self.others).key(key_id)


@attrs.frozen(repr=False)
class TokenIssuer:
    """Sign tokens with the deployment's secret. now: Unix seconds."""

    key: SecretKey
    now: Callable[[], float]

    def issue(
        self,
        user: str,
        roles: Collection[Role],
        ttl_s: int,
        events: Collection[str] | None = None,
        sign_in: str | None = None,
    ) -> str:
        """Give a token that holds from now for `ttl_s` seconds."""
        issued_at = int(self.now())
        claims: dict[str, Any] = {
            "sub": user,
            "roles": sorted(role.value for role in roles),
            "iat": issued_at,
            "exp": issued_at + ttl_s,
            "aud": AUDIENCE,
        }
        if events is not None:
            claims["events"] = sorted(events)
        if sign_in is not None:
            claims["sid"] = sign_in
        headers = {"kid": OWN_KEY}
        return jwt.encode(claims, self.key.secret, algorithm=_SYMMETRIC, headers=headers)


@attrs.frozen(repr=False)
class TokenVerifier:
    """Read tokens strictly. now: Unix seconds."""

    keys: KeySource
    now: Callable[[], float]

    async def verify(self, token: str) -> Identity:
        """Give the identity behind a token.

        Raises TokenRejected; KeysUnavailable when its keys are elsewhere and cannot be had.
        """
        if len(token) > TOKEN_CHARS_MAX:
            raise TokenRejected("the token is too long")
        if not token.isascii():
            raise TokenRejected("not a token")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise TokenRejected("not a token") from None
        if "crit" in header:  # no extension is understood here (RFC 7515 4.1.11)
            raise TokenRejected("the token asks for an extension")
        key = await self.keys.key(header.get("kid"))
        # The times are checked here, against the clock that was given.
        options: Options = {
            "require": _CLAIMS,
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        }
        try:
            claims = jwt.decode(
                token, key, algorithms=[key.algorithm_name], audience=AUDIENCE, options=options
            )
        except jwt.PyJWTError as error:
            raise TokenRejected(_REASONS.get(type(error), "the token is not valid")) from None
        return self._identity(claims)

    def _identity(self, claims: dict[str, Any]) -> Identity:
        now = self.now()
        expires_at = _seconds(claims, "exp")
        if expires_at <= now:
            raise TokenRejected("the token has expired")
        if _seconds(claims, "iat") > now + CLOCK_SKEW_S:
            raise TokenRejected("the token was issued in the future")
        if "nbf" in claims and _seconds(claims, "nbf") > now + CLOCK_SKEW_S:
            raise TokenRejected("the token does not hold yet")
        user = claims["sub"]
        if not isinstance(user, str) or USER.fault(user) is not None:
            raise TokenRejected("`sub` is not a user")
        try:
            roles = frozenset(Role(role) for role in _strings(claims, "roles"))
        except ValueError:
            raise TokenRejected("`roles` names an unknown role") from None
        if not roles:
            raise TokenRejected("`roles` names no role")
        events = frozenset(_strings(claims, "events")) if "events" in claims else None
        sign_in = claims.get("sid")
        if sign_in is not None and (not isinstance(sign_in, str) or USER.fault(sign_in)):
            raise TokenRejected("`sid` is not a sign-in")
        return Identity(user, roles, events, expires_at, sign_in=sign_in)


_REASONS: dict[type[Exception], str] = {
    jwt.InvalidSignatureError: "the signature does not hold",
    jwt.InvalidAlgorithmError: "the algorithm is not the key's",
    jwt.InvalidAudienceError: "the token is for another audience",
    jwt.MissingRequiredClaimError: "a claim is missing",
}


def load_or_create_secret(folder: Path) -> SecretKey:
    """Give the secret kept in `folder`, made on first use; its file is its owner's alone (0600).

    Created atomically: two processes that start together agree on one. Raises OSError,
    SecretRefused (the file was shortened).
    """
    path = folder / _FILE_NAME
    if not path.exists():
        draft = folder / f".{_FILE_NAME}.{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_hex(SECRET_BYTES_MIN).encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # then the other process's secret is the one
                os.link(draft, path)
        finally:
            draft.unlink()
    return SecretKey(path.read_bytes())


def _seconds(claims: dict[str, Any], name: str) -> float:
    """Give a NumericDate claim (RFC 7519 2)."""
    value = claims[name]
    if type(value) not in (int, float) or not 0 <= value <= 1e11:
        raise TokenRejected(f"`{name}` is not a time")
    return float(value)


def _strings(claims: dict[str, Any], name: str) -> list[str]:
    value = claims[name]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TokenRejected(f"`{name}` is not a list of strings")
    return value
