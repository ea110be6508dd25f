"""Pages and their files: found, packed, kept by browsers for as long as they may, and no more."""

from __future__ import annotations

import gzip
import re
from html import unescape
from pathlib import Path

import pytest
from trio.testing import MockClock

from saleroom.http.door.quick_door import nothing_quick
from saleroom.http.door.quick_files import QuickFiles
from saleroom.http.pages.web_files import WebFiles, read_files, web_files
from tests.http.house import House, open_house
from tests.http.wire import get, open_door

BUDGET_BYTES = 150_000
"""Script and style of a page, as they are sent (issue 7, "Speed")."""
PAGES = ("home", "join", "donor", "auctioneer", "rostrum", "display", "admin", "operator", "letter")
LINK = re.compile(r'(?:href|src)="([^"]+)"')
BARE = re.compile(
    r"""(?:^|;)(?:import\b[^"';(]*|export\s*[{*][^"';]*\bfrom\s*)["'](?![./])""", re.MULTILINE
)
PER_REQUEST = {"x-request-id", "date", "ratelimit", "ratelimit-policy"}


@pytest.fixture(scope="module")
def web() -> WebFiles:
    return web_files()


async def links(house: House, path: str) -> list[str]:
    reply = await house.call("GET", path)
    return [unescape(link) for link in LINK.findall(reply.body.decode())]


async def test_everything_that_a_page_names_is_there(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        pages = ["/", "/admin", "/operator", "/reset", "/j/7KQ2M-X9RTB", "/e/nowhere"]
        pages += [f"/e/{event}{rest}" for rest in ("", "/auctioneer", "/rostrum", "/display")]
        for page in pages:
            named = await links(house, page)
            assert any(link.endswith("/main.js") for link in named), page
            for link in set(named):
                assert (await house.call("GET", link)).status == 200, (page, link)


async def test_what_is_longer_than_any_code_leads_nowhere(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        assert (await house.call("GET", "/j/" + "7" * 40)).status == 200
        assert (await house.call("GET", "/j/" + "7" * 41)).status == 404


async def test_a_page_holds_no_script_or_style_of_its_own(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        reply = await house.call("GET", f"/e/{await house.event()}")
        body = reply.body.decode()
        assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", body) == []
        policy = reply.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy


async def test_a_file_is_kept_for_ever_under_its_release_alone(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        base = web_files().base
        now = await house.call("GET", f"{base}/tokens.css")
        assert now.headers["cache-control"] == "public, max-age=31536000, immutable"
        old = await house.call("GET", "/web/0000/tokens.css")
        assert (old.body, old.headers["cache-control"]) == (now.body, "no-cache")


async def test_what_is_held_already_is_not_sent_again(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        for path in ("/", "/worker.js", f"{web_files().base}/base.css"):
            first = await house.call("GET", path)
            tag = first.headers["etag"]
            again = await house.call("GET", path, headers={"If-None-Match": tag})
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("br", False), ("", False)],
)
async def test_files_are_packed_for_those_who_take_it(
    autojump_clock: MockClock, accepted: str, is_packed: bool
) -> None:
    path = f"{web_files().base}/vendor/preact.js"
    async with open_house() as house:
        reply = await house.call("GET", path, headers={"Accept-Encoding": accepted})
    body = gzip.decompress(reply.body) if is_packed else reply.body
    assert ("content-encoding" in reply.headers) == is_packed
    assert body == web_files().files["vendor/preact.js"].plain
    assert reply.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        "package.json",
        "vendor/VENDORED.md",
        "../app.py",
        "%2e%2e/app.py",
        "..%2fapp.py",
        "donor/../../app.py",
        "donor",
        "donor/",
        "/etc/passwd",
        "no\x00such.js",
    ],
)
async def test_nothing_but_what_is_served_is_found(autojump_clock: MockClock, path: str) -> None:
    async with open_house() as house:
        reply = await house.call("GET", f"{web_files().base}/{path}")
        assert (reply.status, reply.code) == (404, "NOT_FOUND")


async def test_an_unknown_event_is_answered_with_a_page(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        draft = await house.event(draft=True)
        for event in ("nowhere", draft, "a" * 65, "%3Cscript%3E"):
            reply = await house.call("GET", f"/e/{event}")
            assert reply.status == 404
            assert reply.headers["content-type"].startswith("text/html")
            assert "missing/main.js" in reply.body.decode()
        assert (await house.call("GET", f"/e/{draft}", "clerk")).status == 200


async def test_an_event_installs_as_itself(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        manifest = await house.done("GET", f"/e/{event}/manifest.webmanifest")
        assert (manifest["start_url"], manifest["scope"]) == (f"/e/{event}", "/")
        for icon in manifest["icons"]:
            found = await house.call("GET", icon["src"])
            assert found.headers["content-type"] == "image/png"
        for wrong in ("a" * 65, "%22%3E"):
            assert (await house.call("GET", f"/e/{wrong}/manifest.webmanifest")).status == 404


async def test_the_worker_keeps_files_of_its_release_alone(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        script = (await house.call("GET", "/worker.js")).body.decode()
        listed = re.search(r"const SHELL = \[(.*?)\];", script)
        assert listed is not None
        kept = re.findall(r'"([^"]+)"', listed[1])
        assert kept
        assert all(path.startswith(f"{web_files().base}/") for path in kept)
        assert f"{web_files().base}/offline.html" in kept or "offline.html" in script


@pytest.mark.parametrize("page", PAGES)
def test_a_page_stays_in_its_budget(web: WebFiles, page: str) -> None:
    paths = [*web.imports(f"{page}/main.js", later=True), web.sheet(page)]
    sent = sum(len(web.files[path].packed or web.files[path].plain) for path in paths)
    assert sent <= BUDGET_BYTES, sent


def test_a_sheet_is_the_shared_styles_and_the_pages_own(web: WebFiles) -> None:
    parts = ("tokens.css", "base.css", "parts.css", "donor/lot.css", "donor/own.css")
    joined = b"\n".join(web.files[path].plain for path in (*parts, "donor/page.css"))
    assert web.files[web.sheet("donor")].plain == joined
    assert web.sheet("letter") == web.sheet("missing")


def test_modules_import_files_of_ours_by_their_path(web: WebFiles) -> None:
    for path, file in web.files.items():
        if path.endswith(".js") and path != "worker.js":
            assert not BARE.search(file.plain.decode()), path
            assert set(web.imports(path, later=True)) <= set(web.files), path


def test_a_file_that_changes_changes_the_release(tmp_path: Path) -> None:
    (tmp_path / "donor").mkdir()
    (tmp_path / "donor" / "main.js").write_text("1;")
    (tmp_path / "notes.md").write_text("not served")
    before = read_files(tmp_path)
    assert set(before.files) == {"donor/main.js"}
    assert read_files(tmp_path).release == before.release
    (tmp_path / "donor" / "main.js").write_text("2;")
    assert read_files(tmp_path).release != before.release


async def test_the_door_sends_a_file_as_the_app_does(web: WebFiles) -> None:
    async with open_house() as house:
        quick = QuickFiles(web, house.services, nothing_quick)
        async with (
            open_door(app=house.app, quick=quick.answer) as running,
            open_door(app=house.app) as slow,
        ):
            path = f"{web.base}/base.css"
            for headers in (
                (),
                ("Accept-Encoding: gzip",),
                (f"If-None-Match: {web.files['base.css'].tag}",),
                ("Cookie: a=b",),
            ):
                one = await (await running.connect()).exchange(get(path, *headers))
                two = await (await slow.connect()).exchange(get(path, *headers))
                assert (one[0], one[2]) == (two[0], two[2])
                differing = {
                    name
                    for name in one[1].keys() | two[1].keys()
                    if one[1].get(name) != two[1].get(name)
                }
                assert differing <= PER_REQUEST, headers
            assert house.services.requests._kept == 4
            gone = await (await running.connect()).exchange(get(f"{web.base}/nothing.js"))
            assert gone[0] == 404


async def test_the_vendored_files_bear_their_licences(web: WebFiles) -> None:
    for name in ("htm", "preact", "preact-signals"):
        assert "Permission is hereby granted" in web.text(f"vendor/LICENSE.{name}.txt") or (
            "Apache License" in web.text(f"vendor/LICENSE.{name}.txt")
        )
