"""Draws docs/openapi.json and docs/asyncapi.yaml from the server's own declarations.

Owns: the files' form. Invariant: they say what a server of this checkout serves at `/openapi.json`
and `/asyncapi.json`, for they are drawn from one that was put together and not started. Must not
know: any route or message. Source: issue 6 point 6, STYLE "Shape".
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson
import trio
import yaml

from saleroom.app import open_server
from saleroom.config import read_settings
from saleroom.http.api import DOCUMENTS, make_quart
from saleroom.http.docs.api_docs import Documents

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs"
REMEDY: Final = "python -m tools.api_docs"
NOWHERE: Final = "postgresql://nobody@127.0.0.1:1/none"
"""A server that is not started reaches for no database."""


def files() -> dict[str, str]:
    """Give the text of each file by its name."""
    http, sockets = trio.run(_documents)
    indented = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    text = yaml.safe_dump(sockets, sort_keys=False, allow_unicode=True, width=100)
    return {"openapi.json": orjson.dumps(http, option=indented).decode(), "asyncapi.yaml": text}


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """Write the files, or with `--check` only compare; give the exit code."""
    stale = {name: text for name, text in files().items() if _read(folder / name) != text}
    if stale and arguments == ["--check"]:
        print(f"{' and '.join(stale)} stale; run: {REMEDY}", file=sys.stderr)
        return 1
    for name, text in stale.items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


async def _documents() -> tuple[Any, Any]:
    with TemporaryDirectory() as folder:
        settings = read_settings({"SALEROOM_DATA_DIR": folder, "SALEROOM_DATABASE_URL": NOWHERE})
        async with open_server(settings) as server:
            documents: Documents = make_quart(server.services).extensions[DOCUMENTS]
            drawn = documents.drawn()
            return orjson.loads(drawn.openapi), orjson.loads(drawn.asyncapi)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
