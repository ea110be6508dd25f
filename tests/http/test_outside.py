"""What is believed of where a request came from: proxies, origins, hosts."""

from __future__ import annotations

import ipaddress

import pytest

from saleroom.http.door.outside import HOPS_MAX, NOWHERE, Outside

PROXIED = Outside(
    public_url="https://gala.example/sale",
    allowed_origins=frozenset({"https://Partner.example"}),
    proxies=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")),
)


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        # who is no proxy of ours is taken by their own address, whatever they write
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("unix", ["198.51.100.1"], "unix"),
        # the nearest hop that no proxy of ours vouches for
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.7, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.7", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.7, 198.51.100.1, 10.2.3.4"], "198.51.100.1"),
        ("10.0.0.1", ["10.9.9.9, 10.2.3.4"], "10.9.9.9"),
        ("fd00::1", ["2001:db8::5"], "2001:db8::5"),
        # as proxies write it
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:db8::5]:4711"], "2001:db8::5"),
        ("10.0.0.1", ["[2001:db8::5]"], "2001:db8::5"),
        ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        # what is no address ends the way there
        ("10.0.0.1", ["198.51.100.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, unknown, 10.2.3.4"], "10.2.3.4"),
        ("10.0.0.1", [""], "10.0.0.1"),
    ],
)
def test_the_address_held_to_account(peer: str, forwarded_for: list[str], address: str) -> None:
    assert PROXIED.client_address(peer, forwarded_for) == address


def test_so_many_hops_are_read_and_no_more() -> None:
    hops = ", ".join(["198.51.100.1", *["10.0.0.2"] * HOPS_MAX])
    assert PROXIED.client_address("10.0.0.1", [hops]) == "10.0.0.2"


def test_nobody_is_trusted_unless_told() -> None:
    assert NOWHERE.client_address("127.0.0.1", ["198.51.100.1"]) == "127.0.0.1"


@pytest.mark.parametrize(
    ("peer", "said", "scheme"),
    [
        ("203.0.113.9", ["https"], "http"),
        ("10.0.0.1", ["https"], "https"),
        ("10.0.0.1", ["http, HTTPS"], "https"),
        ("10.0.0.1", ["https, javascript"], "http"),
        ("10.0.0.1", [], "http"),
    ],
)
def test_the_scheme_that_the_client_used(peer: str, said: list[str], scheme: str) -> None:
    assert PROXIED.client_scheme(peer, "http", said) == scheme


@pytest.mark.parametrize(
    ("origin", "host", "is_ours"),
    [
        ("https://gala.example", "inner:8080", True),  # as people reach us
        ("http://inner:8080", "inner:8080", True),  # as this request did
        ("https://INNER:8080", "Inner:8080", True),
        ("http://inner", "inner:80", True),
        ("http://inner:8081", "inner:8080", False),
        ("http://gala.example.evil.example", "inner:8080", False),
        ("null", "inner:8080", False),
        ("", "inner:8080", False),
        ("http://inner:8080/path", "inner:8080", False),
        ("http://ann@inner:8080", "inner:8080", False),
        ("http://@inner:8080", "inner:8080", False),
    ],
)
def test_which_origins_are_ours(origin: str, host: str, is_ours: bool) -> None:
    assert PROXIED.is_ours(origin, [host]) is is_ours


def test_listed_origins_are_compared_without_case() -> None:
    assert PROXIED.is_allowed("https://partner.EXAMPLE")
    assert not PROXIED.is_allowed("https://partner.example:8443")


def test_https_is_what_the_public_address_says() -> None:
    assert PROXIED.is_https
    assert not Outside("http://gala.example").is_https
    assert not NOWHERE.is_https
