"""The world outside: our address there, whose pages may call us, which proxies we trust.

Owns: what a request's own headers may say of where it came from. Invariant: a header that anybody
can write is believed only when a trusted proxy wrote it; the address that is given is that of the
nearest hop which no trusted proxy vouches for. Knows nothing of routes or users.
Source: RFC 6454 (origins), `X-Forwarded-For` as nginx's realip reads it, PROTOCOL 1.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

import attrs

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DEFAULT_PORTS = {"http": 80, "https": 443}
HOPS_MAX = 32
"""Of one request; who adds more than this is not believed beyond."""


def _lowered(origins: Iterable[str]) -> frozenset[str]:
    return frozenset(origin.lower() for origin in origins)


@attrs.frozen
class Outside:
    """public_url: the address that people use, None where requests tell. proxies: those trusted.

    allowed_origins: other sites whose pages may call us, in lower case.
    """

    public_url: str | None = None
    allowed_origins: frozenset[str] = attrs.field(default=frozenset(), converter=_lowered)
    proxies: tuple[Network, ...] = ()

    @property
    def is_https(self) -> bool:
        """Whether people reach us by https alone."""
        return self.public_url is not None and self.public_url.startswith("https://")

    def trusts(self, address: str) -> bool:
        """Say whether the peer at an address is one of our proxies."""
        if not self.proxies:
            return False
        try:
            parsed = _parsed(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.proxies)

    def client_address(self, peer: str, forwarded_for: Iterable[str]) -> str:
        """Give the address to hold to account: the peer's, or what our proxies say of theirs."""
        if not self.trusts(peer):
            return peer
        hops = [hop.strip() for value in forwarded_for for hop in value.split(",")]
        nearest = peer
        for hop in reversed(hops[-HOPS_MAX:]):
            try:
                nearest = str(_parsed(_without_port(hop)))
            except ValueError:
                return nearest
            if not self.trusts(nearest):
                return nearest
        return nearest

    def client_scheme(self, peer: str, scheme: str, forwarded_proto: Iterable[str]) -> str:
        """Give the scheme that the client used, as the nearest trusted proxy says."""
        if not self.trusts(peer):
            return scheme
        said = [word.strip().lower() for value in forwarded_proto for word in value.split(",")]
        return said[-1] if said and said[-1] in DEFAULT_PORTS else scheme

    def is_allowed(self, origin: str) -> bool:
        """Say whether pages of this origin, which is not ours, may call with credentials."""
        return origin.lower() in self.allowed_origins

    def is_ours(self, origin: str, hosts: Iterable[str]) -> bool:
        """Say whether an origin is this server itself, as the request names it or we know it.

        The scheme is not held against it: TLS may end at a proxy that does not say so.
        """
        given = _authority(origin.lower())
        if given is None:
            return False
        scheme = origin.partition("://")[0].lower()
        known = {_authority(f"{scheme}://{host.lower()}") for host in hosts}
        if self.public_url is not None:
            parts = urlsplit(self.public_url)
            known.add(_authority(f"{parts.scheme}://{parts.netloc}"))
        return given in known


NOWHERE = Outside()
"""Nothing is known: no proxy is trusted, and no other site."""


def _authority(origin: str) -> tuple[str, int] | None:
    """Give host and port of `scheme://host[:port]`; None for anything else."""
    try:
        parts = urlsplit(origin)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.hostname is None or port is None or "@" in parts.netloc:
        return None
    if parts.path or parts.query or parts.fragment:
        return None
    return parts.hostname, port


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Read an address; an IPv4 one in IPv6 clothes is the IPv4 one. Raises ValueError."""
    parsed = ipaddress.ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return parsed if mapped is None else mapped


def _without_port(hop: str) -> str:
    """Take the port from `1.2.3.4:5`, `[::1]:5` and `[::1]`."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
