"""What an operator may set, and how a mistake is told.

Owns: cases of every variable of `saleroom.config`. Invariant: no error and no repr shows a secret,
and each error is one line naming its variable. Source: PROTOCOL sections 1 and 6, ARCHITECTURE I6.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saleroom.config import (
    BadSetting,
    Limits,
    Settings,
    read_settings,
    redacted,
    settings_help,
)

SECRET = "correct-horse-battery-staple-0123456789"
VARIABLES = [
    f"SALEROOM_{field.name.upper()}" for field in attrs.fields(Settings) if field.name != "limits"
]


def refusal(**variables: str) -> str:
    with pytest.raises(BadSetting) as caught:
        read_settings({f"SALEROOM_{name}": value for name, value in variables.items()})
    return str(caught.value)


def plain(settings: Settings) -> dict[str, object]:
    return attrs.asdict(settings, recurse=False)


def test_nothing_set_gives_the_defaults() -> None:
    settings = read_settings({"PATH": "/bin", "HOME": "/root"})
    assert settings == Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.data_dir is None
    assert settings.secret is None
    assert settings.allowed_origins == frozenset()
    assert (settings.log_level, settings.log_format) == ("INFO", "text")


@pytest.mark.parametrize(
    ("name", "value", "field", "read"),
    [
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),  # noqa: S104 - only parsed here
        ("HOST", "::1", "host", "::1"),
        ("HOST", " localhost ", "host", "localhost"),
        ("PORT", "0", "port", 0),
        ("PORT", "65535", "port", 65_535),
        ("DATABASE_URL", "postgres://db/sale", "database_url", "postgres://db/sale"),
        ("DATABASE_URL", "postgresql:///sale", "database_url", "postgresql:///sale"),
        ("DATABASE_URL", "postgres://a:1,b:2/s", "database_url", "postgres://a:1,b:2/s"),
        ("REDIS_URL", "redis://cache:6379/0", "redis_url", "redis://cache:6379/0"),
        ("REDIS_URL", "rediss://cache", "redis_url", "rediss://cache"),
        ("REDIS_URL", "unix:///run/redis.sock", "redis_url", "unix:///run/redis.sock"),
        ("MEDIA_URL", "file:///srv/media", "media_url", "file:///srv/media"),
        ("MEDIA_URL", "s3://bucket/sale", "media_url", "s3://bucket/sale"),
        ("MEDIA_URL", "az://container", "media_url", "az://container"),
        ("DATA_DIR", "/srv/sale", "data_dir", Path("/srv/sale")),
        ("DATA_DIR", "~/sale", "data_dir", Path.home() / "sale"),
        ("SECRET", "é" * 16, "secret", "é".encode() * 16),
        ("JWKS_URL", "https://id.example/keys", "jwks_url", "https://id.example/keys"),
        ("JWKS_URL", "http://127.0.0.1:9/keys", "jwks_url", "http://127.0.0.1:9/keys"),
        ("JWKS_URL", "http://localhost/keys", "jwks_url", "http://localhost/keys"),
        ("JWKS_URL", "http://[::1]/keys", "jwks_url", "http://[::1]/keys"),
        ("PUBLIC_URL", "HTTPS://Gala.Example:443/", "public_url", "https://gala.example"),
        ("PUBLIC_URL", "http://gala.example/sale/", "public_url", "http://gala.example/sale"),
        ("LOG_LEVEL", "Warning", "log_level", "WARNING"),
        ("LOG_FORMAT", "json", "log_format", "json"),
        ("ACCESS_LOG", "On", "access_log", True),
        ("ACCESS_LOG", "off", "access_log", False),
        ("ADDRESS_CONNECTIONS", "50", "address_connections", 50),
        ("ADDRESS_REQUESTS", "1000000", "address_requests", 1_000_000),
        ("ADDRESS_SIGN_INS", "1", "address_sign_ins", 1),
        ("RETENTION_CONTACTS_DAYS", "365", "retention_contacts_days", 365),
        ("RETENTION_SIGN_INS_DAYS", "7", "retention_sign_ins_days", 7),
        ("RETENTION_AUDIT_DAYS", "3650", "retention_audit_days", 3650),
        (
            "TRUSTED_PROXIES",
            "10.0.0.0/8, ::1",
            "trusted_proxies",
            (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128")),
        ),
    ],
)
def test_a_good_value_is_read(name: str, value: str, field: str, read: object) -> None:
    settings = read_settings({f"SALEROOM_{name}": value})
    assert plain(settings) == plain(Settings()) | {field: read}


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("HOST", "127.0.0.1:80", "'127.0.0.1:80' is not an address"),
        ("HOST", "http://gala", "'http://gala' is not an address"),
        ("HOST", "a b", "'a b' is not an address"),
        ("PORT", "65536", "'65536' is not a port"),
        ("PORT", "-1", "'-1' is not a port"),
        ("PORT", "80 80", "'80 80' is not a port"),
        ("PORT", "٨٠", "'٨٠' is not a port"),
        ("DATABASE_URL", "mysql://db/sale", "the address has another scheme, or none"),
        ("DATABASE_URL", "db/sale", "the address has another scheme, or none"),
        ("DATABASE_URL", "postgres://db:port/sale", "the address has a bad host or port"),
        ("DATABASE_URL", "postgres://[::1/sale", "the address has a bad host or port"),
        ("DATABASE_URL", "postgres://d b/sale", "the address holds a space or a control"),
        ("REDIS_URL", "http://cache", "the address has another scheme, or none"),
        ("REDIS_URL", "redis://:6379", "the address names no host"),
        ("REDIS_URL", "unix://", "the address names no socket"),
        ("MEDIA_URL", "ftp://files/sale", "the address has another scheme, or none"),
        ("MEDIA_URL", "file://host/sale", "the address names no folder"),
        ("MEDIA_URL", "file://", "the address names no folder"),
        ("MEDIA_URL", "s3://", "the address names no bucket"),
        ("SECRET", "x" * 31, "it has 31 bytes"),
        ("JWKS_URL", "http://id.example/keys", "keys fetched over plain http"),
        ("JWKS_URL", "http://127.0.0.1.example/keys", "keys fetched over plain http"),
        ("JWKS_URL", "https://", "the address names no host"),
        ("ALLOWED_ORIGINS", "*", "origin 1: the address has another scheme, or none"),
        ("ALLOWED_ORIGINS", "https://a,null", "origin 2: the address has another scheme, or none"),
        ("ALLOWED_ORIGINS", "https://a/b", "origin 1: the address has a path or a query"),
        ("ALLOWED_ORIGINS", "https://u@a", "origin 1: the address holds a user or password"),
        ("ALLOWED_ORIGINS", "https://*.a", "origin 1: '*.a' is not an address"),
        ("ALLOWED_ORIGINS", "https://a,", "origin 2: the address has another scheme, or none"),
        ("PUBLIC_URL", "gala.example", "the address has another scheme, or none"),
        ("PUBLIC_URL", "https://gala.example/?a=b", "the address has a query"),
        ("ACCESS_LOG", "yes", "'yes' is neither on nor off"),
        ("ADDRESS_REQUESTS", "0", "'0' is no number from 1 to 1000000"),
        ("ADDRESS_SIGN_INS", "1000001", "'1000001' is no number from 1 to 1000000"),
        ("RETENTION_AUDIT_DAYS", "0", "'0' is no number of days"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,10.0.0.1/8", "network 2: 10.0.0.1/8 has host bits set"),
        ("TRUSTED_PROXIES", "proxy", "network 1: 'proxy' does not appear to be an IPv4 or IPv6"),
        ("LOG_LEVEL", "loud", "'loud' is not a level"),
        ("LOG_FORMAT", "xml", "'xml' is not a format"),
    ],
)
def test_a_bad_value_is_told_in_one_line(name: str, value: str, wrong: str) -> None:
    told = refusal(**{name: value})
    assert told.startswith(f"SALEROOM_{name}: {wrong}")
    assert "; expected " in told
    assert len(told.splitlines()) == 1


def test_origins_are_written_as_browsers_write_them() -> None:
    settings = read_settings(
        {
            "SALEROOM_ALLOWED_ORIGINS": "HTTPS://Gala.Example:443, http://gala.example:80/, "
            "https://gala.example:8443,http://[::1]:3000"
        }
    )
    assert settings.allowed_origins == {
        "https://gala.example",
        "http://gala.example",
        "https://gala.example:8443",
        "http://[::1]:3000",
    }


@pytest.mark.parametrize("name", VARIABLES)
def test_an_empty_variable_counts_as_not_set(name: str) -> None:
    assert read_settings({name: " "}) == Settings()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("SALEROOM_PROT", "SALEROOM_PORT"),
        ("SALEROOM_DATABASE", "SALEROOM_DATABASE_URL"),
        ("SALEROOM_ORIGINS", "SALEROOM_ALLOWED_ORIGINS"),
        ("SALEROOM_LIMITS", "SALEROOM_"),
    ],
)
def test_an_unknown_variable_names_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(BadSetting, match=f"^{name}: no such setting; .* {nearest}"):
        read_settings({name: "1"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://ann:hunter2@db/sale"),
        ("DATABASE_URL", "postgres://ann:hunter2/x@db/sale"),
        ("DATABASE_URL", "postgres://ann:99hunter2#x@db/sale"),
        ("DATABASE_URL", "postgres://ann:9/hunter2@db/sale"),
        ("DATABASE_URL", "postgres://ann:9?hunter2@db/sale"),
        ("REDIS_URL", "redis://:hunter2@cache:port"),
        ("SECRET", "hunter2"),
        ("JWKS_URL", "https://ann:hunter2@id.example"),
        ("ALLOWED_ORIGINS", "https://ann:hunter2@gala.example"),
        ("PUBLIC_URL", "https://ann:hunter2@gala.example"),
    ],
)
def test_an_error_never_quotes_a_secret(name: str, value: str) -> None:
    assert "hunter2" not in refusal(**{name: value})


def test_the_repr_shows_no_secret() -> None:
    shown = repr(
        read_settings(
            {
                "SALEROOM_DATABASE_URL": "postgresql://ann:hunter2@db/sale?password=hunter3",
                "SALEROOM_REDIS_URL": "redis://:hunter4@cache/0",
                "SALEROOM_JWKS_URL": "https://id.example/keys?key=hunter5",
                "SALEROOM_SECRET": SECRET,
            }
        )
    )
    assert "hunter" not in shown
    assert SECRET not in shown
    assert "postgresql://ann:***@db/sale?***" in shown
    assert "redis://:***@cache/0" in shown


def test_redacting_leaves_an_address_without_secrets_as_it_is() -> None:
    for url in ("redis://cache:6379/0", "unix:///run/redis.sock", "postgresql://ann@db/sale"):
        assert redacted(url) == url


PASSWORDS = st.text(st.characters(codec="utf-8"), min_size=6).map(lambda text: f"<{text}>")


@given(password=PASSWORDS)
def test_no_password_leaks_whatever_it_holds(password: str) -> None:
    try:
        told = repr(read_settings({"SALEROOM_DATABASE_URL": f"postgres://ann:{password}@db/s"}))
    except BadSetting as error:
        told = str(error)
        assert len(told.splitlines()) == 1
    assert password not in told


@given(name=st.text().map(lambda text: f"SALEROOM_X{text}"))
def test_an_unknown_name_is_told_in_one_line(name: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read_settings({name: "1"})
    assert len(str(caught.value).splitlines()) == 1


def test_settings_and_limits_are_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Limits().drain_s = 1.0  # type: ignore[misc]


def test_every_limit_is_positive_and_within_what_it_is_part_of() -> None:
    limits = Limits()
    assert all(value > 0 for value in attrs.astuple(limits))
    assert limits.mailbox_user_share < limits.mailbox_commands_max
    assert limits.mailbox_staff_reserve < limits.mailbox_commands_max
    assert Settings().address_connections <= limits.connections_max
    assert limits.resume_bytes_max < limits.outbox_bytes_max
    assert limits.commit_timeout_s <= limits.command_wait_s
    assert limits.snapshot_chunk_facts <= limits.snapshot_every_facts


def test_the_help_has_one_row_for_each_variable() -> None:
    rows = settings_help().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == VARIABLES
    assert all(row.count("|") == 4 for row in rows)
