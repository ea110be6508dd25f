"""A small Stripe on loopback: what localstripe lacks.

Owns: Checkout pages, idempotency keys, and answers that are lost on the way. Invariant: as Stripe
does, it gives the first answer again to a key that it knows, refuses one that comes with another
body, and has acted before an answer is lost. Must not know: our adapter.
Source: docs.stripe.com/api/idempotent_requests, /checkout/sessions, /payment_intents, /refunds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

import attrs
import h11
import orjson
import trio

BUFFER = 65_536

Json = dict[str, Any]


@attrs.frozen
class Asked:
    """A request as it came."""

    method: str
    path: str
    form: dict[str, str]
    headers: dict[str, str]


@attrs.define(eq=False)
class FakeStripe:
    """base: its address. loses: how many of the next answers are lost. fails: with which error."""

    base: str = ""
    loses: int = 0
    fails: list[tuple[int, Json]] = attrs.field(factory=list)
    asked: list[Asked] = attrs.field(factory=list)
    intents: dict[str, Json] = attrs.field(factory=dict)
    sessions: dict[str, Json] = attrs.field(factory=dict)
    refunds: dict[str, Json] = attrs.field(factory=dict)
    _answers: dict[str, tuple[dict[str, str], tuple[int, Json]]] = attrs.field(factory=dict)

    def pay(self, session: str) -> Json:
        """Do what the payer does on a page."""
        page = self.sessions[session]
        intent = self._intent(page["amount_total"], page["currency"], page["metadata"])
        page.update(status="complete", payment_status="paid", payment_intent=intent["id"], url=None)
        return page

    def answer(self, asked: Asked) -> tuple[int, Json]:
        """Act on a request, once for a key."""
        self.asked.append(asked)
        if self.fails:
            return self.fails.pop(0)
        key = asked.headers.get("idempotency-key")
        if key is None:
            return self._act(asked)
        if key not in self._answers:
            self._answers[key] = (asked.form, self._act(asked))
        form, answer = self._answers[key]
        if form != asked.form:
            return 400, {"error": {"type": "idempotency_error", "message": "another body"}}
        return answer

    def _act(self, asked: Asked) -> tuple[int, Json]:
        _, _, kind, *rest = asked.path.split("/")
        acts: dict[str, Callable[[Asked, list[str]], tuple[int, Json]]] = {
            "payment_intents": self._payment_intents,
            "checkout": self._checkout,
            "refunds": self._refunds,
        }
        return acts[kind](asked, rest)

    def _payment_intents(self, asked: Asked, rest: list[str]) -> tuple[int, Json]:
        if not rest:
            made = self._intent(
                int(asked.form["amount"]), asked.form["currency"], _metadata(asked.form)
            )
            return 200, made
        found = self.intents.get(rest[0])
        return (404, _missing()) if found is None else (200, found)

    def _checkout(self, asked: Asked, rest: list[str]) -> tuple[int, Json]:
        if len(rest) == 1:
            number = len(self.sessions) + 1
            price = "line_items[0][price_data]"
            made: Json = {
                "id": f"cs_{number}",
                "object": "checkout.session",
                "mode": asked.form["mode"],
                "status": "open",
                "payment_status": "unpaid",
                "payment_intent": None,
                "amount_total": int(asked.form[f"{price}[unit_amount]"]),
                "currency": asked.form[f"{price}[currency]"],
                "metadata": _metadata(asked.form),
                "url": f"https://pay.example/cs_{number}",
            }
            self.sessions[made["id"]] = made
            return 200, made
        page = self.sessions.get(rest[1])
        if page is None:
            return 404, _missing()
        if rest[2:] == ["expire"]:
            if page["status"] != "open":
                return 400, _missing()
            page.update(status="expired", url=None)
        return 200, page

    def _refunds(self, asked: Asked, rest: list[str]) -> tuple[int, Json]:
        if rest:
            found = self.refunds.get(rest[0])
            return (404, _missing()) if found is None else (200, found)
        made: Json = {
            "id": f"re_{len(self.refunds) + 1}",
            "object": "refund",
            "payment_intent": asked.form["payment_intent"],
            "amount": int(asked.form["amount"]),
            "currency": "usd",
            "status": "succeeded",
            "metadata": _metadata(asked.form),
        }
        self.refunds[made["id"]] = made
        return 200, made

    def _intent(self, amount: int, currency: str, metadata: Json) -> Json:
        made: Json = {
            "id": f"pi_{len(self.intents) + 1}",
            "object": "payment_intent",
            "status": "succeeded",
            "amount": amount,
            "amount_received": amount,
            "currency": currency,
            "metadata": metadata,
            "last_payment_error": None,
        }
        self.intents[made["id"]] = made
        return made


def _missing() -> Json:
    return {"error": {"type": "invalid_request_error", "code": "resource_missing"}}


def _metadata(form: dict[str, str]) -> Json:
    return {
        name.removeprefix("metadata[").removesuffix("]"): value
        for name, value in form.items()
        if name.startswith("metadata[")
    }


@asynccontextmanager
async def open_fake_stripe() -> AsyncIterator[FakeStripe]:
    """Serve one on loopback for the length of the block."""
    fake = FakeStripe()

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            asked = await _read(stream)
            if asked is None:
                return
            status, body = fake.answer(asked)
            if fake.loses:
                fake.loses -= 1
                return
            await _write(stream, status, body)

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        fake.base = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        yield fake
        nursery.cancel_scope.cancel()


async def _read(stream: trio.SocketStream) -> Asked | None:
    connection = h11.Connection(h11.SERVER)
    request: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await stream.receive_some(BUFFER))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            headers = {name.decode(): value.decode() for name, value in request.headers}
            path = request.target.decode().partition("?")[0]
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            return Asked(request.method.decode(), path, form, headers)
        else:
            return None


async def _write(stream: trio.SocketStream, status: int, body: Json) -> None:
    data = orjson.dumps(body)
    head = (
        f"HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    )
    await stream.send_all(head.encode() + data)
