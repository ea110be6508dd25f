"""The files of `saleroom/web/`: what browsers load, read once and kept as it is sent.

Owns: which files there are, their types and packed forms, the headers they bear, and the release
that names them together.
Invariant: a path is looked up among the names that were read, never in a folder; what stands below
the release's own address never changes, so that a browser asks for it once. Must not know: pages,
requests. Source: RFC 9110 8.4, RFC 8246 ("immutable").
"""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import attrs

BASE: Final = "/web"
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_FIRST: Final = "no-cache"
TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""What is served; files of other kinds stay in the package."""
SHARED_STYLES: Final = ("tokens.css", "base.css", "parts.css")
SHEETS: Final = "sheets"
"""Where each page's styles stand as one file, the shared ones first: one request, not six."""
SHARED_SHEET: Final = f"{SHEETS}/shared.css"
PACKED_LEAST: Final = 512
"""Bytes below which packing gains nothing."""
RELEASE_BYTES, TAG_BYTES = 8, 16
NOT_TAKEN: Final = re.compile(r"q=0(\.0*)?", re.IGNORECASE)
IMPORT: Final = re.compile(
    rb"""(?:^|;)(?:import|export)\b[^"';]*["'](\.[^"']+)["'];""", re.MULTILINE
)
LATER_IMPORT: Final = re.compile(rb"""\bimport\(["'](\.[^"']+)["']\)""")


@attrs.frozen
class WebFile:
    """A file. packed: gzipped, None where that gains nothing."""

    path: str
    content_type: str
    plain: bytes = attrs.field(repr=False)
    packed: bytes | None = attrs.field(repr=False)
    tag: str

    def sent(self, accepted: str) -> tuple[bytes, bool]:
        """Give the body for a client's Accept-Encoding, and whether it is packed."""
        if self.packed is not None and any(map(_takes_gzip, accepted.split(","))):
            return self.packed, True
        return self.plain, False

    def headers(self, caching: str, *, is_packed: bool) -> Sequence[tuple[str, str]]:
        """Give the headers, but for type and length."""
        packed = [("Content-Encoding", "gzip")] if is_packed else []
        vary = [] if self.packed is None else [("Vary", "Accept-Encoding")]
        return [("Cache-Control", caching), ("ETag", self.tag), *vary, *packed]


@attrs.frozen
class WebFiles:
    """All files by their path. release: names their contents together."""

    files: Mapping[str, WebFile]
    release: str

    @property
    def base(self) -> str:
        """The address below which this release's files stand."""
        return f"{BASE}/{self.release}"

    def text(self, path: str) -> str:
        """Give a file that the package surely has."""
        return self.files[path].plain.decode()

    def sheet(self, folder: str) -> str:
        """Give the path of the styles of a page, by its folder."""
        own = f"{SHEETS}/{folder}.css"
        return own if own in self.files else SHARED_SHEET

    def imports(self, path: str, *, later: bool = False) -> list[str]:
        """Give a module and all it imports, each once. later: also what it imports as it runs."""
        found: dict[str, None] = {}
        waiting = [path]
        while waiting:
            module = waiting.pop(0)
            if module not in found:
                found[module] = None
                waiting += self._imported(module, IMPORT)
                if later:
                    waiting += self._imported(module, LATER_IMPORT)
        return list(found)

    def _imported(self, path: str, pattern: re.Pattern[bytes]) -> Iterator[str]:
        folder = posixpath.dirname(path)
        for name in pattern.findall(self.files[path].plain):
            yield posixpath.normpath(posixpath.join(folder, name.decode()))


def made_file(path: str, content_type: str, body: bytes) -> WebFile:
    """Make a file, ready as it is sent."""
    digest = hashlib.blake2b(body, digest_size=TAG_BYTES).hexdigest()
    return WebFile(path, content_type, body, _packed(body, content_type), f'"{digest}"')


def _packed(body: bytes, content_type: str) -> bytes | None:
    """Gzip a body where that gains something; the same bytes give the same result."""
    if len(body) < PACKED_LEAST or content_type == TYPES[".png"]:
        return None
    return gzip.compress(body, 9, mtime=0)


@cache
def web_files() -> WebFiles:
    """Read the package's files; some 20 ms, the first time."""
    return read_files(files("saleroom") / "web")


def read_files(folder: Traversable) -> WebFiles:
    """Read a folder and all below it."""
    read = {file.path: file for file in _read(folder, "")}
    read |= {sheet.path: sheet for sheet in _sheets(read)}
    together = hashlib.blake2b(digest_size=RELEASE_BYTES)
    for path in sorted(read):
        together.update(f"{path}\0{read[path].tag}\0".encode())
    return WebFiles(read, together.hexdigest())


def _read(folder: Traversable, prefix: str) -> Iterator[WebFile]:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _read(entry, f"{path}/")
        elif (kind := TYPES.get(posixpath.splitext(path)[1])) is not None:
            yield made_file(path, kind, entry.read_bytes())


def _sheets(read: Mapping[str, WebFile]) -> Iterator[WebFile]:
    """Join the styles of each page; none where a folder has no shared ones."""
    shared = [read[path] for path in SHARED_STYLES if path in read]
    if not shared:
        return
    yield _joined(SHARED_SHEET, shared)
    styles = [path for path in sorted(read) if path.endswith(".css") and "/" in path]
    for folder in dict.fromkeys(posixpath.dirname(path) for path in styles):
        own = [read[path] for path in styles if posixpath.dirname(path) == folder]
        yield _joined(f"{SHEETS}/{folder}.css", [*shared, *own])


def _joined(path: str, parts: Sequence[WebFile]) -> WebFile:
    return made_file(path, TYPES[".css"], b"\n".join(part.plain for part in parts))


def _takes_gzip(coding: str) -> bool:
    name, _, weight = coding.partition(";")
    return name.strip().lower() == "gzip" and not NOT_TAKEN.fullmatch(weight.strip())
