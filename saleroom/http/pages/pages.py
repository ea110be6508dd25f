"""The pages: what people open, and the files that the pages load.

Owns: the pages' addresses, the document that each begins with, and how long a browser keeps what.
Invariant: a page says nothing that its reader may not know; it holds no script and no style of its
own, so that the strictest policy holds; what it shows comes from the API. Must not know: what a
page's modules do. Source: PROTOCOL 7, issue 7.
"""

from __future__ import annotations

from html import escape
from typing import Annotated, Final

import attrs
import orjson
from quart import Blueprint, Response, request

from saleroom.http.pages.web_files import (
    ASK_FIRST,
    BASE,
    FOR_EVER,
    SHARED_SHEET,
    TYPES,
    WebFile,
    WebFiles,
    made_file,
    web_files,
)
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_reading import has_tag
from saleroom.http.requests.api_requests import JSON, event_id
from saleroom.http.requests.contract import ANYONE, NOBODY_ASKED, contract
from saleroom.http.requests.problems import Problem
from saleroom.protocol.shapes import Chars, Example

TAG: Final = "Pages"
HTML, SCRIPT = "text/html", "text/javascript"
SHELL, WORKER = "shell.html", "worker.js"
RELEASE_PATH = Annotated[str, Chars(1, 64, "[0-9a-z]{1,64}"), Example("0f3a5c7e9b1d2f4a")]
FILE_PATH = Annotated[str, Chars(1, 200), Example("donor/main.js")]
CODE_CHARS_MAX = 40
CODE_PATH = Annotated[str, Chars(1, CODE_CHARS_MAX), Example("7KQ2M-X9RTB")]
JOIN_PATH: Final = "/j/<code>"
INSTALLED_AT: Final = "/"


@attrs.frozen
class Page:
    """A page, by the folder of its modules, which `main.js` begins, and of its own styles."""

    folder: str
    title: str


HOME = Page("home", "Auctions")
JOIN = Page("join", "Join the auction")
DONOR = Page("donor", "Auction")
AUCTIONEER = Page("auctioneer", "Auctioneer")
ROSTRUM = Page("rostrum", "Rostrum")
DISPLAY = Page("display", "Display")
ADMIN = Page("admin", "Administration")
OPERATOR = Page("operator", "Operation")
LETTER = Page("letter", "Your account")
MISSING = Page("missing", "Not found")


@attrs.define(eq=False)
class Library:
    """Everything that is served, ready as it is sent."""

    web: WebFiles
    _kept: dict[tuple[str, str], WebFile] = attrs.field(init=False, factory=dict)

    def page(self, page: Page, manifest: str) -> WebFile:
        """Give the document that a page begins with. manifest: the address of its manifest."""
        web, module = self.web, f"{page.folder}/main.js"
        heads = [
            f'<link rel="stylesheet" href="{web.base}/{web.sheet(page.folder)}">',
            *(
                f'<link rel="modulepreload" href="{web.base}/{path}">'
                for path in web.imports(module)
            ),
            f'<link rel="manifest" href="{escape(manifest)}">',
            f'<script type="module" src="{web.base}/{module}"></script>',
        ]
        document = _filled(
            web.text(SHELL),
            title=page.title,
            base=web.base,
            page=page.folder,
            heads="\n".join(heads),
        )
        return made_file("", TYPES[".html"], document.encode())

    def page_kept(self, page: Page) -> WebFile:
        """Give the document of a page that is the same for all."""
        key = (page.folder, "")
        if key not in self._kept:
            self._kept[key] = self.page(page, "/manifest.webmanifest")
        return self._kept[key]

    def worker(self) -> WebFile:
        """Give the service worker, which knows its release and what an offline page needs."""
        key = (WORKER, "")
        if key not in self._kept:
            modules = self.web.imports(f"{DONOR.folder}/main.js", later=True)
            needed = [SHARED_SHEET, self.web.sheet(DONOR.folder), *modules]
            shell = orjson.dumps([f"{self.web.base}/{path}" for path in needed]).decode()
            script = _filled(self.web.text(WORKER), release=self.web.release, shell=shell)
            self._kept[key] = made_file("", TYPES[".js"], script.encode())
        return self._kept[key]

    def manifest(self, start: str) -> WebFile:
        """Give the manifest of what is installed from an address."""
        icons = [
            ("icon-192.png", "192x192", "any"),
            ("icon-512.png", "512x512", "any"),
            ("icon-maskable.png", "512x512", "maskable"),
        ]
        body = {
            "name": "Saleroom",
            "short_name": "Saleroom",
            "description": "Bid from your seat.",
            "id": start,
            "start_url": start,
            "scope": INSTALLED_AT,
            "display": "standalone",
            "background_color": "#f6f5f1",
            "theme_color": "#0f5c4d",
            "icons": [
                {
                    "src": f"{self.web.base}/icons/{name}",
                    "sizes": sizes,
                    "type": "image/png",
                    "purpose": purpose,
                }
                for name, sizes, purpose in icons
            ],
        }
        return made_file("", JSON, orjson.dumps(body))


def page_routes(access: Access) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("pages", __name__)
    library = Library(web_files())

    @routes.get(f"{BASE}/<release>/<path:path>")
    @contract(
        "Fetch a file of the pages",
        tag=TAG,
        who=NOBODY_ASKED,
        path={"release": RELEASE_PATH, "path": FILE_PATH},
        answers={200: "*/*", 304: None},
        refusals=("NOT_FOUND",),
        description="Of another release than ours, the file as it is now, which nobody keeps.",
    )
    async def file(release: str, path: str) -> Response:
        found = library.web.files.get(path)
        if found is None:
            raise Problem("NOT_FOUND")
        return _sent(found, FOR_EVER if release == library.web.release else ASK_FIRST)

    @routes.get("/worker.js")
    @contract(
        "Fetch the pages' service worker",
        tag=TAG,
        who=NOBODY_ASKED,
        answers={200: SCRIPT, 304: None},
    )
    async def worker() -> Response:
        return _sent(library.worker(), ASK_FIRST)

    @routes.get("/manifest.webmanifest")
    @contract(
        "Fetch the manifest of the installed pages",
        tag=TAG,
        who=NOBODY_ASKED,
        answers={200: dict, 304: None},
    )
    async def manifest() -> Response:
        return _sent(library.manifest(INSTALLED_AT), ASK_FIRST)

    @routes.get("/e/<event>/manifest.webmanifest")
    @contract(
        "Fetch the manifest of an event's installed page",
        tag=TAG,
        who=NOBODY_ASKED,
        answers={200: dict, 304: None},
    )
    async def event_manifest(event: str) -> Response:
        return _sent(library.manifest(f"/e/{event_id(event)}"), ASK_FIRST)

    async def event_page(page: Page, event: str) -> Response:
        """Give an event's page, or one that helps whoever has a wrong address."""
        try:
            await access.reader(event_id(event))
        except Problem as problem:
            if problem.code == "UNKNOWN_EVENT":
                return _sent(library.page_kept(MISSING), ASK_FIRST, 404)
            if problem.code != "UNAUTHENTICATED":
                raise
        return _sent(library.page(page, f"/e/{event}/manifest.webmanifest"), ASK_FIRST)

    def put(path: str, name: str, summary: str, page: Page) -> None:
        @contract(summary, tag=TAG, who=NOBODY_ASKED, answers={200: HTML, 304: None})
        async def show() -> Response:
            return _sent(library.page_kept(page), ASK_FIRST)

        routes.add_url_rule(path, name, show)

    def put_event(path: str, name: str, summary: str, page: Page) -> None:
        @contract(summary, tag=TAG, who=ANYONE, answers={200: HTML, 304: None, 404: HTML})
        async def show(event: str) -> Response:
            return await event_page(page, event)

        routes.add_url_rule(path, name, show)

    put("/", "home", "Open the list of events", HOME)
    put("/admin", "admin", "Open the administration", ADMIN)
    put("/operator", "operator", "Open the operation", OPERATOR)
    put("/verify", "verify", "Open the link of a letter that confirms an address", LETTER)
    put("/reset", "reset", "Open the link of a letter that allows a new password", LETTER)
    put_event("/e/<event>", "donor", "Open an event as a donor", DONOR)
    put_event("/e/<event>/auctioneer", "auctioneer", "Open an event as auctioneer", AUCTIONEER)
    put_event("/e/<event>/rostrum", "rostrum", "Open an event's rostrum view", ROSTRUM)
    put_event("/e/<event>/display", "display", "Open an event's display", DISPLAY)

    @routes.get(JOIN_PATH)
    @contract(
        "Open the link of a join code",
        tag=TAG,
        who=NOBODY_ASKED,
        path={"code": CODE_PATH},
        answers={200: HTML, 304: None, 404: HTML},
        description="The same page for every code: whether one is good is told when it is used.",
    )
    async def join(code: str) -> Response:
        if len(code) > CODE_CHARS_MAX:
            return _sent(library.page_kept(MISSING), ASK_FIRST, 404)
        return _sent(library.page_kept(JOIN), ASK_FIRST)

    return routes


def _sent(file: WebFile, caching: str, status: int = 200) -> Response:
    body, is_packed = file.sent(request.headers.get("Accept-Encoding", ""))
    if status == 200 and has_tag(request.headers.get("If-None-Match"), file.tag):
        return Response(b"", 304, dict(file.headers(caching, is_packed=False)))
    headers = dict(file.headers(caching, is_packed=is_packed))
    return Response(body, status, headers, content_type=file.content_type)


def _filled(template: str, **values: str) -> str:
    for name, value in values.items():
        template = template.replace(f"{{{{{name}}}}}", value)
    return template
