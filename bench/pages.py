"""`pages`: what a donor's browser has to load and to do.

Owns: the measure of the donor page in Chromium. Invariant: each load starts with an empty cache,
and the page counts as usable only when a lot stands there with its price; bids leave by the
clock. Chromium has all cores, its processor slowed down as said.
Source: issue 7 "Speed".
"""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import attrs
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

from bench import BenchFailed
from bench.host import HOST, SERVE, Host, running_server
from bench.load import Client, Load
from bench.report import Goal, Result
from bench.sale import Sale, bid, hellos, open_sale, speaks
from bench.setting import Setting
from bench.trace import CATEGORIES, Frames, TraceEvent, read_frames
from bench.usage import Usage, usage_between
from saleroom.auction.roles import Role
from tools.chromium import ChromiumMissing, open_chromium

LOTS, BIDDERS = 200, 20
SLOW_DOWN = 4
BIDS_PER_S = 50.0
LOADS, BRIEF_LOADS = 5, 2
WARM_S, FEED_S, BRIEF_FEED_S = 2.0, 12.0, 4.0
SEEN_MS = 30_000
PHONE: Final = {"width": 390, "height": 844}
DESKTOP: Final = {"width": 1366, "height": 768}
COUNTED: Final = frozenset({"Script", "Stylesheet"})
PAINT_GOAL, BYTES_GOAL, SCRIPT_GOAL = Goal("<=", 1000.0), Goal("<=", 150.0), Goal("<", 16.0)
ABROAD: Final = {"latency": 60, "downloadThroughput": 4e6 / 8, "uploadThroughput": 2e6 / 8}
"""A phone's line in a full ballroom: 60 ms there and back, 4 Mbit/s."""

USABLE: Final = ".card-price"
NOTE_USABLE: Final = """
new MutationObserver((_, observer) => {
  if (!document.querySelector("USABLE")) return;
  observer.disconnect();
  requestAnimationFrame(() => {
    const painted = new MessageChannel();
    painted.port1.onmessage = () => performance.mark("usable");
    painted.port2.postMessage(null);
  });
}).observe(document, { childList: true, subtree: true });
""".replace("USABLE", USABLE)
MARKED: Final = '() => performance.getEntriesByName("usable").length > 0'
USABLE_AT: Final = 'performance.getEntriesByName("usable")[0].startTime'


@attrs.frozen
class Cold:
    """One load with an empty cache. kb: of script and style as they came over the wire."""

    usable_ms: float
    kb: float
    requests: int


@attrs.define(slots=False)  # the driver keeps its own of whom it calls
class Wire:
    """What a page loads. Fed by the browser's own count of encoded bytes."""

    counted: dict[str, str] = attrs.field(factory=dict)
    bytes: int = 0
    requests: int = 0

    def follow(self, session: CDPSession) -> None:
        """Count from here on."""
        session.on("Network.responseReceived", self._responded)
        session.on("Network.loadingFinished", self._finished)

    def _responded(self, event: dict[str, Any]) -> None:
        self.counted[event["requestId"]] = event["type"]

    def _finished(self, event: dict[str, Any]) -> None:
        self.requests += 1
        if self.counted.get(event["requestId"]) in COUNTED:
            self.bytes += int(event["encodedDataLength"])


def measure_pages(setting: Setting) -> list[Result]:
    """Load the donor page cold on a slow phone, then watch a busy sale on a desktop."""
    try:
        with running_server(SERVE, setting.cores) as host, _on_all_cores() as browser:
            sale = open_sale(host, lots=LOTS, users=BIDDERS)
            return [*_cold(setting, host, sale, browser), _feed(setting, host, sale, browser)]
    except ChromiumMissing as error:
        raise BenchFailed(str(error)) from error


@contextmanager
def _on_all_cores() -> Iterator[Browser]:
    """Run a browser whose processes go where the system puts them; pin this one again."""
    if not hasattr(os, "sched_getaffinity"):
        with open_chromium() as browser:
            yield browser
        return
    pinned = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with open_chromium() as browser:
        os.sched_setaffinity(0, pinned)
        yield browser


def _cold(setting: Setting, host: Host, sale: Sale, browser: Browser) -> list[Result]:
    before = host.usage()
    count = setting.count(LOADS, BRIEF_LOADS)
    near = [_load(host, sale, browser, {}) for _ in range(count)]
    far = [_load(host, sale, browser, ABROAD) for _ in range(count)]
    usage = usage_between(before, host.usage(), setting.cores)
    usable, distant = sorted(c.usable_ms for c in near), sorted(c.usable_ms for c in far)
    conditions = f"{LOTS} lots, signed in, empty cache, processor slowed {SLOW_DOWN} times"
    return [
        Result(
            measure="page paint",
            conditions=conditions,
            figure="the first lot and its price painted, median",
            value=usable[len(usable) // 2],
            unit="ms",
            goal=PAINT_GOAL,
            usage=usage,
            spread=usable,
            found=[
                f"over a line of 60 ms and 4 Mbit/s: {distant[len(distant) // 2]:.0f} ms",
                f"{near[0].requests} requests",
            ],
        ),
        Result(
            measure="page bytes",
            conditions="the donor page, empty cache",
            figure="script and style over the wire",
            value=max(cold.kb for cold in near),
            unit="kB",
            goal=BYTES_GOAL,
            usage=usage,
        ),
    ]


def _load(host: Host, sale: Sale, browser: Browser, line: dict[str, float]) -> Cold:
    """Load the page once, in a window of its own."""
    with _window(host, sale, browser, PHONE) as (page, session):
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_DOWN})
        if line:
            session.send("Network.emulateNetworkConditions", {"offline": False, **line})
        wire = Wire()
        wire.follow(session)
        page.add_init_script(NOTE_USABLE)
        page.goto(_address(host, sale))
        page.wait_for_function(MARKED)
        page.wait_for_load_state("networkidle")
        return Cold(page.evaluate(USABLE_AT), wire.bytes / 1000, wire.requests)


def _feed(setting: Setting, host: Host, sale: Sale, browser: Browser) -> Result:
    load = Load(HOST, host.port)
    seconds = setting.seconds(FEED_S, BRIEF_FEED_S)
    try:
        with _window(host, sale, browser, DESKTOP) as (page, _):
            page.goto(_address(host, sale))
            page.locator(USABLE).first.wait_for()
            clients = load.connect(speaks(sale.event), hellos(host, sale, BIDDERS), _ignore)
            _bid(load, clients, 0, WARM_S)
            tracing = browser.new_browser_cdp_session()
            events = _traced(tracing)
            before = host.usage()
            _bid(load, clients, int(WARM_S * BIDS_PER_S), seconds)
            usage = usage_between(before, host.usage(), setting.cores)
            frames = _end_trace(tracing, events)
    finally:
        load.close()
    return _frames_result(frames, seconds, usage)


def _frames_result(frames: Frames, seconds: float, usage: Usage) -> Result:
    return Result(
        measure="page script",
        conditions=f"{BIDS_PER_S:g} bids/s over {LOTS} lots for {seconds:g} s, desktop, full speed",
        figure="the most script in one frame",
        value=frames.worst_ms(),
        unit="ms",
        goal=SCRIPT_GOAL,
        usage=usage,
        found=[
            f"{len(frames.script_ms):,} frames, p50 {frames.quantile_ms(0.5):.2f} ms, "
            f"p99 {frames.quantile_ms(0.99):.2f} ms; "
            f"script took {frames.total_ms() / seconds / 10:.1f} % of the time"
        ],
    )


def _traced(session: CDPSession) -> list[TraceEvent]:
    """Begin a trace; its events come into the list when it ends."""
    events: list[TraceEvent] = []
    session.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    config = {"includedCategories": list(CATEGORIES), "recordMode": "recordUntilFull"}
    session.send("Tracing.start", {"traceConfig": config, "transferMode": "ReportEvents"})
    return events


def _end_trace(session: CDPSession, events: list[TraceEvent]) -> Frames:
    ended: list[Any] = []
    session.on("Tracing.tracingComplete", lambda end: ended.append(end))
    session.send("Tracing.end")
    deadline = time.monotonic() + SEEN_MS / 1000
    while not ended and time.monotonic() < deadline:
        session.send("Browser.getVersion")  # what has come is handed on while an answer is awaited
    if not ended:
        raise BenchFailed("the browser did not give its trace")
    return read_frames(events)


def _bid(load: Load, clients: list[Client], first: int, seconds: float) -> None:
    """Bid by the clock, on one lot after the other, each bidder in turn."""
    begin = time.perf_counter()
    for number in range(first, first + int(seconds * BIDS_PER_S)):
        load.poll(begin + (number - first) / BIDS_PER_S)
        clients[number % len(clients)].send(bid(number, number % LOTS + 1, number // LOTS + 1))
    load.poll(begin + seconds)


@contextmanager
def _window(
    host: Host, sale: Sale, browser: Browser, size: dict[str, int]
) -> Iterator[tuple[Page, CDPSession]]:
    """Open a window for a donor who is signed in and has a paddle."""
    context = browser.new_context(viewport={"width": size["width"], "height": size["height"]})
    context.set_default_timeout(SEEN_MS)
    try:
        _sign_in(host, sale, context)
        page = context.new_page()
        yield page, context.new_cdp_session(page)
    finally:
        context.close()


def _sign_in(host: Host, sale: Sale, context: BrowserContext) -> None:
    """Register a donor of the window's own by a code of the desk's, as a guest who joins."""
    path = f"/api/v1/events/{sale.event}/join-codes"
    (printed,) = _post(host, path, {"count": 1}, host.token("clara", Role.CLERK))["codes"]
    given = {"code": printed["code"], "name": "Guest", "accept_terms": True, "cookie": True}
    answer = context.request.post(f"http://{HOST}:{host.port}/api/v1/join", data=given)
    if not answer.ok:
        raise BenchFailed(f"no guest could join: {answer.text()}")


def _post(host: Host, path: str, body: dict[str, Any], token: str) -> Any:
    request = urllib.request.Request(
        f"http://{HOST}:{host.port}{path}",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=SEEN_MS / 1000) as response:  # noqa: S310 - our own
        return json.load(response)


def _address(host: Host, sale: Sale) -> str:
    return f"http://{HOST}:{host.port}/e/{sale.event}"


def _ignore(client: Client, message: bytes, now: float) -> None:
    """Take what comes, and do nothing with it."""
