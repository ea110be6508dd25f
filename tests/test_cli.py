"""The command line without a server: help, wrong calls, refusals, rehearsals and tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt
import orjson
import pytest
import trio

from saleroom import cli, cli_history, cli_shared
from saleroom.audit import Receipt
from saleroom.cli_client import tree_lines
from tests.history import evening

SECRET = "only for tests, and long enough to be a secret"
COMMANDS = [
    "serve",
    "demo",
    "token",
    "watch",
    "bid",
    "tree",
    "replay",
    "audit",
    "export",
    "import",
    "rehearse",
]

Run = tuple[int, str, str]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have no setting but a data folder that does not exist yet."""
    monkeypatch.setenv("SALEROOM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("SALEROOM_SECRET", raising=False)
    monkeypatch.delenv("SALEROOM_DATABASE_URL", raising=False)


@pytest.fixture
def saleroom(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> Run:
        try:
            status = cli.main(arguments)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def is_one_line(text: str) -> bool:
    return text.startswith("saleroom: ") and text.count("\n") == 1 and text.endswith("\n")


# Help


def test_help_names_every_command(saleroom: Any) -> None:
    status, out, err = saleroom("--help")
    assert (status, err) == (0, "")
    for command in COMMANDS:
        assert f"\n    {command} " in out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_shows_examples_that_parse(saleroom: Any, command: str) -> None:
    status, out, err = saleroom(command, "--help")
    assert (status, err) == (0, "")
    _, _, examples = out.partition("examples:\n")
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    assert lines
    for line in lines:
        program, *words = line.split()
        assert program == "saleroom"
        assert words[0] == command


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["dance"],
        ["bid"],
        ["bid", "gala", "one", "5"],
        ["bid", "gala", "1", "5.50"],
        ["token", "--sub", "ann"],
        ["token", "--sub", "ann", "--role", "king"],
        ["token", "--sub", "ann", "--role", "donor", "--ttl", "0"],
        ["token", "--sub", "ann", "--role", "donor", "--ttl", "soon"],
        ["watch", "gala", "--role", "king"],
        ["replay", "gala", "--to", "yesterday"],
        ["audit", "gala", "--receipt", "abc"],
        ["audit", "gala", "--receipt", "x:" + "a" * 64],
        ["audit", "gala", "--receipt", ":" + "a" * 64],
        ["audit", "gala", "--receipt", "A" * 64],
        ["rehearse"],
        ["serve", "--port", "5"],
    ],
)
def test_a_wrong_call_is_exit_2(saleroom: Any, words: list[str]) -> None:
    status, out, err = saleroom(*words)
    assert (status, out) == (2, "")
    assert err.startswith("usage: saleroom")
    assert "Traceback" not in err


# Receipts


def test_a_receipt_is_a_hash_or_a_seq_and_a_hash() -> None:
    head = "0123456789abcdef" * 4
    assert cli_history._receipt(head) == Receipt(head)
    assert cli_history._receipt(f"1043:{head}") == Receipt(head, 1043)


def test_a_receipt_may_be_a_file_with_the_ack(tmp_path: Path) -> None:
    head = evening().book.head.hex()
    file = tmp_path / "ack.json"
    file.write_text(json.dumps({"type": "ack", "re": "1", "seq": 10, "hash": head}))
    assert cli_history._receipt(str(file)) == Receipt(head, 10)
    file.write_text(json.dumps({"type": "ack", "re": "1", "hash": head}))
    assert cli_history._receipt(str(file)) == Receipt(head)


@pytest.mark.parametrize("content", ["", "{}", "[]", "5", '{"seq": 5}', "\x00"])
def test_a_file_without_an_ack_is_a_wrong_call(saleroom: Any, tmp_path: Path, content: str) -> None:
    file = tmp_path / "ack.json"
    file.write_text(content)
    status, _, err = saleroom("audit", "gala", "--receipt", str(file))
    assert status == 2
    assert err.rstrip().endswith(f"{file}: no ack is in it")


# Settings and secrets


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SALEROOM_PORT", "http"),
        ("SALEROOM_PORT", "70000"),
        ("SALEROOM_HOST", "not a host"),
        ("SALEROOM_SECRET", "short"),
        ("SALEROOM_DATABASE_URL", "mysql://h/db"),
        ("SALEROOM_REDIS_URL", "http://h"),
        ("SALEROOM_JWKS_URL", "http://keys.example"),
        ("SALEROOM_ALLOWED_ORIGINS", "gala.example"),
        ("SALEROOM_PUBLIC_URL", "gala.example"),
        ("SALEROOM_LOG_LEVEL", "loud"),
        ("SALEROOM_LOG_FORMAT", "xml"),
        ("SALEROOM_PROT", "8080"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_bad_setting_is_one_line_that_names_it(
    saleroom: Any, monkeypatch: pytest.MonkeyPatch, command: str, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    status, out, err = saleroom(command)
    assert (status, out) == (1, "")
    assert is_one_line(err)
    assert name in err


def test_serve_lists_its_settings(saleroom: Any) -> None:
    status, out, err = saleroom("serve", "--settings")
    assert (status, err) == (0, "")
    assert "SALEROOM_DATABASE_URL" in out


def test_a_token_says_what_it_was_asked_to(saleroom: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALEROOM_SECRET", SECRET)
    status, out, err = saleroom(
        "token",
        "--sub",
        "gus",
        "--role",
        "clerk",
        "--role",
        "admin",
        "--event",
        "gala",
        "--ttl",
        "9",
    )
    assert (status, err) == (0, "")
    claims = jwt.decode(out.strip(), SECRET, algorithms=["HS256"], audience="saleroom")
    assert claims["sub"] == "gus"
    assert claims["roles"] == ["admin", "clerk"]
    assert claims["events"] == ["gala"]
    assert claims["exp"] - claims["iat"] == 9


def test_a_short_secret_signs_nothing(saleroom: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALEROOM_SECRET", "x" * 31)
    status, out, err = saleroom("token", "--sub", "ann", "--role", "donor")
    assert (status, out) == (1, "")
    assert is_one_line(err)
    assert "SALEROOM_SECRET" in err
    assert "xxx" not in err


def test_a_secret_file_that_was_shortened_signs_nothing(
    saleroom: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SALEROOM_DATA_DIR", str(tmp_path))
    (tmp_path / "signing-key").write_bytes(b"short")
    status, out, err = saleroom("token", "--sub", "ann", "--role", "donor")
    assert (status, out) == (1, "")
    assert is_one_line(err)
    assert "5 bytes" in err


def test_without_a_data_folder_there_is_no_secret(saleroom: Any, tmp_path: Path) -> None:
    status, out, err = saleroom("token", "--sub", "ann", "--role", "donor")
    assert (status, out) == (1, "")
    assert is_one_line(err)
    assert "start a server first" in err
    assert not (tmp_path / "data").exists()


def test_a_token_is_signed_with_the_secret_of_the_data_folder(
    saleroom: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SALEROOM_DATA_DIR", str(tmp_path))
    status, out, err = saleroom("token", "--sub", "ann", "--role", "donor")
    assert (status, err) == (0, "")
    assert out.count(".") == 2
    assert (tmp_path / "signing-key").stat().st_mode & 0o777 == 0o600


# Commands that need a server


@pytest.mark.parametrize(
    "words",
    [
        ["watch", "gala"],
        ["bid", "gala", "1", "500", "--token", "t"],
        ["tree", "--token", "t"],
    ],
)
def test_no_server_is_one_line(saleroom: Any, words: list[str]) -> None:
    status, out, err = saleroom(*words, "--server", "http://127.0.0.1:9")
    assert (status, out) == (1, "")
    assert is_one_line(err)
    assert "is it running?" in err
    status, out, err = saleroom(*words, "--server", "127.0.0.1:9")
    assert (status, out) == (1, "")
    assert is_one_line(err)
    assert "expected http://HOST:PORT" in err


def test_a_tree_needs_somebody(saleroom: Any) -> None:
    status, _, err = saleroom("tree")
    assert status == 1
    assert is_one_line(err)
    assert "--as USER" in err


def test_a_tree_is_drawn_with_what_ails_it() -> None:
    leaf = {"path": "a/b", "state": "running", "restarts": 2, "last_error": "OSError: x"}
    root = {"path": "a", "state": "running", "restarts": 0, "last_error": None, "stats": {}}
    node = {
        **root,
        "children": [{**leaf, "stats": {"seq": 5, "idle": 0, "age": None}, "children": []}],
    }
    first, second = tree_lines(node)
    assert first == "a                            running"
    assert second == "  b                          running       restarts=2  seq=5  ! OSError: x"


# Rehearsals

SCENARIO = {
    "scenario": 1,
    "name": "evening",
    "event": {"currency": "USD"},
    "paddles": [{"paddle": 101, "user": "ann"}],
    "lots": [{"lot": 1, "mode": "silent", "opening": 10_000}],
    "steps": [{"at": 0, "state": {"lot": 1, "state": "open", "price": None}}],
}
FAILING = {**SCENARIO, "name": "rain", "steps": [{"at": 3, "state": {"lot": 1, "price": 7}}]}


def file_with(folder: Path, name: str, content: object) -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    return str(path)


def test_scenarios_that_hold_are_exit_0(saleroom: Any, tmp_path: Path) -> None:
    one = file_with(tmp_path, "one.json", SCENARIO)
    two = file_with(tmp_path, "two.json", [SCENARIO, SCENARIO])
    assert saleroom("rehearse", one) == (0, "1 of 1 scenarios hold\n", "")
    assert saleroom("rehearse", one, two) == (0, "3 of 3 scenarios hold\n", "")


def test_scenarios_that_fail_are_exit_1_with_a_line_each(saleroom: Any, tmp_path: Path) -> None:
    files = [
        file_with(tmp_path, "one.json", [SCENARIO, FAILING]),
        file_with(tmp_path, "two.json", FAILING),
    ]
    line = "rain: step 1 at 3: lot 1: expected price=7, got None\n"
    assert saleroom("rehearse", *files) == (1, f"{line}{line}1 of 3 scenarios hold\n", "")
    assert saleroom("rehearse", *files) == (1, f"{line}{line}1 of 3 scenarios hold\n", "")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"not json", "not JSON"),
        ({"scenario": 2}, "a scenario is an object"),
        ([], "no scenario"),
        ({**SCENARIO, "steps": [{"at": 0}]}, "evening: step 1: a step has one of"),
        ({**SCENARIO, "lots": [{"lot": 1}]}, "evening: mode: is required"),
    ],
)
def test_a_file_that_is_no_scenario_is_exit_2(
    saleroom: Any, tmp_path: Path, content: object, reason: str
) -> None:
    good = file_with(tmp_path, "good.json", SCENARIO)
    status, out, err = saleroom("rehearse", good, file_with(tmp_path, "bad.json", content))
    assert (status, out) == (2, "")
    assert is_one_line(err)
    assert reason in err


def test_a_file_that_is_not_there_is_exit_2(saleroom: Any, tmp_path: Path) -> None:
    status, out, err = saleroom("rehearse", str(tmp_path / "nowhere.json"))
    assert (status, out) == (2, "")
    assert is_one_line(err)
    assert "nowhere.json" in err


# Imports


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe"])
def test_a_file_that_is_no_export_is_one_line(
    saleroom: Any, tmp_path: Path, content: bytes
) -> None:
    file = file_with(tmp_path, "gala.jsonl", content)
    status, out, err = saleroom("import", file)
    assert (status, out) == (1, "")
    assert is_one_line(err)
    assert file in err
    assert not (tmp_path / "data").exists(), "nothing was started for it"


def test_an_export_that_is_not_there_is_one_line(saleroom: Any, tmp_path: Path) -> None:
    status, out, err = saleroom("import", str(tmp_path / "nowhere.jsonl"))
    assert (status, out) == (1, "")
    assert is_one_line(err)


@pytest.mark.parametrize("words", [["replay", "g"], ["audit", "g"], ["export", "g"]])
def test_an_unreachable_database_is_one_line(
    saleroom: Any, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("SALEROOM_DATABASE_URL", "postgresql://x@127.0.0.1:9/x")
    status, out, err = saleroom(*words)
    assert (status, out) == (1, "")
    assert is_one_line(err)


# How commands end


def test_an_interrupt_and_a_closed_pipe_come_out_of_their_groups() -> None:
    async def interrupted() -> None:
        async with trio.open_nursery():
            raise KeyboardInterrupt

    async def cut_off() -> None:
        async with trio.open_nursery():
            raise BrokenPipeError

    with pytest.raises(KeyboardInterrupt):
        cli_shared.run_async(interrupted)
    with pytest.raises(BrokenPipeError):
        cli_shared.run_async(cut_off)


def test_an_error_of_several_lines_is_told_in_one() -> None:
    assert cli_shared.one_line(OSError("one\ntwo")) == "one"
    assert cli_shared.one_line(OSError("it said:\nfirst\n  last")) == "it said: last"
    assert cli_shared.one_line(OSError("why:")) == "why:"
    assert cli_shared.one_line(OSError()) == "OSError()"


def test_a_command_needs_no_module_but_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    everything = [name for names in cli.MODULES.values() for name in names]
    for names in cli.MODULES.values():
        for name in names:
            for other in everything:
                parser = cli.make_parser(name)
                with pytest.raises(SystemExit) as ended:
                    parser.parse_args([other, "--help"])
                capsys.readouterr()
                assert ended.value.code == (0 if other in names else 2)
