"""Uploads: multipart bodies, read as they come and only when somebody wants them.

Owns: the gate before the app, and the reading of one file with its fields. Invariant: not a byte of
an upload is taken from its connection before its route has admitted it, and never more than one
piece ahead of the reading; so many are read at once, each within a deadline and a size.
Must not know: who may upload, or what a file holds. Source: RFC 7578, ARCHITECTURE 3 (I6).

The framework would read a body into memory while the route still asks who sends it, as fast as it
comes. The gate keeps such bodies from it, and hands the rest of the connection on after them.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import attrs
import trio
from quart import request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from saleroom.http.door.hypercorn_door import AsgiApp, Message, Receive, Send
from saleroom.http.requests.problems import Problem, busy

MULTIPART: Final = "multipart/form-data"
PATHS: Final = re.compile(r"/api/v1/events/[^/]+/(lots/[^/]+/images|imports)")
GATE: Final = "saleroom.upload"

AT_ONCE_MAX: Final = 4  # each holds its file in memory, up to the largest
SLOT_WAIT_S: Final = 10.0
READ_S: Final = 120.0  # 10 MiB at 0.7 Mbit/s: the network of a full ballroom
FIELD_BYTES_MAX: Final = 8 * 1024
PARTS_MAX: Final = 10
FRAMING_BYTES_MAX: Final = 64 * 1024  # boundaries, heads and fields beside the file


@attrs.frozen
class Upload:
    """A file and the fields that came with it. name: as its sender calls it; never a path of ours.

    fields: those that were sent, each once.
    """

    name: str
    data: bytes
    fields: dict[str, str]


@attrs.define(eq=False)
class _Body:
    """The body of one upload, still on its connection."""

    receive: Receive
    left: trio.Event = attrs.field(factory=trio.Event)

    async def piece(self) -> bytes | None:
        """Give the next piece of the body, None after the last. Raises Problem."""
        if self.left.is_set():
            return None
        message = await self.receive()
        is_cut_short = message["type"] != "http.request"
        if is_cut_short or not message.get("more_body", False):
            self.left.set()
        if is_cut_short:
            raise Problem("MALFORMED", "the body was cut short")
        piece: bytes = message.get("body", b"")
        return piece

    async def receive_after(self) -> Message:
        """Give the app what comes after the body."""
        await self.left.wait()
        return await self.receive()


@attrs.frozen(eq=False)
class UploadGate:
    """An ASGI app round another, which keeps the bodies of uploads from it."""

    app: AsgiApp

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and PATHS.fullmatch(scope["path"])
            and _is_multipart(scope["headers"])
        ):
            body = _Body(receive)
            scope = {**scope, GATE: body}
            receive = body.receive_after
        await self.app(scope, receive, send)


@attrs.define(eq=False)
class Uploads:
    """The reading of all uploads, so many at once."""

    _slots: trio.CapacityLimiter = attrs.field(
        init=False, factory=lambda: trio.CapacityLimiter(AT_ONCE_MAX)
    )

    @asynccontextmanager
    async def one(self, bytes_max: int, fields: Iterable[str] = ()) -> AsyncIterator[Upload]:
        """Read the request's file, and count it as long as the block works on it.

        Raises Problem: UNSUPPORTED_MEDIA_TYPE, MALFORMED, TOO_LARGE, REQUEST_TIMEOUT, OVERLOADED.
        """
        body = cast(Message, request.scope).get(GATE)
        boundary = request.mimetype_params.get("boundary", "")
        if body is None:
            raise Problem("UNSUPPORTED_MEDIA_TYPE", "the body is multipart/form-data with a `file`")
        if not boundary or not boundary.isascii():
            raise Problem("MALFORMED", "multipart/form-data names its boundary")
        if (request.content_length or 0) > bytes_max + FRAMING_BYTES_MAX:
            raise _too_large(bytes_max)
        with trio.move_on_after(SLOT_WAIT_S) as patience:
            await self._slots.acquire_on_behalf_of(body)
        if patience.cancelled_caught:
            raise busy("too many uploads at once")
        try:
            reading = _Reading(boundary, bytes_max, frozenset(fields))
            with trio.move_on_after(READ_S) as patience:
                await reading.run(body)
            if patience.cancelled_caught:
                raise Problem("REQUEST_TIMEOUT")
            yield reading.upload()
        finally:
            self._slots.release_on_behalf_of(body)


class _Reading:
    """One multipart body as it comes in."""

    def __init__(self, boundary: str, bytes_max: int, known: frozenset[str]) -> None:
        self._decoder = MultipartDecoder(boundary.encode(), max_parts=PARTS_MAX)
        self._bytes_max = bytes_max
        self._known = known
        self._read = 0
        self._file: str | None = None
        self._data = bytearray()
        self._fields: dict[str, bytearray] = {}
        self._part: bytearray | None = None
        self._is_whole = False

    async def run(self, body: _Body) -> None:
        """Read the body to its end. Raises Problem."""
        while (piece := await body.piece()) is not None:
            self._read += len(piece)
            if self._read > self._bytes_max + FRAMING_BYTES_MAX:
                raise _too_large(self._bytes_max)
            self._take(piece)
        self._take(None)

    def upload(self) -> Upload:
        """Give what was read. Raises Problem."""
        if not self._is_whole:
            raise Problem("MALFORMED", "the body is not multipart/form-data, or cut short")
        if self._file is None:
            raise Problem("MALFORMED", "the part `file` is missing", field="file")
        try:
            fields = {name: bytes(value).decode() for name, value in self._fields.items()}
        except UnicodeDecodeError:
            raise Problem("MALFORMED", "a field is not UTF-8") from None
        return Upload(self._file, bytes(self._data), fields)

    def _take(self, piece: bytes | None) -> None:
        """Take the next piece, None for the end. Raises Problem."""
        try:
            self._decoder.receive_data(piece)
            self._take_events()
        except RequestEntityTooLarge:
            raise Problem("MALFORMED", f"the body has at most {PARTS_MAX} parts") from None
        except (ValueError, LookupError):
            raise Problem("MALFORMED", "the body is not multipart/form-data") from None

    def _take_events(self) -> None:
        while not isinstance(event := self._decoder.next_event(), NeedData):
            if isinstance(event, File):
                self._begin_file(event)
            elif isinstance(event, Field):
                self._begin_field(event.name)
            elif isinstance(event, Data) and self._part is not None:
                self._part += event.data
                self._check_size()
            elif isinstance(event, Epilogue):
                self._is_whole = True
                return

    def _begin_file(self, part: File) -> None:
        if self._file is not None:
            raise Problem("MALFORMED", "one file is sent", field="file")
        self._file = part.filename
        self._part = self._data

    def _begin_field(self, name: str | None) -> None:
        if name not in self._known:
            raise Problem("MALFORMED", "a part of the body is not known", field=str(name)[:64])
        if name in self._fields:
            raise Problem("MALFORMED", f"{name!r} is given twice", field=name)
        self._part = self._fields[name] = bytearray()

    def _check_size(self) -> None:
        if self._part is self._data:
            if len(self._data) > self._bytes_max:
                raise _too_large(self._bytes_max)
        elif self._part is not None and len(self._part) > FIELD_BYTES_MAX:
            raise Problem("MALFORMED", f"a field has at most {FIELD_BYTES_MAX} bytes")


def _too_large(bytes_max: int) -> Problem:
    return Problem("TOO_LARGE", f"the file has at most {bytes_max // 1024**2} MiB")


def _is_multipart(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    given: dict[bytes, Any] = {bytes(name).lower(): value for name, value in headers}
    return parse_options_header(given.get(b"content-type", b"").decode("latin-1"))[0] == MULTIPART
