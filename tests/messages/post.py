"""A message office on a stage: memory stores, virtual time, and providers that do as they are told.

Owns: the setting of the tests of messages. Invariant: the office stands in a real supervision tree
and ends with its block. Knows nothing of what is tested.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import attrs
import trio

from saleroom.messages.kinds import CHANNELS
from saleroom.messages.office import Keys, MessageOffice
from saleroom.messages.providers import Outgoing, Send
from saleroom.storage.ports import Registration, Stores
from tests.actors.stage import EVENT, Stage, open_stage

PUBLIC_URL = "https://gala.example"


@attrs.define(eq=False)
class Fake:
    """A provider. act: what it does before it takes a message, which may be to raise or hang."""

    act: Callable[[Outgoing], object] | None = None
    hangs: bool = False
    taken: list[Outgoing] = attrs.field(factory=list)
    begun: int = 0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Send]:
        yield self.send

    async def send(self, message: Outgoing) -> None:
        self.begun += 1
        await trio.lowlevel.checkpoint()
        if self.hangs:
            await trio.sleep_forever()
        if self.act is not None:
            self.act(message)
        self.taken.append(message)


@attrs.define(eq=False)
class Post:
    """An office at work. sms, email, push: its providers."""

    stage: Stage
    office: MessageOffice
    fakes: dict[str, Fake]

    @property
    def sms(self) -> Fake:
        return self.fakes["sms"]

    @property
    def email(self) -> Fake:
        return self.fakes["email"]

    def texts(self) -> list[tuple[str, str]]:
        """Give the number and the words of every text that was taken."""
        return [(message.to, message.text) for message in self.sms.taken]

    async def counts(self) -> dict[str, int]:
        """Count deliveries by what became of them."""
        counted = await self.stage.kept.outbox.counts()
        return {state: count for state, count in counted.items() if state != "owed"}


@asynccontextmanager
async def open_post(kept: Stores | None = None) -> AsyncIterator[Post]:
    """Run a stage with an office for the length of the block."""
    async with open_stage(kept=kept) as stage:
        office = MessageOffice(
            stage.stores.outbox,
            stage.stores.recipients,
            stage.registry.state,
            stage.clock.now_ms,
            random.Random(3),
            Keys(public_url=PUBLIC_URL),
        )
        fakes = {channel: Fake() for channel in CHANNELS}
        for channel, dispatcher in office.dispatchers.items():
            dispatcher.provider = fakes[channel]
        await stage.supervisor.add_child("saleroom", office.spec())
        yield Post(stage, office, fakes)


async def seat(stage: Stage, *paddles: int, event: str = EVENT) -> None:
    """Give paddles holders with a phone and an address."""
    for paddle in paddles:
        row = Registration(
            paddle, f"u{paddle}", f"Guest {paddle}", f"g{paddle}@hall.example", phone_of(paddle)
        )
        await stage.kept.catalogue.put_registration(event, row)


def phone_of(paddle: int) -> str:
    return f"+1201555{paddle:04}"
