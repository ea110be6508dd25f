"""Objects through obstore: a folder, S3 and its like, or Azure, by one address.

Owns: the only use of that library. Invariant: its calls run in threads, so many at once and no
longer than a deadline; they raise only the errors of ports.py, without any secret of the address.
Must not know: what the bytes are. Source: media_ports.py, decision 0010.

obstore's other form is for asyncio. A call there would cost a crossing of the bridge and share the
loop of PostgreSQL with megabytes; in a thread it costs a crossing too, and shares nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar, TypeVarTuple
from urllib.parse import unquote, urlsplit

import obstore
import trio
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from saleroom.storage.ports import NotFound, StoreUnavailable

CALLS_MAX = 8  # at once; each holds a thread and at most one picture
CALL_LIMIT_S = 10.0
REQUEST_TIMEOUT = timedelta(seconds=4)  # of one try over the network
RETRIES_MAX = 1

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class StoredObjects:
    """`Objects` in a folder or in a store over the network."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._limiter = trio.CapacityLimiter(CALLS_MAX)

    async def put(self, key: str, data: bytes) -> None:
        await self._call(_put, self._store, key, data)

    async def get(self, key: str) -> bytes:
        return await self._call(_get, self._store, key)

    async def delete(self, key: str) -> None:
        await self._call(_delete, self._store, key)

    async def _call(self, fn: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run `fn` in a thread, which is left behind when it outlasts the limit."""
        try:
            with trio.fail_after(CALL_LIMIT_S):
                return await trio.to_thread.run_sync(
                    fn, *args, abandon_on_cancel=True, limiter=self._limiter
                )
        except trio.TooSlowError:
            raise StoreUnavailable("the object store did not answer in time") from None


def open_objects(url: str | None, folder: Path) -> StoredObjects:
    """Open the store at `url`, without one the folder. Raises ValueError, OSError.

    Credentials come from the environment, as each vendor names them.
    """
    if url is None or urlsplit(url).scheme == "file":
        place = folder if url is None else Path(unquote(urlsplit(url).path))
        place.mkdir(parents=True, exist_ok=True)
        return StoredObjects(LocalStore(place))
    try:
        store = from_url(
            url,
            client_options={"timeout": REQUEST_TIMEOUT},
            retry_config={"max_retries": RETRIES_MAX},
        )
    except BaseError:
        raise ValueError("the address is none of an object store") from None
    return StoredObjects(store)


def _put(store: ObjectStore, key: str, data: bytes) -> None:
    with _Border():
        obstore.put(store, key, data)


def _get(store: ObjectStore, key: str) -> bytes:
    with _Border():
        return obstore.get(store, key).bytes().to_bytes()


def _delete(store: ObjectStore, key: str) -> None:
    try:
        with _Border():
            obstore.delete(store, key)
    except NotFound:
        return


class _Border:
    """Tells obstore's errors apart; their texts, which may quote an address, stay behind."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FileNotFoundError):
            raise NotFound("no such object") from None
        if isinstance(error, (BaseError, OSError)):
            name = type(error).__name__
            raise StoreUnavailable(f"the object store did not do it: {name}") from None
