"""saleroom admin: appointed on the command line, and listed."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import trio

from saleroom import cli, cli_accounts
from saleroom.cli_shared import Failure
from saleroom.http.accounts.password_work import check_password
from saleroom.http.accounts.sign_ins import digest
from saleroom.storage.accounts_ports import Account, SignIn
from saleroom.storage.ports import Stores

EMAIL = "ada@gala.example"
PASSWORD = "violet harbor nine"
NOWHERE = "postgresql://127.0.0.1:1/nowhere"


class Terminal(io.StringIO):
    """Standard input, of a person or of a pipe."""

    def __init__(self, text: str, *, is_terminal: bool) -> None:
        super().__init__(text)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


Run = Callable[..., Any]


@pytest.fixture
async def admin(pg_stores: Stores, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `saleroom admin ...` over a database that a server has open; its exit status."""
    monkeypatch.setenv("SALEROOM_DATABASE_URL", postgres_dsn)

    async def run(*words: str) -> int:
        monkeypatch.setattr("sys.stdin", Terminal(f"{PASSWORD}\n", is_terminal=False))
        return await trio.to_thread.run_sync(lambda: cli.main(["admin", *words]))

    return run


async def test_the_first_admin_is_appointed_and_listed(
    admin: Run, pg_stores: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await admin("list") == 0
    assert "there is no admin yet" in capsys.readouterr().out
    assert await admin("create", "--email", EMAIL, "--password-stdin") == 0
    out = capsys.readouterr().out
    made = await pg_stores.accounts.by_email(EMAIL)
    assert made is not None
    assert out == f"{EMAIL} ({made.id}): created; roles admin\n"
    assert (made.name, made.roles, made.events) == ("ada", frozenset({"admin"}), None)
    assert made.verified_at_ms is not None
    assert check_password(made.password, PASSWORD)[0]
    assert await admin("list") == 0
    assert capsys.readouterr().out == f"{EMAIL} ({made.id}): admin\n"


async def test_whoever_had_the_address_before_is_out(
    admin: Run, pg_stores: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    squatter = Account("u1", "Mallory", 1, EMAIL, password="$argon2id$other", is_disabled=True)
    await pg_stores.accounts.add(squatter)
    await pg_stores.sign_ins.begin(SignIn("s1", "u1", 1, 2**50), digest("token"), 5)
    words = ("create", "--email", EMAIL.upper(), "--role", "admin", "--role", "operator")
    assert await admin(*words, "--password-stdin") == 0
    assert "given the new password" in capsys.readouterr().out
    kept = await pg_stores.accounts.account("u1")
    assert kept.roles == frozenset({"admin", "operator", "donor"})
    assert not kept.is_disabled
    assert check_password(kept.password, PASSWORD)[0]
    assert await pg_stores.sign_ins.of_token(digest("token")) is None


@pytest.mark.parametrize(
    ("words", "typed", "why"),
    [
        (("--email", "ada"), PASSWORD, "--email: "),
        (("--email", EMAIL), "short", "10 to 128 characters"),
        (("--email", EMAIL), "", "10 to 128 characters"),
        (("--email", EMAIL), "password12", "too easy to guess"),
        (("--email", EMAIL), "galaexample", "too easy to guess"),
    ],
)
def test_what_does_not_hold_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    typed: str,
    why: str,
) -> None:
    monkeypatch.setenv("SALEROOM_DATABASE_URL", NOWHERE)
    monkeypatch.setattr("sys.stdin", Terminal(f"{typed}\n", is_terminal=False))
    assert cli.main(["admin", "create", *words, "--password-stdin"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("saleroom: ")
    assert captured.err.count("\n") == 1
    assert why in captured.err


def test_without_a_terminal_a_password_comes_on_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("", is_terminal=False))
    assert cli.main(["admin", "create", "--email", EMAIL]) == 1
    assert "--password-stdin" in capsys.readouterr().err


@pytest.mark.parametrize(("second", "is_taken"), [(PASSWORD, True), ("violet harbor ten", False)])
def test_at_a_terminal_a_password_is_asked_for_twice(
    monkeypatch: pytest.MonkeyPatch, second: str, is_taken: bool
) -> None:
    answers = iter([PASSWORD, second])
    monkeypatch.setattr("sys.stdin", Terminal("", is_terminal=True))
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    if is_taken:
        assert cli_accounts._read_password(from_stdin=False) == PASSWORD
    else:
        with pytest.raises(Failure, match="differ"):
            cli_accounts._read_password(from_stdin=False)


def test_a_database_that_is_away_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SALEROOM_DATABASE_URL", NOWHERE)
    assert cli.main(["admin", "list"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("words", [["admin"], ["admin", "create"], ["admin", "dance"]])
def test_a_wrong_call_is_exit_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: saleroom admin")


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["admin", "create", "--help"])
    assert "  saleroom admin create --email ada@gala.example" in capsys.readouterr().out
