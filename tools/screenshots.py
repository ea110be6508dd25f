"""Takes the pictures of docs/screenshots: every page, on a phone and on a desktop.

Owns: which pages are shown, and how large a picture may be. Invariant: they show the demo's gala in
mid-sale as its people see it; nothing is put on a page by hand. Must not know: how a page is made.
Source: issue 7.

    python -m tools.screenshots
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
from PIL import Image
from playwright.sync_api import Browser, BrowserContext

from tools.chromium import ChromiumMissing, open_chromium

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
ROOT: Final = FOLDER.parent.parent
BYTES_MAX: Final = 150_000
COLOURS: Final = 256
SEEN_MS: Final = 60_000
STOP_S: Final = 30.0
EVENT: Final = re.compile(r"the gala is event (\S+) on (http://\S+)")
SIGN_IN: Final = re.compile(r"sign in +(\S+) with the password (\S+)")
PHONE: Final = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 1.5,
    "is_mobile": True,
    "has_touch": True,
}
DESKTOP: Final = {"viewport": {"width": 1366, "height": 768}}
GUEST, ADMIN, NOBODY = "guest", "admin", "nobody"
SILENT, OUTBID, FUND, LAST = 13, 3, 27, 29
COMMANDS: Final[list[dict[str, Any]]] = [
    {"type": "place_bid", "lot": OUTBID, "amount": 20_000},
    {"type": "set_max_bid", "lot": SILENT, "max": 900_000},
    {"type": "set_max_bid", "lot": SILENT + 2, "max": 400_000},
    {"type": "pledge", "lot": FUND, "level": 10_000},
]
POLL_MS, UNDER_WAY_MS = 500, 180_000
UNDER_WAY: Final = f"""
async (path) => {{
  const lot = async (number) => (await fetch(`${{path}}/${{number}}`)).json();
  const areAllHung = async () => (await lot({LAST})).images.length > 0;
  const isUnderWay = async () => (await areAllHung()) && (await lot(22)).bid_count > 3;
  const from = performance.now();
  while (performance.now() - from < {UNDER_WAY_MS}) {{
    if (await isUnderWay()) return true;
    await new Promise((rested) => setTimeout(rested, {POLL_MS}));
  }}
  return false;
}}
"""
"""Every lot has its picture, and the second live lot is in the ring."""
RIPE: Final = "(seconds) => performance.now() > seconds * 1000"


class ScreenshotsFailed(Exception):
    """A page could not be shown, or its picture is too large."""


@attrs.frozen
class Gala:
    """The demo that runs. email, password: its admin's."""

    url: str
    event: str
    email: str
    password: str


@attrs.frozen
class Shot:
    """One page. who: whose window it is shown in. ready: what it says once it is drawn.

    ripe_s: how long it gathers figures first.
    """

    name: str
    path: str
    who: str
    ready: str
    is_dark: bool = False
    ripe_s: int = 0


def main() -> int:
    """Take all pictures; give the exit code."""
    FOLDER.mkdir(exist_ok=True)
    try:
        with _demo() as gala, open_chromium() as browser:
            signed_in = _gather(browser, gala)
            for size_name, size in (("phone", PHONE), ("desktop", DESKTOP)):
                for shot in shots(gala.event):
                    picture = _take(browser, gala, shot, {**size, **signed_in[shot.who]})
                    _keep(FOLDER / f"{shot.name}-{size_name}.png", picture)
    except (ChromiumMissing, ScreenshotsFailed) as error:
        print(f"screenshots: {error}", file=sys.stderr)
        return 1
    return 0


def shots(event: str) -> list[Shot]:
    """Give the pages, in the order in which a sale meets them."""
    at, admin = f"/e/{event}", f"/admin#/events/{event}"
    return [
        Shot("events", "/", NOBODY, "On now"),
        Shot("gallery", at, GUEST, "On the block"),
        Shot("gallery-dark", at, GUEST, "On the block", is_dark=True),
        Shot("lot", f"{at}#/lot/{SILENT}", GUEST, "Secret maximum"),
        Shot("fund", f"{at}#/lot/{FUND}", GUEST, "Raised"),
        Shot("mine", f"{at}#/mine", GUEST, "Won and pledged"),
        Shot("auctioneer", f"{at}/auctioneer", ADMIN, "Fair warning"),
        Shot("rostrum", f"{at}/rostrum", ADMIN, "Lot"),
        Shot("display", f"{at}/display", NOBODY, "Lot"),
        Shot("admin", admin, ADMIN, "Overview"),
        Shot("admin-lots", f"{admin}/lots", ADMIN, "Sunrise kayak"),
        Shot("admin-guests", f"{admin}/guests", ADMIN, "Ada Berg"),
        Shot("operator", "/operator", ADMIN, "Tree", ripe_s=15),
    ]


def _gather(browser: Browser, gala: Gala) -> dict[str, dict[str, Any]]:
    """Sign the admin in, have a guest join, bid and pledge, and wait until the sale is under way.

    Gives what a window needs to be theirs.
    """
    house, table = (browser.new_context() for _ in range(2))
    sign_in = {"email": gala.email, "password": gala.password, "cookie": True}
    proof = {"X-CSRF-Token": _post(house, gala, "/auth/login", sign_in)["csrf_token"]}
    event = f"/events/{gala.event}"
    (card,) = _post(house, gala, f"{event}/join-codes", {"count": 1}, proof)["codes"]
    joining = {"code": card["code"], "name": "Greta Holm", "accept_terms": True, "cookie": True}
    proof = {"X-CSRF-Token": _post(table, gala, "/join", joining)["csrf_token"]}
    for number, command in enumerate(COMMANDS):
        key = {"Idempotency-Key": f"screenshot-{number}"}
        _post(table, gala, f"{event}/commands", command, {**proof, **key})
    page = table.new_page()
    page.goto(gala.url)
    if not page.evaluate(UNDER_WAY, f"/api/v1{event}/lots"):
        raise ScreenshotsFailed("the sale did not get under way")
    signed_in = {ADMIN: house, GUEST: table}
    states = {who: {"storage_state": context.storage_state()} for who, context in signed_in.items()}
    for context in signed_in.values():
        context.close()
    return {**states, NOBODY: {}}


def _post(
    context: BrowserContext,
    gala: Gala,
    path: str,
    body: object,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """Call the API as somebody. Raises ScreenshotsFailed."""
    address = f"{gala.url}/api/v1{path}"
    answer = context.request.post(address, data=body, headers=dict(headers or {}))
    if not answer.ok:
        raise ScreenshotsFailed(f"{path}: {answer.text()}")
    return answer.json()


def _take(browser: Browser, gala: Gala, shot: Shot, window: dict[str, Any]) -> bytes:
    """Show a page in a window of its own, and take its picture."""
    context = browser.new_context(
        **window,
        color_scheme="dark" if shot.is_dark else "light",
        locale="en-US",
        reduced_motion="reduce",
        timezone_id="UTC",
    )
    context.set_default_timeout(SEEN_MS)
    page = context.new_page()
    page.goto(f"{gala.url}{shot.path}")
    page.get_by_text(shot.ready).first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    page.wait_for_function(RIPE, arg=shot.ripe_s)
    picture = page.screenshot()
    context.close()
    return picture


def _keep(path: Path, picture: bytes) -> None:
    """Keep a picture, in fewer colours where it is too large. Raises ScreenshotsFailed."""
    with Image.open(io.BytesIO(picture)) as image:
        whole = image.convert("RGB")
    few = whole.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    for form in (whole, few):
        out = io.BytesIO()
        form.save(out, "PNG", optimize=True)
        if len(out.getvalue()) <= BYTES_MAX:
            path.write_bytes(out.getvalue())
            return
    raise ScreenshotsFailed(f"{path.name} has more than {BYTES_MAX} bytes")


@contextmanager
def _demo() -> Iterator[Gala]:
    """Run the demo for the length of the block. Raises ScreenshotsFailed."""
    with tempfile.TemporaryDirectory(prefix="saleroom-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SALEROOM_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "saleroom", "demo"],
            stdout=subprocess.PIPE,
            env=kept | {"SALEROOM_DATA_DIR": f"{name}/data", "SALEROOM_PORT": "0"},
            cwd=ROOT,
            text=True,
        )
        try:
            yield _read_gala(process)
        finally:
            process.terminate()
            process.wait(STOP_S)


def _read_gala(process: subprocess.Popen[str]) -> Gala:
    assert process.stdout is not None
    event, url = "", ""
    for line in process.stdout:
        if found := EVENT.search(line):
            event, url = found[1], found[2]
        elif found := SIGN_IN.search(line):
            # Unread, what the demo goes on telling would fill the pipe and stop it.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return Gala(url, event, found[1], found[2])
    raise ScreenshotsFailed("the demo did not start; its last words stand above")


if __name__ == "__main__":
    sys.exit(main())
