"""The rules of the house that a program can check, after TigerBeetle's tidy.zig.

Owns: checks of the checkout's files themselves. Invariant: each check is also shown to find what it
looks for. Must not know: what the code does. Source: ARCHITECTURE section 1, STYLE "Shape".
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from saleroom.config import settings_help
from tools.imports import CHECKOUT, breaches, parse, read_house
from tools.readme_settings import MARKER, NoMarkers, main, with_settings

LINES_MAX: Final = 500
SOURCES: Final = frozenset({".py", ".js", ".mjs", ".css", ".html", ".sql", ".sh"})
SCRIPTS: Final = ("Makefile", "Dockerfile", ".ci/run")
NOT_OURS: Final = frozenset({"node_modules", "__pycache__", "build", "dist"})
# Written in pieces, so that this file passes its own checks.
UNFINISHED: Final = re.compile(
    "|".join(
        [r"\b" + "TO" + r"DO\b", "FIX" + "ME", r"\bX" + r"XX\b", "HA" + r"CK\b", "for" + " now"]
    )
)
INDEX_HOSTS: Final = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "registry." + "npmjs",
    "registry." + "yarnpkg",
    "deb." + "debian.org",
    "archive." + "ubuntu.com",
    "conda." + "anaconda.org",
)


def our_files() -> Iterator[Path]:
    """Give every text file of the checkout, without what tools put there."""
    for folder, folders, names in os.walk(CHECKOUT):
        folders[:] = sorted(
            name
            for name in folders
            if name == ".ci" or (name not in NOT_OURS and not name.startswith("."))
        )
        for name in sorted(names):
            path = Path(folder, name)
            if b"\0" not in path.read_bytes()[:8192]:
                yield path


def sources() -> list[Path]:
    scripts = [CHECKOUT / name for name in SCRIPTS]
    tools = [path for path in (CHECKOUT / "tools").iterdir() if path.is_file()]
    found = [path for path in our_files() if path.suffix in SOURCES]
    return sorted({*found, *scripts, *tools})


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def short(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def test_imports_run_one_way() -> None:
    modules = read_house()
    assert len(modules) > 7
    assert [str(breach) for breach in breaches(modules)] == []


@pytest.mark.parametrize(
    ("module", "line", "reason"),
    [
        ("auction.lot", "import saleroom.protocol", "auction may not import protocol"),
        ("auction.lot", "from saleroom import config", "auction may not import config"),
        ("auction.lot", "import time", "auction is pure and may not import time"),
        ("auction.lot", "from os import path", "auction is pure and may not import os"),
        ("protocol.codec", "from trio import sleep", "protocol is pure and may not import trio"),
        ("protocol.codec", "x = datetime.now()", "a pure room reads a clock"),
        ("protocol.codec", "x = datetime.datetime.now(UTC)", "a pure room reads a clock"),
        ("protocol.codec", "from ..actors import mailbox", "protocol may not import actors"),
        ("protocol.codec", "def f(): import saleroom.http", "protocol may not import http"),
        (
            "actors.event",
            "import saleroom.storage.postgres",
            "actors may not import storage.postgres",
        ),
        ("actors.event", "from saleroom import storage", "actors may not import storage"),
        ("actors.event", "from saleroom.http import pages", "actors may not import http"),
        ("actors.event", "import asyncio", "asyncio stays in storage.bridge"),
        (
            "supervisor.tree",
            "from saleroom.config import Limits",
            "supervisor may not import config",
        ),
        ("storage.postgres", "import saleroom.actors.event", "storage may not import actors.event"),
        ("storage.postgres", "import asyncio", "asyncio stays in storage.bridge"),
        ("config", "from saleroom.auction import lot", "config may not import auction"),
        ("client", "from saleroom.auction import lot", "client may not import auction"),
        ("http.door", "import saleroom.app", "http may not import app"),
        ("http.door", "from saleroom.cli import main", "http may not import cli"),
        ("actors.event", "import quart_trio", "quart_trio stays in http"),
        ("app", "from hypercorn.config import Config", "hypercorn stays in http"),
    ],
)
def test_an_import_in_the_wrong_direction_is_found(module: str, line: str, reason: str) -> None:
    names = ("saleroom.storage", "saleroom.config", "saleroom.app", "saleroom.actors")
    house = [parse(name, "", is_package=True) for name in names]
    found = breaches([*house, parse(f"saleroom.{module}", line)])
    assert [breach.reason for breach in found] == [reason]


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("protocol.codec", "from saleroom.auction.lot import Lot"),
        ("protocol.codec", "from saleroom import __version__"),
        ("protocol.codec", "import datetime"),
        ("actors.event", "from saleroom.storage.ports import Journal"),
        ("actors.event", "from saleroom.storage import ports"),
        ("actors.event", "from .mailbox import Mailbox"),
        ("actors.event", "from saleroom.supervisor.spec import ChildSpec"),
        ("storage.bridge", "import asyncio"),
        ("http.door", "from hypercorn.trio.tcp_server import TCPServer"),
        ("app", "import saleroom.http.door.door"),
        ("client", "from saleroom.protocol import messages"),
    ],
)
def test_an_import_in_the_right_direction_passes(module: str, line: str) -> None:
    assert breaches([parse("saleroom.storage.ports", ""), parse(f"saleroom.{module}", line)]) == []


def test_an_sdk_has_one_adapter() -> None:
    first = parse("saleroom.http.cards", "import stripe\nimport stripe.error")
    second = parse("saleroom.http.wallets", "from stripe import Webhook")
    assert breaches([first]) == []
    found = [str(breach) for breach in breaches([first, second])]
    assert found == ["saleroom.http.wallets:1: stripe is imported by saleroom.http.cards already"]


def test_no_file_is_too_long() -> None:
    lengths = {short(path): len(text_of(path).splitlines()) for path in sources()}
    assert len(lengths) > 20
    assert {name: lines for name, lines in lengths.items() if lines > LINES_MAX} == {}


def test_every_module_begins_with_a_docstring() -> None:
    modules = [path for path in sources() if path.suffix == ".py" and text_of(path)]
    assert len(modules) > 10
    bare = [short(path) for path in modules if not ast.get_docstring(ast.parse(text_of(path)))]
    assert bare == []


def test_nothing_is_left_unfinished() -> None:
    assert UNFINISHED.search("# TO" + "DO: later")
    marks = [
        f"{short(path)}:{number}"
        for path in sources()
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert marks == []


def test_each_migration_has_a_number_of_its_own() -> None:
    names = sorted(path.name for path in (CHECKOUT / "saleroom/storage/migrations").glob("*.sql"))
    assert names
    assert all(re.fullmatch(r"[0-9]{4}_[a-z0-9_]+\.sql", name) for name in names), names
    assert len({name[:4] for name in names}) == len(names)


def test_no_file_names_a_package_index() -> None:
    files = list(our_files())
    assert CHECKOUT / "requirements.lock" in files
    named = [(short(path), host) for path in files for host in INDEX_HOSTS if host in text_of(path)]
    assert named == []


@pytest.mark.parametrize("name", ["requirements.lock", "tools/uv.txt"])
def test_the_locks_name_versions_and_hashes_alone(name: str) -> None:
    lines = text_of(CHECKOUT / name).splitlines()
    kinds = re.compile(
        r"#.*|[a-z0-9-]+==[^ ]+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|    #.*"
    )
    assert [line for line in lines if not kinds.fullmatch(line)] == []
    assert "://" not in "\n".join(lines)


def test_the_lock_of_the_node_test_names_no_address() -> None:
    lock = text_of(CHECKOUT / "tests/node/package-lock.json")
    assert '"integrity"' in lock
    assert "resolved" not in lock
    assert "://" not in lock


def test_make_help_lists_every_target() -> None:
    targets = re.findall(r"^([a-z-]+):", text_of(CHECKOUT / "Makefile"), re.MULTILINE)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    listing = subprocess.run(
        ["make", "--no-print-directory", "-C", str(CHECKOUT), "help"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    listed = re.findall(r"^make ([a-z-]+) +\S", listing, re.MULTILINE)
    assert "test" in listed
    assert listed == targets


def test_the_table_of_settings_replaces_what_stands_between_the_markers() -> None:
    text = f"before\n{MARKER}\nstale\n{MARKER}\nafter\n"
    current = f"before\n{MARKER}\n{settings_help()}\n{MARKER}\nafter\n"
    assert with_settings(text) == current
    assert with_settings(current) == current
    with pytest.raises(NoMarkers):
        with_settings("no markers")


def test_a_stale_table_fails_the_check_until_it_is_written(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    assert main(["--check"], readme) == 1
    readme.write_text(f"{MARKER}{MARKER}", encoding="utf-8")
    assert main(["--check"], readme) == 1
    assert main([], readme) == 0
    assert main(["--check"], readme) == 0
