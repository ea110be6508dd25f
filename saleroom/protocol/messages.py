"""What a client may say: the frames that are not commands, and the names of those that are.

Owns: the typed form of every client frame and the wire names of commands. Invariant: a name here is
a name in PROTOCOL section 3. Source: PROTOCOL sections 2 and 3.
"""

from __future__ import annotations

import re

import attrs

from saleroom.auction import commands as c
from saleroom.auction.decide import DECIDES
from saleroom.auction.state import ONLINE


@attrs.frozen
class Resume:
    """Where a client left off."""

    epoch: str
    seq: int


@attrs.frozen
class Hello:
    """The first frame. token None: a spectator."""

    token: str | None = None
    resume: Resume | None = None
    feed: str = "conflated"


@attrs.frozen
class Ping:
    """A measurement of the way there and back; t0 is the client's own."""

    t0: float
    id: str | None = None


@attrs.frozen
class Refresh:
    """A new token before the old one expires."""

    token: str
    id: str | None = None


@attrs.frozen
class Ask:
    """A command with its id. digest: of its body, equal for equal bodies. source: see `Asked`."""

    id: str
    command: c.Command
    digest: str
    source: str = ONLINE


ClientFrame = Hello | Ping | Refresh | Ask


def wire_name(cls: type) -> str:
    """Give the wire name of a class: `PlaceBid` is `place_bid`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


COMMANDS: dict[str, type[c.Command]] = {wire_name(cls): cls for cls in DECIDES}
"""Every command by its wire name."""

BID_COMMANDS = (c.PlaceBid, c.SetMaxBid, c.Buy, c.FloorBid)
"""Those whose every answer carries lot, price, leader and min_next."""
