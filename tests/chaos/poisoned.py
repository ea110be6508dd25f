"""The server that can be made to crash: `python -m tests.chaos.poisoned`.

Owns: a journal whose next commit raises what nobody expects. Invariant: but for that, it is the
server that `saleroom serve` runs. SIGUSR1 arms the journal; strikes fall in turn before the commit
and after it, so that facts are lost or durable and their answers are owed either way. SIGUSR2
has it count its tasks. Both answer in a line on standard output. Source: ARCHITECTURE 3 (I4).
"""

from __future__ import annotations

import os
import signal
import time

import attrs
import trio

from saleroom.app import Server, open_server
from saleroom.config import read_settings
from saleroom.logs import set_up_logs
from saleroom.storage.pg_journal import PostgresJournal
from saleroom.storage.pg_pool import PostgresPool
from saleroom.storage.ports import Batch

CRASHED, TASKS = "crashed at", "tasks"


class Poison(Exception):
    """A bug that no border knows."""


class PoisonedJournal(PostgresJournal):
    """A journal whose next append crashes the actor once it is armed."""

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__(pool)
        self.is_armed = False
        self._strikes = 0

    async def append(self, event: str, term: int, batch: Batch) -> None:
        if not self.is_armed:
            return await super().append(event, term, batch)
        self.is_armed = False
        self._strikes += 1
        if self._strikes % 2 == 0:
            await super().append(event, term, batch)
        print(f"{CRASHED} {time.monotonic()}", flush=True)
        raise Poison(f"strike {self._strikes}")


async def _serve() -> None:
    settings = read_settings(os.environ)
    set_up_logs(settings.log_level, settings.log_format)
    async with open_server(settings) as server, trio.open_nursery() as nursery:
        journal = PoisonedJournal(server.pool)
        server.registry.stores = attrs.evolve(server.registry.stores, journal=journal)
        await nursery.start(server.run)
        print(f"serving on http://{settings.host}:{server.port}", flush=True)
        await _obey_signals(server, journal)


async def _obey_signals(server: Server, journal: PoisonedJournal) -> None:
    wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)
    with trio.open_signal_receiver(*wanted) as signals:
        async for number in signals:
            if number == signal.SIGUSR1:
                journal.is_armed = True
            elif number == signal.SIGUSR2:
                print(f"{TASKS} {trio.lowlevel.current_statistics().tasks_living}", flush=True)
            else:
                await server.stop()
                return


if __name__ == "__main__":
    trio.run(_serve)
