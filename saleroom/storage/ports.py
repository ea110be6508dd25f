"""The interfaces behind which stores stand, and the errors that cross them.

Owns: the shapes that actors hand to a store and get back. Invariant: every store raises only the
errors named here, so that the one border that handles them can be complete. Knows nothing of
PostgreSQL, Redis or asyncio. Source: ARCHITECTURE sections 2, 3 (I2-I7) and 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import attrs

from saleroom.storage.accounts_ports import Accounts, SignIns
from saleroom.storage.audit_ports import Audit
from saleroom.storage.billing_ports import Billing
from saleroom.storage.desk_ports import Desk
from saleroom.storage.import_ports import Imports
from saleroom.storage.index_ports import CatalogueIndex, DonorRow
from saleroom.storage.join_ports import JoinCodes
from saleroom.storage.media_ports import MediaLedger
from saleroom.storage.message_ports import Outbox, Recipients
from saleroom.storage.privacy_ports import Privacy
from saleroom.storage.receipt_ports import ReceiptLog
from saleroom.storage.watch_ports import Watching
from saleroom.storage.wish_ports import WishLists


class StoreError(Exception):
    """An operating error at the border of a store."""


class StoreUnavailable(StoreError):
    """The store did not do what was asked, and certainly left no trace. May be tried again."""


class OutcomeUnknown(StoreError):
    """The store may or may not have committed: the connection ended, or the wait was cut short."""


class Fenced(StoreError):
    """The term was raised by another owner (or the position taken): this incarnation must end."""


class NotFound(StoreError):
    """No such event, lot or registration."""


class Conflict(StoreError):
    """The row exists already, or its `version` is not the one the writer read."""


class Full(StoreError):
    """There are as many of these as there may be."""


@attrs.frozen
class Record:
    """One fact as the journal keeps it.

    position: 1, 2, 3, ... without a gap, per event. seq: 1, 2, 3, ... of the public facts alone.
    body: canonical JSON, UTF-8. head: 32 bytes, BLAKE2b-256 of the previous head and this body.
    """

    position: int
    seq: int | None
    body: bytes
    head: bytes


@attrs.frozen
class OutboxRow:
    """One message owed to the outside world, written together with the fact that owes it."""

    position: int
    topic: str
    payload: Mapping[str, Any]


@attrs.frozen
class Registration:
    """A paddle's holder as tables keep it; the only place with a name, a phone or an address."""

    paddle: int
    user: str | None
    name: str
    email: str | None = None
    phone: str | None = None
    table: str | None = None


@attrs.frozen
class Batch:
    """What one group commit writes, all or nothing.

    renumbered: (old, new) of the holders kept so far whose paddle changes, each named once; all
    move at the same moment, before registrations are upserted by (event, paddle). A number without
    a row moves nothing.
    """

    records: Sequence[Record]
    outbox: Sequence[OutboxRow] = ()
    registrations: Sequence[Registration] = ()
    renumbered: Sequence[tuple[int, int]] = ()


@attrs.frozen
class Ownership:
    """What a new incarnation learns when it raises the term.

    term: the number every append must carry. epoch: the journal's identity, a hex string.
    alive_at_ms: the last sign of life of any owner, None if there was none.
    """

    term: int
    epoch: str
    alive_at_ms: int | None


@attrs.frozen
class Snapshot:
    """A published state at `position`, whose journal head was `head`.

    body: current values. chunks: what never changes again, oldest first, each written once.
    """

    position: int
    head: bytes
    body: bytes
    chunks: Sequence[bytes]


@attrs.frozen
class EventRow:
    """An event in the catalogue.

    settings: JSON object (ladder, soft_close, starts_at, ...). details: JSON object of what only
    people read (description, venue, ...).
    """

    id: str
    title: str
    currency: str
    status: str  # draft | published | open | paused | closed
    public: bool
    settings: Mapping[str, Any]
    created_at_ms: int
    version: int = 1
    details: Mapping[str, Any] = attrs.Factory(dict)


@attrs.frozen
class LotRow:
    """A lot in the catalogue: what the rules need (`definition`) and what only people read.

    category: a name; donor: an id, of the same event. place: in the running order, None for a lot
    that nobody has placed, which comes after those that have one, by number.
    """

    lot: int
    definition: Mapping[str, Any]
    details: Mapping[str, Any]
    version: int = 1
    category: str | None = None
    donor: int | None = None
    place: int | None = None


def require_consecutive(records: Sequence[Record], first: int) -> None:
    """Refuse, as a bug of the caller, records whose positions do not run first, first + 1, ..."""
    for expected, record in enumerate(records, first):
        if record.position != expected:
            raise ValueError(f"position {record.position} stands where {expected} belongs")


def require_chunks(kept: int, first: int) -> None:
    """Refuse, as a bug of the caller, new chunks that would leave a hole before them."""
    if kept < first:
        raise ValueError(f"chunks from {first} on do not follow {kept} kept ones")


class Journal(Protocol):
    """The append-only record of a deployment's events.

    Every call may raise StoreUnavailable, and every call that writes, here and in the other
    stores, OutcomeUnknown.
    """

    async def create(self, event: str, epoch: str, records: Sequence[Record]) -> None:
        """Start an event's journal with its first records, at term 0. Raises Conflict."""

    async def take_term(self, event: str) -> Ownership:
        """Raise the term by one, committed before anything is read. Raises NotFound."""

    async def append(self, event: str, term: int, batch: Batch) -> None:
        """Commit a batch of one or more records at the journal's end.

        Takes FOR SHARE on the term's row in its transaction. Raises Fenced when the term is not
        the current one or the first position is not the next, OutcomeUnknown when nobody can say,
        StoreUnavailable when certainly nothing was written. Cancelled: unknown to the caller.
        """

    async def read(self, event: str, after: int, limit: int) -> list[Record]:
        """Give up to `limit` records with position > `after`, in order."""

    async def sign(self, event: str, term: int, at_ms: int) -> None:
        """Record that the owner lives at `at_ms` (the event clock). A stale term writes nothing."""

    async def events(self) -> list[str]:
        """Name every event that has a journal, oldest first."""


class Snapshots(Protocol):
    async def chunk_count(self, event: str) -> int:
        """Say how many chunks are kept."""

    async def save(
        self,
        event: str,
        position: int,
        head: bytes,
        body: bytes,
        new_chunks: Sequence[bytes],
        first_chunk: int,
    ) -> bool:
        """Keep a snapshot, in one transaction, and say whether it was kept. Two bodies stay.

        `new_chunks` follow the `first_chunk` chunks that came before. Chunks from there on are a
        stale owner's: they are replaced, and bodies that lean on them go. A snapshot at or below
        the newest kept position writes nothing. ValueError when there are not `first_chunk` chunks.
        """

    async def newest(self, event: str) -> Snapshot | None:
        """Give the newest snapshot with exactly the chunks that it was saved with, or None."""


class Catalogue(Protocol):
    """Events, lots and people, as pages and search read them."""

    async def add_event(self, row: EventRow) -> None:
        """Raises Conflict."""

    async def put_event(self, row: EventRow) -> EventRow:
        """Replace an event whose stored version is `row.version`; the result's is one higher.

        The status and the time of creation stay as they are stored. Raises NotFound, Conflict.
        """

    async def set_status(self, event: str, status: str) -> None:
        """Mirror a status that the journal decided; the version stays. Unknown event: no effect."""

    async def event(self, event: str) -> EventRow:
        """Raises NotFound."""

    async def list_events(self, after: str | None, limit: int) -> list[EventRow]:
        """Give events by descending (created_at_ms, id), those past the event `after`."""

    async def add_lot(self, event: str, row: LotRow) -> None:
        """Raises NotFound (event, donor), Conflict (number taken), Full (see `put_lot`)."""

    async def put_lot(self, event: str, row: LotRow) -> LotRow:
        """Replace a lot whose stored version is `row.version`; its place stays.

        A category that its event lacks is made. Raises NotFound, Conflict, Full (CATEGORIES_MAX).
        """

    async def remove_lot(self, event: str, lot: int) -> None:
        """Raises NotFound."""

    async def lots(self, event: str) -> list[LotRow]:
        """Give all lots by number."""

    async def lot(self, event: str, lot: int) -> LotRow:
        """Raises NotFound."""

    async def order_lots(self, event: str, lots: Sequence[int]) -> None:
        """Place lots in this order. Raises Conflict unless they are all that there are."""

    async def add_copy(
        self,
        row: EventRow,
        lots: Sequence[LotRow],
        categories: Sequence[str],
        donors: Sequence[DonorRow],
    ) -> None:
        """Add an event with all that belongs to it, or nothing; donors get new ids.

        Raises Conflict.
        """

    async def put_registration(self, event: str, row: Registration) -> None:
        """Insert or replace the holder of a paddle (an event not yet published)."""

    async def registrations(self, event: str, after: int, limit: int) -> list[Registration]:
        """Give registrations with paddle > `after`, by paddle."""


class HotStore(Protocol):
    """The public view of each event, for reads; may vanish at any moment and is refilled."""

    async def write(self, event: str, values: Mapping[str, bytes]) -> None:
        """Set fields of the event's view. Raises StoreUnavailable."""

    async def read(self, event: str, fields: Sequence[str] | None = None) -> dict[str, bytes]:
        """Give the asked fields that exist, or all. Raises StoreUnavailable."""

    async def clear(self, event: str) -> None:
        """Drop the event's view. Raises StoreUnavailable."""

    def changes(self, event: str) -> int:
        """Count the writes and clears of the event's view that this process has finished."""

    async def ping(self) -> None:
        """Raises StoreUnavailable."""


@attrs.frozen
class Stores:
    """Everything that is kept, as one handle for those who need several."""

    journal: Journal
    snapshots: Snapshots
    catalogue: Catalogue
    hot: HotStore
    audit: Audit
    accounts: Accounts
    sign_ins: SignIns
    index: CatalogueIndex
    desk: Desk
    join_codes: JoinCodes
    watching: Watching
    wish_lists: WishLists
    privacy: Privacy
    media: MediaLedger
    imports: Imports
    billing: Billing
    outbox: Outbox
    recipients: Recipients
    receipts: ReceiptLog
