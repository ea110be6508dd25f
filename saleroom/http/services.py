"""What the HTTP API is given by the composition root.

Owns: the handles to the parts that requests reach, and the bounds of a request. Invariant: nothing
here is made or ended by the API. Must not know: who fills it, or what a route does with it.
Source: ARCHITECTURE 1 and 3 (I6), PROTOCOL 7.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import attrs

from saleroom.actors.clock import Clock
from saleroom.actors.registry import Registry
from saleroom.actors.session import Verify
from saleroom.http.accounts.accounts import AccountDesk
from saleroom.http.accounts.cookies import Cookies
from saleroom.http.desk.join_codes import CodeMaker
from saleroom.http.door.outside import NOWHERE, Outside
from saleroom.http.requests.keep import Freshness
from saleroom.http.requests.rates import Rates
from saleroom.http.requests.request_tally import RequestTally
from saleroom.messages.office import MessageOffice
from saleroom.payments.cards import Cards
from saleroom.payments.till import Till
from saleroom.protocol.session import SessionLimits
from saleroom.storage.media_ports import Objects
from saleroom.storage.ports import Stores
from saleroom.supervisor import Node
from saleroom.workers.crew import Workers


@attrs.frozen
class ApiLimits:
    """The bounds of a request; each names its unit and its reason."""

    body_bytes_max: int = 64 * 1024  # a lot with its longest description, many times over
    body_s: float = 30.0  # as between two pieces of a body at the door
    answer_s: float = 5.5  # the mailbox answers within 5 s; the rest is for the way back
    page_default: int = 50
    page_max: int = 200
    journal_page_max: int = 1_000  # about 300 KiB of facts
    address_requests: int = 500  # a second: a ballroom behind one address loads a page all at once
    replicas_max: int = 8  # events of which a copy is kept for results and journals
    commands: SessionLimits = attrs.field(factory=SessionLimits)  # as on a websocket


@attrs.frozen(eq=False)
class Services:
    """The parts behind the API.

    restart_child: raises UnknownChild, ChildNotStarted, SupervisorDown. drain: asks for an orderly
    stop and returns at once. readiness: component -> "ok", "degraded: why" or "away: why".
    workers: for what would hold the loop, such as pictures and spreadsheets. objects: where
    pictures are kept.
    """

    registry: Registry
    stores: Stores
    verify: Verify
    clock: Clock
    tree: Callable[[], Node]
    restart_child: Callable[[str], Awaitable[None]]
    drain: Callable[[], Awaitable[None]]
    readiness: Callable[[], Mapping[str, str]]
    workers: Workers
    objects: Objects
    accounts: AccountDesk
    cookies: Cookies
    codes: CodeMaker
    till: Till
    cards: Cards
    messages: MessageOffice
    limits: ApiLimits = attrs.field(factory=ApiLimits)
    outside: Outside = NOWHERE
    requests: RequestTally = attrs.field(factory=RequestTally)
    rates: Rates = attrs.field(factory=Rates)
    is_logging_access: bool = False
    freshness: Freshness = attrs.field(init=False)

    @freshness.default
    def _default_freshness(self) -> Freshness:
        return Freshness(self.stores.hot, self.registry.site)
