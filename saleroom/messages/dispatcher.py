"""A dispatcher: the messages of one channel, handed to its provider.

Owns: which of them are being sent, and when one that failed is tried again. Invariant: a message is
marked sent after its provider took it, so that it goes at least once, and under one key however
often; what waits for a provider is bounded, and no other channel waits for it. A message that was
begun ATTEMPTS_MAX times is dead, also when each time this process died of it. Must not know: why
there is a message. Source: issue 8 point 1, ARCHITECTURE 3 (I6, I7) and 4, decision 0023.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence

import attrs
import trio

from saleroom.messages.kinds import EMAIL, KINDS, PUSH, SMS
from saleroom.messages.phones import e164
from saleroom.messages.preferences import channels_of, quiet_until
from saleroom.messages.providers import (
    Attachment,
    Outgoing,
    Provider,
    ProviderError,
    Refused,
    Send,
    Unreachable,
)
from saleroom.messages.relay import POLL_S, RETRY_S, StateOf
from saleroom.messages.words import Draft, Moot, NotYet, compose, for_channel
from saleroom.storage.message_ports import Delivery, Outbox, PushDevice, Recipient, Recipients
from saleroom.storage.ports import StoreError
from saleroom.supervisor import Child, Reliance

logger = logging.getLogger("saleroom.messages")

SENDING_MAX = 8  # at once, by one provider
SEND_LIMIT_S = 30.0
LEASE_MS = 90_000  # a send and all that is looked up around it end well within
ATTEMPTS_MAX = 8
FIRST_WAIT_MS, LONGEST_WAIT_MS = 5_000, 15 * 60_000

Papers = Callable[[Delivery], Awaitable[Sequence[Attachment]]]
"""Make what goes along with a letter. Raises StoreError when it cannot at this moment."""


@attrs.frozen
class DispatcherStatistics:
    """Counted since the start; sending: at this moment. failures: of a store."""

    sending: int
    sent: int
    retried: int
    dropped: int
    dead: int
    failures: int


def wait_after(attempts: int, jitter: float) -> int:
    """Give the ms until the next try. jitter: from 0 to 1; half of the wait is left to chance."""
    whole = min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempts - 1))
    return int(whole / 2 + whole / 2 * jitter)


@attrs.define(eq=False)
class Dispatcher:
    """`run` as a child of the tree. region: whose numbers are written without a country."""

    channel: str
    provider: Provider
    outbox: Outbox
    recipients: Recipients
    state_of: StateOf
    now_ms: Callable[[], int]
    rng: random.Random
    region: str
    public_url: str | None = None
    papers: Mapping[str, Papers] = attrs.field(factory=dict)
    _nudged: trio.Event = attrs.field(init=False, factory=trio.Event)
    _sending: int = attrs.field(init=False, default=0)
    _sent: int = attrs.field(init=False, default=0)
    _retried: int = attrs.field(init=False, default=0)
    _dropped: int = attrs.field(init=False, default=0)
    _dead: int = attrs.field(init=False, default=0)
    _store: Reliance = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._store = Reliance((StoreError,), POLL_S, RETRY_S)

    async def run(self, child: Child) -> None:
        """Send what is due until asked to stop, then what is being sent.

        What is cut short by the end of its time to stop comes up again after its lease.
        """
        async with self.provider.opened() as send, trio.open_nursery() as nursery:
            nursery.start_soon(self._nudge_at_stop, child.stopping)
            child.started()
            self._store.is_known = False
            while not child.stopping.is_set():
                self._nudged = trio.Event()
                with self._store.trying(child):
                    for delivery in await self._claim(SENDING_MAX - self._sending):
                        self._sending += 1
                        nursery.start_soon(self._deliver, delivery, send)
                with trio.move_on_after(self._store.wait_s):
                    await self._nudged.wait()

    async def _nudge_at_stop(self, stopping: trio.Event) -> None:
        await stopping.wait()
        self._nudged.set()

    def statistics(self) -> DispatcherStatistics:
        """Count messages."""
        return DispatcherStatistics(
            self._sending,
            self._sent,
            self._retried,
            self._dropped,
            self._dead,
            self._store.failures,
        )

    async def _claim(self, limit: int) -> list[Delivery]:
        now_ms = self.now_ms()
        if not limit:
            return []
        return await self.outbox.claim(self.channel, now_ms, now_ms + LEASE_MS, limit)

    async def _deliver(self, delivery: Delivery, send: Send) -> None:
        """See a claimed delivery through; what a store does not take down comes up again."""
        try:
            await self._see_through(delivery, send)
        except StoreError as error:
            self._store.failures += 1
            logger.warning("a message by %s comes up again: %s", self.channel, error)
        finally:
            self._sending -= 1
            self._nudged.set()

    async def _see_through(self, delivery: Delivery, send: Send) -> None:
        if delivery.attempts > ATTEMPTS_MAX:
            await self._bury(delivery, delivery.note or "it was begun too often")
            return
        said = await self._message(delivery)
        if isinstance(said, Moot):
            await self._drop(delivery, said.reason)
        elif isinstance(said, NotYet):
            due_at_ms = self.now_ms() + said.wait_ms
            await self.outbox.put_back(
                delivery.id, due_at_ms, self.now_ms(), None, is_attempt=False
            )
        else:
            await self._hand_over(delivery, said, send)

    async def _hand_over(self, delivery: Delivery, message: Outgoing, send: Send) -> None:
        try:
            with trio.fail_after(SEND_LIMIT_S):
                await send(message)
        except Refused as error:
            await self._bury(delivery, str(error))
        except (Unreachable, trio.TooSlowError) as error:
            reason = str(error) if isinstance(error, ProviderError) else "no answer in time"
            await self._retry(delivery, reason)
        else:
            self._sent += 1
            await self.outbox.end(delivery.id, "sent", self.now_ms())

    async def _retry(self, delivery: Delivery, reason: str) -> None:
        if delivery.attempts >= ATTEMPTS_MAX:
            await self._bury(delivery, reason)
            return
        self._retried += 1
        now_ms = self.now_ms()
        due_at_ms = now_ms + wait_after(delivery.attempts, self.rng.random())
        await self.outbox.put_back(delivery.id, due_at_ms, now_ms, reason, is_attempt=True)

    async def _bury(self, delivery: Delivery, reason: str) -> None:
        self._dead += 1
        logger.error("message %d by %s is dead: %s", delivery.id, self.channel, reason)
        await self.outbox.end(delivery.id, "dead", self.now_ms(), reason)

    async def _drop(self, delivery: Delivery, reason: str) -> None:
        self._dropped += 1
        await self.outbox.end(delivery.id, "dropped", self.now_ms(), reason)

    async def _message(self, delivery: Delivery) -> Outgoing | Moot | NotYet:
        """Find words and address, or why there are none."""
        kind, now_ms = KINDS[delivery.kind], self.now_ms()
        if now_ms > delivery.created_at_ms + kind.settle_ms + kind.lasts_ms:
            return Moot("it came too late")
        found = await self.recipients.of_paddles(delivery.event, [delivery.paddle])
        if not found:
            return Moot("nobody holds the paddle")
        person = found[0]
        if self.channel not in channels_of(delivery.kind, person.preferences):
            return Moot("they do not want it")
        over_ms = quiet_until(person.preferences, self.channel, now_ms)
        if over_ms is not None:
            return NotYet(over_ms - now_ms)
        addressed = await self._address(delivery, person)
        if isinstance(addressed, Moot):
            return addressed
        state = self.state_of(delivery.event)
        said = compose(delivery, state, now_ms, self.public_url)
        if not isinstance(said, Draft):
            return said
        to, devices = addressed
        make = self.papers.get(delivery.kind) if self.channel == EMAIL else None
        return Outgoing(
            key=f"{delivery.event}-{delivery.id}",
            channel=self.channel,
            text=for_channel(said, self.channel),
            subject=said.subject,
            html=said.html,
            url=said.url,
            to=to,
            devices=devices,
            topic=f"{delivery.kind}-{delivery.lot or 0}",
            attachments=() if make is None else await make(delivery),
        )

    async def _address(
        self, delivery: Delivery, person: Recipient
    ) -> tuple[str, Sequence[PushDevice]] | Moot:
        if self.channel == EMAIL:
            return (person.email, ()) if person.email else Moot("they have no address")
        if self.channel == PUSH:
            devices = await self.recipients.devices(person.user) if person.user else []
            return ("", devices) if devices else Moot("they have no browser")
        assert self.channel == SMS
        phone = e164(person.phone, self.region)
        if phone is None:
            return Moot("they have no phone that can be dialled")
        if await self.recipients.is_silenced(phone):
            return Moot("they said STOP")
        return phone, ()
