"""The values of settings, read from text: addresses, numbers, switches and secrets.

Owns: how one value is checked. Invariant: a reader gives a usable value or raises ValueError with
one line for the operator, which never quotes what may be a secret. Must not know: which variable
it is for, the environment, files. Source: ARCHITECTURE section 1.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from email.utils import formataddr, parseaddr
from pathlib import Path
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

SECRET_BYTES_MIN: Final = 32
COUNT_MAX: Final = 1_000_000
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
HOST_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.IGNORECASE)

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LogFormat = Literal["text", "json"]
LOG_LEVELS: Final[Mapping[str, LogLevel]] = {
    "debug": "DEBUG",
    "info": "INFO",
    "warning": "WARNING",
    "error": "ERROR",
}
LOG_FORMATS: Final[Mapping[str, LogFormat]] = {"text": "text", "json": "json"}
SWITCHES: Final[Mapping[str, bool]] = {"on": True, "off": False}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def redacted(url: str) -> str:
    """Give the address without its password and without the values of its query."""
    parts = urlsplit(url)
    credentials, at, hosts = parts.netloc.rpartition("@")
    user, colon, _ = credentials.partition(":")
    secret = "***" if colon else ""
    query = "?***" if parts.query else ""
    return f"{parts.scheme}://{user}{colon}{secret}{at}{hosts}{parts.path}{query}"


def shown(value: str) -> str:
    """Quote a value that is no secret, on one line and not too long."""
    return repr(value if len(value) <= 60 else f"{value[:57]}...")


def read_host(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if not HOST_NAME.fullmatch(value):
            raise ValueError(f"{shown(value)} is not an address") from None
    return value


def read_port(value: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", value) or int(value) > 65_535:
        raise ValueError(f"{shown(value)} is not a port")
    return int(value)


def _split(value: str, schemes: tuple[str, ...]) -> SplitResult:
    """Take an address apart without ever quoting it: it may hold a password.

    Raises ValueError for another scheme, a bad port, or an "@" past the host, which is what a
    password with an unescaped "/", "?" or "#" leaves behind.
    """
    scheme, separator, rest = value.partition("://")
    if not separator or scheme.lower() not in schemes:
        raise ValueError("the address has another scheme, or none")
    if not rest.isprintable() or " " in rest:
        raise ValueError("the address holds a space or a control character")
    try:
        parts = urlsplit(value)
        for host in parts.netloc.rpartition("@")[2].split(","):
            _ = urlsplit(f"//{host}").port
    except ValueError:
        raise ValueError("the address has a bad host or port") from None
    if "@" in parts.path + parts.query or parts.fragment:
        raise ValueError('a "/", "?", "#" or "@" in the user or password must be percent-encoded')
    return parts


def read_database_url(value: str) -> str:
    _split(value, ("postgres", "postgresql"))
    return value


def read_redis_url(value: str) -> str:
    parts = _split(value, ("redis", "rediss", "unix"))
    if parts.scheme == "unix" and not parts.path.startswith("/"):
        raise ValueError("the address names no socket")
    if parts.scheme != "unix" and not parts.hostname:
        raise ValueError("the address names no host")
    return value


def _web_address(value: str) -> SplitResult:
    """Take an http(s) address apart that others will be shown or sent to."""
    parts = _split(value, ("http", "https"))
    if "@" in parts.netloc:
        raise ValueError("the address holds a user or password")
    if not parts.hostname:
        raise ValueError("the address names no host")
    read_host(parts.hostname)
    return parts


def _origin(parts: SplitResult) -> str:
    """Write scheme, host and port as browsers do: lower case, the scheme's own port left out."""
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{bracketed}{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_media_url(value: str) -> str:
    parts = _split(value, ("file", "s3", "gs", "az"))
    if parts.scheme == "file" and (parts.netloc or not parts.path.startswith("/")):
        raise ValueError("the address names no folder")
    if parts.scheme != "file" and not parts.hostname:
        raise ValueError("the address names no bucket or container")
    return value


def read_jwks_url(value: str) -> str:
    parts = _web_address(value)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ValueError("keys fetched over plain http could be replaced on the way")
    return value


def read_origins(value: str) -> frozenset[str]:
    origins = set()
    for number, item in enumerate(value.split(","), start=1):
        try:
            parts = _web_address(item.strip())
        except ValueError as error:
            raise ValueError(f"origin {number}: {error}") from None
        if parts.path not in ("", "/") or parts.query:
            raise ValueError(f"origin {number}: the address has a path or a query")
        origins.add(_origin(parts))
    return frozenset(origins)


def read_networks(value: str) -> tuple[Network, ...]:
    networks = []
    for number, item in enumerate(value.split(","), start=1):
        try:
            networks.append(ipaddress.ip_network(item.strip()))
        except ValueError as error:
            raise ValueError(f"network {number}: {error}") from None
    return tuple(networks)


def read_switch(value: str) -> bool:
    if value.lower() not in SWITCHES:
        raise ValueError(f"{shown(value)} is neither on nor off")
    return SWITCHES[value.lower()]


def read_days(value: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,4}", value):
        raise ValueError(f"{shown(value)} is no number of days")
    return int(value)


def read_count(value: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,6}", value) or int(value) > COUNT_MAX:
        raise ValueError(f"{shown(value)} is no number from 1 to {COUNT_MAX}")
    return int(value)


def read_public_url(value: str) -> str:
    parts = _web_address(value)
    if parts.query:
        raise ValueError("the address has a query")
    return _origin(parts) + parts.path.rstrip("/")


def read_secret(value: str) -> bytes:
    secret = value.encode("utf-8", "surrogateescape")
    if len(secret) < SECRET_BYTES_MIN:
        raise ValueError(f"it has {len(secret)} bytes")
    return secret


def read_path(value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError(f"{shown(value)} names a home folder that is not known") from None


def read_log_level(value: str) -> LogLevel:
    if value.lower() not in LOG_LEVELS:
        raise ValueError(f"{shown(value)} is not a level")
    return LOG_LEVELS[value.lower()]


def read_log_format(value: str) -> LogFormat:
    if value.lower() not in LOG_FORMATS:
        raise ValueError(f"{shown(value)} is not a format")
    return LOG_FORMATS[value.lower()]


def read_smtp_url(value: str) -> str:
    parts = _split(value, ("smtp", "smtps"))
    if not parts.hostname:
        raise ValueError("the address names no host")
    if parts.path not in ("", "/") or parts.query:
        raise ValueError("the address has a path or a query")
    return value


def read_mail_from(value: str) -> str:
    name, address = parseaddr(value)
    if not re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,189}", address) or not value.isprintable():
        raise ValueError(f"{shown(value)} is no address with or without a name")
    return formataddr((name, address))


def read_phone(value: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{5,14}", value):
        raise ValueError(f"{shown(value)} is no number with its country")
    return value


def read_region(value: str) -> str:
    if not re.fullmatch("[A-Z]{2}", value):
        raise ValueError(f"{shown(value)} is no country of two letters")
    return value


def read_word(value: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]{1,200}", value):
        raise ValueError("it holds a space or a character that is not ASCII")
    return value


def read_api_base(value: str) -> str:
    parts = _web_address(value)
    if parts.path not in ("", "/") or parts.query:
        raise ValueError("the address has a path or a query")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ValueError("a key sent over plain http could be read on the way")
    return _origin(parts)


def read_vapid_key(value: str) -> str:
    if not re.fullmatch("[A-Za-z0-9_-]{43}=?", value):
        raise ValueError("it is no key of 32 bytes in base64url")
    return value.rstrip("=")
