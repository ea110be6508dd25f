"""saleroom erase: a person's traces removed on the command line."""

from __future__ import annotations

import io

import pytest
import trio

from saleroom import cli
from saleroom.storage.accounts_ports import Account
from saleroom.storage.ports import NotFound, Registration, Stores


class Terminal(io.StringIO):
    """Standard input of a person."""

    def isatty(self) -> bool:
        return True


async def run(*words: str) -> int:
    return await trio.to_thread.run_sync(lambda: cli.main(["erase", *words]))


@pytest.fixture
async def stores(pg_stores: Stores, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Stores:
    """A database that a server has open, with ann's account and registration."""
    monkeypatch.setenv("SALEROOM_DATABASE_URL", postgres_dsn)
    await pg_stores.accounts.add(Account("ann", "Ann Lee", 1, "ann@gala.example"))
    row = Registration(101, "ann", "Ann Lee", "ann@gala.example")
    await pg_stores.catalogue.put_registration("gala", row)
    return pg_stores


async def test_a_user_is_erased_without_being_named(
    stores: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("--user", "ann", "--yes") == 0
    out = capsys.readouterr().out
    assert out.startswith("ann: 1 registrations, 0 wish lists")
    assert "Ann Lee" not in out
    assert (await stores.desk.guest("gala", 101)).name == "Paddle 101"
    assert (await stores.accounts.account("ann")).email is None
    [kept] = await stores.audit.entries(event=None, who=None, before=None, limit=9)
    assert (kept.entry.what, kept.entry.target) == ("account.erase", "ann")


async def test_a_user_of_whom_nothing_is_kept(
    stores: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("--user", "nobody", "--yes") == 1
    assert "nothing is kept of user nobody" in capsys.readouterr().err
    with pytest.raises(NotFound):
        await stores.accounts.account("nobody")


@pytest.mark.parametrize(("answer", "status", "name"), [("no", 1, "Ann Lee"), ("yes", 0, "")])
async def test_it_asks_first(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, answer: str, status: int, name: str
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    assert await run("--user", "ann") == status
    assert (await stores.desk.guest("gala", 101)).name == (name or "Paddle 101")


async def test_without_a_terminal_it_wants_to_be_told(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert await run("--user", "ann") == 1
    assert "--yes" in capsys.readouterr().err
    assert (await stores.desk.guest("gala", 101)).name == "Ann Lee"
