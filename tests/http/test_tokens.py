"""Tokens: what is accepted, and everything that is not (PROTOCOL 6, RFC 8725)."""

from __future__ import annotations

import logging
import stat
from pathlib import Path
from typing import Any

import jwt
import pytest

from saleroom.auction.roles import Role
from saleroom.http.accounts.tokens import (
    SecretKey,
    SecretRefused,
    TokenIssuer,
    TokenVerifier,
    load_or_create_secret,
)
from saleroom.protocol.identity import Identity, TokenRejected

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = 1_700_000_000.0
KEY = SecretKey(SECRET)
ISSUER = TokenIssuer(KEY, lambda: NOW)
VERIFIER = TokenVerifier(KEY, lambda: NOW)
GOOD = {"sub": "ann", "roles": ["donor"], "iat": NOW, "exp": NOW + 60, "aud": "saleroom"}


def signed(changes: dict[str, Any], *, drop: str = "", secret: bytes = SECRET) -> str:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if name != drop}
    return jwt.encode(claims, secret, algorithm="HS256")


async def test_an_issued_token_gives_its_identity() -> None:
    token = ISSUER.issue("ann", {Role.DONOR, Role.CLERK}, 3600, events=["gala"])
    assert await VERIFIER.verify(token) == Identity(
        "ann", frozenset({Role.DONOR, Role.CLERK}), frozenset({"gala"}), NOW + 3600
    )


@pytest.mark.parametrize(
    ("events", "on_gala", "elsewhere"),
    [
        (None, "donor clerk operator", "donor clerk operator"),
        (["gala"], "donor clerk operator", "donor"),
        ([], "donor", "donor"),
    ],
)
async def test_events_narrow_staff_roles(
    events: list[str] | None, on_gala: str, elsewhere: str
) -> None:
    roles = [Role.DONOR, Role.CLERK, Role.OPERATOR]
    identity = await VERIFIER.verify(ISSUER.issue("ann", roles, 60, events=events))
    assert identity.roles_on("gala") == frozenset(map(Role, on_gala.split()))
    assert identity.roles_on("other") == frozenset(map(Role, elsewhere.split()))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"roles": ["donor", "clerk", "auctioneer", "admin", "operator"]},
        {"nbf": NOW},
        {"iat": NOW + 4},
        {"aud": ["saleroom", "other"]},
        {"exp": NOW + 0.5},
        {"jti": "x", "extra": 1},
    ],
)
async def test_accepted(changes: dict[str, Any]) -> None:
    assert (await VERIFIER.verify(signed(changes))).user == "ann"


@pytest.mark.parametrize(
    "token",
    [
        *(pytest.param(signed({}, drop=name), id=f"no {name}") for name in GOOD),
        pytest.param(signed({"exp": NOW}), id="expired"),
        pytest.param(signed({"exp": "1800000000"}), id="exp text"),
        pytest.param(signed({"exp": True}), id="exp bool"),
        pytest.param(signed({"exp": 1e300}), id="exp huge"),
        pytest.param(signed({"exp": None}), id="exp null"),
        pytest.param(signed({"iat": NOW + 60}), id="from the future"),
        pytest.param(signed({"iat": "now"}), id="iat text"),
        pytest.param(signed({"nbf": NOW + 60}), id="not yet"),
        pytest.param(signed({"nbf": None}), id="nbf null"),
        pytest.param(signed({"aud": "other"}), id="other audience"),
        pytest.param(signed({"aud": 7}), id="aud number"),
        pytest.param(signed({"sub": 7}), id="sub number"),
        pytest.param(signed({"sub": ""}), id="sub empty"),
        pytest.param(signed({"sub": "x" * 256}), id="sub long"),
        pytest.param(signed({"sub": "ann\0"}), id="sub NUL"),
        pytest.param(signed({"sub": "ann\ud800"}), id="sub not Unicode"),
        pytest.param(signed({"sid": "x\0"}), id="sid NUL"),
        pytest.param(signed({"sid": 7}), id="sid number"),
        pytest.param(signed({"roles": []}), id="no roles"),
        pytest.param(signed({"roles": ["king"]}), id="unknown role"),
        pytest.param(signed({"roles": ["donor", 1]}), id="role number"),
        pytest.param(signed({"roles": "donor"}), id="roles text"),
        pytest.param(signed({"events": "gala"}), id="events text"),
        pytest.param(signed({"events": None}), id="events null"),
        pytest.param(signed({}, secret=SECRET[::-1]), id="other secret"),
        pytest.param(signed({})[:-4] + "AAAA", id="bad signature"),
        pytest.param(jwt.encode(GOOD, "", algorithm="none"), id="alg none"),
        pytest.param(jwt.encode(GOOD, SECRET * 2, algorithm="HS512"), id="HS512"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="noise"),
        pytest.param("ünïcode", id="not ASCII"),
        pytest.param("x" * 10_000, id="too long"),
        pytest.param("\ud800", id="not Unicode"),
        pytest.param("a.b\0.c", id="NUL"),
    ],
)
async def test_rejected_without_a_word_of_the_token(
    token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(TokenRejected) as rejected:
        await VERIFIER.verify(token)
    told = str(rejected.value) + caplog.text
    for part in token.split("."):
        assert len(part) < 4 or part not in told
    assert rejected.value.__cause__ is None


def test_a_short_secret_is_refused_in_one_line() -> None:
    with pytest.raises(SecretRefused) as refused:
        SecretKey(b"swordfish" * 3)
    assert str(refused.value) == "the secret has 27 bytes, and needs at least 32"


def test_secrets_are_not_shown() -> None:
    assert "0123456789" not in repr(KEY) + repr(ISSUER) + repr(VERIFIER)


def test_the_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = load_or_create_secret(tmp_path)
    assert load_or_create_secret(tmp_path) == first
    assert len(first.secret) >= 32
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_two_folders_have_two_secrets(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert load_or_create_secret(tmp_path / "a") != load_or_create_secret(tmp_path / "b")


def test_of_two_processes_the_first_gives_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_or_create_secret(tmp_path)
    monkeypatch.setattr(Path, "exists", lambda self: False)  # as the second saw it, just before
    assert load_or_create_secret(tmp_path) == first
    assert len(list(tmp_path.iterdir())) == 1


def test_a_shortened_secret_file_is_refused(tmp_path: Path) -> None:
    load_or_create_secret(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"short")
    with pytest.raises(SecretRefused):
        load_or_create_secret(tmp_path)
