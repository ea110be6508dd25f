"""The composition root: settings become stores, a supervision tree and a door.

Owns: which part is given to which. Invariant: this is the only file that knows all rooms; nothing
here decides anything. Source: ARCHITECTURE 1 and 4.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

from saleroom.actors.clock import Clock
from saleroom.actors.doorkeeper import EVENT_PATH, Doorkeeper
from saleroom.actors.operator_feed import OperatorFeed
from saleroom.actors.operator_session import OperatorSession
from saleroom.actors.registry import Registry
from saleroom.actors.session import Connection
from saleroom.billing_keeper import BillingKeeper, open_processor
from saleroom.bounds import doorkeeper_limits, registry_limits
from saleroom.config import BadSetting, Settings
from saleroom.http.accounts.accounts import AccountDesk, make_account_desk
from saleroom.http.accounts.cookies import Cookies
from saleroom.http.accounts.jwks import JwksKeys
from saleroom.http.accounts.passwords import CREW
from saleroom.http.accounts.sign_in_tries import ADDRESS, SignInTries
from saleroom.http.accounts.sign_ins import SignInDesk
from saleroom.http.accounts.tokens import (
    KeySource,
    OwnAndOthers,
    SecretKey,
    TokenIssuer,
    TokenVerifier,
    load_or_create_secret,
)
from saleroom.http.api import make_app
from saleroom.http.desk.join_codes import PURPOSE as JOIN_CODES
from saleroom.http.desk.join_codes import CodeMaker
from saleroom.http.door.door import Door, DoorLimits, open_listeners
from saleroom.http.door.outside import Outside
from saleroom.http.door.websocket import Websocket
from saleroom.http.money.receipt_desk import ReceiptDesk
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.rates import Rates
from saleroom.http.services import ApiLimits, Services
from saleroom.loop_watch import LoopWatch
from saleroom.mail import LogMail
from saleroom.media_keeper import MediaKeeper
from saleroom.messages.office import MessageOffice
from saleroom.messages_setup import message_keys
from saleroom.opener import Opener
from saleroom.operations import Operations
from saleroom.payments.ports import Processor
from saleroom.protocol.close import Close
from saleroom.reach import Reach
from saleroom.receipt_keeper import ReceiptKeeper
from saleroom.retention import Periods, Retention
from saleroom.storage.bridge import open_bridge
from saleroom.storage.embedded import EmbeddedPostgres
from saleroom.storage.embedded_home import EmbeddedPostgresFailed, default_data_folder
from saleroom.storage.media_ports import Objects
from saleroom.storage.migrate import MigrationError, migrate
from saleroom.storage.objects import open_objects
from saleroom.storage.pg_pool import PostgresPool
from saleroom.storage.ports import HotStore
from saleroom.storage.receipt_ports import TOPIC as RECEIPT
from saleroom.storage.redis_rates import open_rates
from saleroom.storage.stores import open_hot, postgres_stores
from saleroom.supervisor import Child, ChildSpec, Node, Pool, Strategy, Supervisor, SupervisorSpec
from saleroom.workers.crew import Crew

logger = logging.getLogger("saleroom.app")

ROOT = "saleroom"


@attrs.define(eq=False)
class Server:
    """A whole server, put together; `run` runs it in the main thread until `stop`."""

    settings: Settings
    folder: Path
    secret: SecretKey
    pool: PostgresPool
    hot: HotStore
    objects: Objects
    rates: Rates
    postgres: EmbeddedPostgres | None
    processor: Processor
    issuer: TokenIssuer = attrs.field(init=False)
    registry: Registry = attrs.field(init=False)
    opener: Opener = attrs.field(init=False)
    reach: Reach = attrs.field(init=False)
    operators: OperatorFeed = attrs.field(init=False)
    operations: Operations = attrs.field(init=False)
    doorkeeper: Doorkeeper = attrs.field(init=False)
    workers: Crew = attrs.field(init=False, factory=lambda: Crew("workers"))
    hashers: Crew = attrs.field(init=False, factory=lambda: Crew("passwords", CREW))
    accounts: AccountDesk = attrs.field(init=False)
    media_keeper: MediaKeeper = attrs.field(init=False)
    messages: MessageOffice = attrs.field(init=False)
    receipts: ReceiptKeeper = attrs.field(init=False)
    retention: Retention = attrs.field(init=False)
    billing: BillingKeeper = attrs.field(init=False)
    services: Services = attrs.field(init=False)
    door: Door = attrs.field(init=False)
    supervisor: Supervisor = attrs.field(init=False)
    port: int = attrs.field(init=False, default=0)
    up: trio.Event = attrs.field(init=False, factory=trio.Event)
    _listeners: list[trio.SocketListener] = attrs.field(init=False, factory=list)
    _hopeless: Exception | None = attrs.field(init=False, default=None)
    _clock: Clock = attrs.field(init=False, factory=Clock)
    _sessions: Pool = attrs.field(init=False, factory=Pool)
    watch: LoopWatch = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        settings, limits = self.settings, self.settings.limits
        self.issuer = TokenIssuer(self.secret, time.time)
        verifier = TokenVerifier(self._keys(), time.time)
        stores = postgres_stores(self.pool, self.hot)
        sign_ins = SignInDesk(
            stores.sign_ins, self.issuer, verifier.verify, self._hang_up, time.time
        )
        self.messages = MessageOffice(
            stores.outbox,
            stores.recipients,
            lambda event: self.registry.state(event),
            self._clock.now_ms,
            random.Random(),  # noqa: S311 - jitter
            message_keys(settings),
        )
        receipts = self.receipts = ReceiptKeeper(
            ReceiptDesk(stores, self.workers), self._clock.now_ms
        )
        self.messages.papers[RECEIPT] = receipts.papers
        mail = self.messages.mail or LogMail()
        tries = SignInTries(attrs.evolve(ADDRESS, burst=settings.address_sign_ins))
        self.accounts = make_account_desk(
            stores, sign_ins, self.hashers, mail, time.time, settings.public_url, tries
        )
        self.retention = Retention(stores.privacy, _periods(settings), self._clock.now_ms)
        self.media_keeper = MediaKeeper(stores, self.objects, self._clock.now_ms)
        self.registry = Registry(stores, self._clock, registry_limits(limits))
        self.opener = Opener(self.registry, self.up.is_set)
        self.reach = Reach(self.up.is_set, self.registry.refill)
        self.billing = BillingKeeper(self.registry, stores.billing, self.processor, settings)
        self.watch = LoopWatch(self.registry.commands_entered, self._connections_ended)
        self.operators = OperatorFeed(self.tree, self._clock)
        self.doorkeeper = Doorkeeper(
            self.registry.find,
            sign_ins.verify,
            self._operate,
            doorkeeper_limits(limits),
            share_of=self.rates.share_of,
        )
        self.supervisor = Supervisor(self._tree(), rng=random.Random())  # noqa: S311 - jitter
        self.registry.supervisor = self.supervisor
        trail = Trail(stores.audit, self._clock)
        self.operations = Operations(self.supervisor, self.registry, self.stop, trail)
        outside = Outside(settings.public_url, settings.allowed_origins, settings.trusted_proxies)
        services = self.services = Services(
            registry=self.registry,
            stores=stores,
            verify=sign_ins.verify,
            clock=self._clock,
            tree=self.supervisor.tree,
            restart_child=self.supervisor.restart_child,
            drain=self.stop,
            readiness=self.readiness,
            workers=self.workers,
            objects=self.objects,
            accounts=self.accounts,
            cookies=Cookies(self.secret.derived("csrf"), outside.is_https),
            codes=CodeMaker(self.secret.derived(JOIN_CODES)),
            till=self.billing.till,
            cards=self.billing.cards,
            outside=outside,
            rates=self.rates,
            messages=self.messages,
            limits=ApiLimits(address_requests=settings.address_requests),
            is_logging_access=settings.access_log,
        )
        asgi_app, quick = make_app(services)
        self.door = Door(
            asgi_app=asgi_app,
            on_websocket=self._admit,
            limits=DoorLimits(
                connections_max=limits.connections_max,
                connections_per_address_max=settings.address_connections,
                message_bytes_max=limits.frame_bytes_max,
            ),
            start_soon=self._sessions.start_soon,
            outside=outside,
            quick=quick,
        )

    async def run(self, task_status: trio.TaskStatus[Server] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until `stop`; `up` is set, and `task_status` hands out the server, once all is up.

        Raises what no restart mends: OSError (the port is taken), EmbeddedPostgresFailed,
        MigrationError or ValueError (the database's address) at the start; SupervisorFailed.
        """
        self._listeners = await self._bind()
        try:
            await self.supervisor.run(_WhenUp(self, task_status))
        finally:
            for listener in self._listeners:
                listener.socket.close()
        if self._hopeless is not None:
            raise self._hopeless

    async def stop(self) -> None:
        """Ask for an orderly stop, and return at once: unready, drained, stopped in reverse."""
        self.doorkeeper.is_draining = True
        self.supervisor.stop()
        await trio.lowlevel.checkpoint()

    def readiness(self) -> Mapping[str, str]:
        """Say of each component whether it is ok, degraded or away."""
        ready = {"postgresql": "ok", "redis": "ok", "door": "ok", **self.reach.away}
        if self.doorkeeper.is_draining:
            ready["door"] = "away: draining"
        elif not self.opener.are_known:
            ready["door"] = "away: it is not known yet which events there are"
        return ready

    def tree(self) -> Node:
        """Draw the supervision tree."""
        return self.supervisor.tree()

    async def _admit(self, websocket: Websocket) -> None:
        """Hand a websocket on, once it is known which events there are."""
        if self.opener.are_known or not websocket.path.startswith(EVENT_PATH):
            await self.doorkeeper.serve(websocket)
        else:
            await websocket.close(Close.OVERLOADED, Close.OVERLOADED.name)

    def _connections_ended(self) -> int:
        connections = self._sessions.statistics()
        return connections.started - connections.running

    def _keys(self) -> KeySource:
        url = self.settings.jwks_url
        return self.secret if url is None else OwnAndOthers(self.secret, JwksKeys(url))

    def _hang_up(self, user: str, sign_ins: Collection[str] | None) -> None:
        self.doorkeeper.hang_up(user, sign_ins)

    def _operate(self, connection: Connection) -> OperatorSession:
        return OperatorSession(
            connection,
            self.operators,
            self.operations,
            self.doorkeeper.verify,
            self.doorkeeper.limits.talk,
            self._clock.now_ms,
        )

    # The tree

    def _tree(self) -> SupervisorSpec:
        storage: list[ChildSpec | SupervisorSpec] = [
            *([ChildSpec("postgres", self._run_postgres, stop_s=20.0)] if self.postgres else []),
            ChildSpec("bridge", self._run_bridge, start_s=None),
            ChildSpec("redis", self._run_redis, start_s=None),
            _counted("workers", self.workers.serve, self.workers.statistics),
            _counted("passwords", self.hashers.serve, self.hashers.statistics),
            ChildSpec("letters", self.accounts.letters.serve),
        ]
        keeper = self.media_keeper
        storage.append(_counted("media", keeper.run, keeper.statistics))
        storage.append(self.messages.spec())
        storage.append(
            ChildSpec(
                "receipts",
                self.receipts.run,
                statistics=lambda: attrs.asdict(self.receipts.statistics()),
            )
        )
        doors = [
            self._sessions.spec("sessions", stop_s=3.0),
            ChildSpec(
                "heartbeats",
                self._run_heartbeats,
                stop_s=self.settings.limits.drain_s,
                statistics=lambda: attrs.asdict(self.doorkeeper.statistics()),
            ),
            _counted("listener", self._run_listener, lambda: self.door.statistics()),
        ]
        observers = [
            ChildSpec("loop", self.watch.run, statistics=self.watch.statistics),
            ChildSpec("operators", self._run_operators),
            _counted("retention", self.retention.run, self.retention.statistics),
            _counted("billing", self.billing.run, self.billing.statistics),
        ]
        return SupervisorSpec(
            ROOT,
            Strategy.REST_FOR_ONE,
            [
                SupervisorSpec("storage", Strategy.ONE_FOR_ONE, storage),
                SupervisorSpec(
                    "events", Strategy.ONE_FOR_ONE, [ChildSpec("opener", self.opener.run)]
                ),
                SupervisorSpec("doors", Strategy.REST_FOR_ONE, doors),
                SupervisorSpec("observers", Strategy.ONE_FOR_ONE, observers),
            ],
        )

    async def _bind(self) -> list[trio.SocketListener]:
        host, port = self.settings.host, self.port or self.settings.port
        try:
            listeners = await open_listeners(host, port)
        except OSError as error:
            raise OSError(f"cannot listen on {host}, port {port}: {error.strerror}") from error
        self.port = listeners[0].socket.getsockname()[1]
        return listeners

    async def _give_up(self, child: Child, error: Exception) -> None:
        """Stop the server for what was wrong from the start; `run` raises it."""
        self._hopeless = error
        self.supervisor.stop()
        await child.stopping.wait()

    async def _run_postgres(self, child: Child) -> None:
        assert self.postgres is not None
        try:
            await self.postgres.run(lambda dsn: child.started(), child.stopping)
        except (EmbeddedPostgresFailed, OSError) as error:
            if self.up.is_set():
                raise
            await self._give_up(child, error)

    async def _run_bridge(self, child: Child) -> None:
        async def open_database() -> None:
            await self.pool.open()

        async def migrated() -> None:
            """Bring the tables up to date; until then, others find the pool closed."""
            apart = self.pool.apart()
            try:
                await apart.open()
                await migrate(apart)
            finally:
                await apart.close()
            await self.pool.open()

        try:
            try:
                await self.reach.until_reached(child, "postgresql", "away", migrated)
            except (MigrationError, ValueError) as error:
                return await self._give_up(child, error)
            await self.reach.watch(child, "postgresql", "away", open_database)
        finally:
            await self.pool.close()

    async def _run_redis(self, child: Child) -> None:
        child.started()
        await self.reach.watch(child, "redis", "degraded", self.hot.ping)

    async def _run_operators(self, child: Child) -> None:
        child.started()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.operators.send_forever)
            await child.stopping.wait()
            nursery.cancel_scope.cancel()

    async def _run_heartbeats(self, child: Child) -> None:
        child.started()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.doorkeeper.watch_forever)
            await child.stopping.wait()
            if self.doorkeeper.is_draining:
                await self.doorkeeper.drain()
            nursery.cancel_scope.cancel()

    async def _run_listener(self, child: Child) -> None:
        listeners, self._listeners = self._listeners or await self._bind(), []
        async with trio.open_nursery() as nursery:
            await nursery.start(self.door.serve, listeners)
            child.started()
            await child.stopping.wait()
            self.door.stop()
            if self.doorkeeper.is_draining:  # sockets are sent away while requests end
                nursery.start_soon(self.doorkeeper.drain)


def _counted(
    name: str,
    run: Callable[[Child], Awaitable[None]],
    statistics: Callable[[], attrs.AttrsInstance],
) -> ChildSpec:
    return ChildSpec(name, run, statistics=lambda: attrs.asdict(statistics()))


def _periods(settings: Settings) -> Periods:
    return Periods(
        contacts=settings.retention_contacts_days,
        sign_ins=settings.retention_sign_ins_days,
        audit=settings.retention_audit_days,
    )


@attrs.frozen
class _WhenUp(trio.TaskStatus[None]):
    """Hears from the supervisor that the whole tree is up."""

    server: Server
    task_status: trio.TaskStatus[Server]

    def started(self, value: None = None) -> None:
        self.server.watch.begin()
        self.server.up.set()
        self.task_status.started(self.server)


@asynccontextmanager
async def open_server(settings: Settings) -> AsyncIterator[Server]:
    """Put a server together for the length of the block; nothing runs before `Server.run`.

    Raises BadSetting (the data folder cannot be used), SecretRefused.
    """
    folder = settings.data_dir or default_data_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        secret = (
            load_or_create_secret(folder) if settings.secret is None else SecretKey(settings.secret)
        )
    except OSError as error:
        raise BadSetting(f"SALEROOM_DATA_DIR: {folder}: {error.strerror}") from None
    try:
        objects = open_objects(settings.media_url, folder / "media")
    except ValueError as error:
        raise BadSetting(f"SALEROOM_MEDIA_URL: {error}") from None
    except OSError as error:
        raise BadSetting(f"SALEROOM_MEDIA_URL: {error.strerror}") from None
    postgres = None if settings.database_url else EmbeddedPostgres(folder)
    dsn = settings.database_url or (postgres.dsn if postgres else "")
    async with (
        open_bridge() as bridge,
        open_hot(bridge, settings.redis_url) as hot,
        open_rates(bridge, settings.redis_url) as shared,
        open_processor(settings) as processor,
    ):
        pool = PostgresPool(bridge, dsn)
        rates = Rates(shared=shared)
        yield Server(settings, folder, secret, pool, hot, objects, rates, postgres, processor)
