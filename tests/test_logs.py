"""Logs: a record is one line, and what must not be told is not.

Owns: attempts to get secrets and personal data into a log line. Source: I5, `saleroom.logs`.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from saleroom.http.accounts.tokens import SecretKey, TokenIssuer
from saleroom.http.requests.front import request_id
from saleroom.logs import OUTSPOKEN, JsonFormatter, TextFormatter, set_up_logs

TOKEN = TokenIssuer(SecretKey(b"x" * 32), lambda: 1e9).issue("ann", [], 60)
FORMS = ["text", "json"]
SECRETS = [
    ("a token", f"could not read {TOKEN}", TOKEN),
    ("its last part", f"could not read {TOKEN}", TOKEN.rpartition(".")[2]),
    ("a bearer", "Authorization: Bearer s3cr3t-opaque", "s3cr3t-opaque"),
    ("basic", "sent Basic YW5uOmh1bnRlcjI=", "YW5uOmh1bnRlcjI"),
    ("a password", "login failed password=hunter2", "hunter2"),
    ("in JSON", '{"password": "hunter two", "lot": 1}', "hunter two"),
    ("with a quote", '{"password": "hunt\\"er2"}', "er2"),
    ("in a repr", "{'new_password': 'hunter2'}", "hunter2"),
    ("a secret", "SALEROOM_SECRET=0123456789abcdef", "0123456789abcdef"),
    ("a refresh token", "refresh_token: 9f8e7d6c", "9f8e7d6c"),
    ("a cookie", "Cookie: saleroom_session=abc123", "abc123"),
    ("a link of a mail", "see https://gala.example/reset?token=abc123def", "abc123def"),
    ("an address of a store", "cannot reach postgresql://ann:hunter2@db/sale", "hunter2"),
    ("an e-mail address", "no account for ann.lee+gala@mail.example.org", "ann.lee"),
    ("an e-mail's host", "no account for ann.lee+gala@mail.example.org", "mail.example"),
    ("a phone", "sms to +1 (555) 010-4477 failed", "4477"),
    ("a plain phone", "sms to +15550104477 failed", "0104477"),
    ("a national phone", "sms to (555) 010-4477 failed", "4477"),
]


@pytest.fixture(params=FORMS)
def heard(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What a logger writes in either form."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonFormatter() if request.param == "json" else TextFormatter())
    root = logging.getLogger("saleroom")
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    yield out
    root.removeHandler(handler)
    root.setLevel(level)


def lines(heard: io.StringIO) -> list[str]:
    return heard.getvalue().splitlines()


@pytest.mark.parametrize(("text", "secret"), [pair[1:] for pair in SECRETS], ids=lambda _: "")
def test_a_secret_in_a_message_is_struck_out(heard: io.StringIO, text: str, secret: str) -> None:
    logging.getLogger("saleroom.http").warning("%s", text)
    (line,) = lines(heard)
    assert "***" in line
    assert secret not in line


@pytest.mark.parametrize(("text", "secret"), [pair[1:] for pair in SECRETS], ids=lambda _: "")
def test_a_secret_in_a_traceback_is_struck_out(heard: io.StringIO, text: str, secret: str) -> None:
    try:
        raise ValueError(text)
    except ValueError:
        logging.getLogger("saleroom.http").exception("it failed")
    (line,) = lines(heard)
    assert "ValueError" in line
    assert secret not in line


@pytest.mark.parametrize(("text", "secret"), [pair[1:] for pair in SECRETS], ids=lambda _: "")
def test_a_secret_in_a_field_is_struck_out(heard: io.StringIO, text: str, secret: str) -> None:
    fields = {"detail": text, "nested": {"deep": [text]}}
    logging.getLogger("saleroom.http").warning("it failed", extra=fields)
    (line,) = lines(heard)
    assert secret not in line


@pytest.mark.parametrize(
    "field", ["password", "token", "reset_token", "email", "phone", "user_name", "Authorization"]
)
def test_a_field_whose_name_says_so_is_never_shown(heard: io.StringIO, field: str) -> None:
    logging.getLogger("saleroom.http").warning("it failed", extra={field: "plain words"})
    assert "plain words" not in heard.getvalue()
    assert "***" in heard.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "event gala: rebuilding after position 1700000000123",
        "lot 17 at 12500, seq 1043, 2026-11-20T09:05:58.123",
        "cannot listen on 127.0.0.1, port 8080",
        "path saleroom/events/event:gala, 555 commands, 1.234.567 bytes",
    ],
)
def test_what_is_no_secret_stays(heard: io.StringIO, text: str) -> None:
    logging.getLogger("saleroom.http").warning(text)
    assert text in heard.getvalue()
    assert "***" not in heard.getvalue()


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\x85b", "a\u2028b", "a\x1b[2Jb", "a\0b"])
def test_a_record_is_one_line_of_printable_text(heard: io.StringIO, text: str) -> None:
    logging.getLogger("saleroom.http").warning("%s", text, extra={"title": text})
    (line,) = lines(heard)
    assert line.isprintable()


def test_a_traceback_is_on_the_line_too(heard: io.StringIO) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.getLogger("saleroom.http").exception("it failed")
    (line,) = lines(heard)
    assert "ZeroDivisionError: division by zero" in line


def test_fields_and_the_request_stand_on_the_line(heard: io.StringIO) -> None:
    token = request_id.set("trace.12345")
    fields = {"event": "gala", "lot": 17, "paddle": 101, "command_id": "c-1", "seq": 1043}
    logging.getLogger("saleroom.decisions").debug("decided", extra=fields)
    request_id.reset(token)
    (line,) = lines(heard)
    if line.startswith("{"):
        assert json.loads(line).items() >= {**fields, "request": "trace.12345"}.items()
    else:
        assert "event=gala lot=17 paddle=101 command_id=c-1 seq=1043 request=trace.12345" in line


def test_mail_that_goes_nowhere_is_readable_in_the_log(heard: io.StringIO) -> None:
    logging.getLogger(OUTSPOKEN).info("To: ann@example.org\nhttps://gala.example/?token=abc")
    (line,) = lines(heard)
    assert "ann@example.org" in line
    assert "token=abc" in line


@pytest.mark.parametrize("form", FORMS)
def test_logs_go_to_stderr_from_their_level_on(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        set_up_logs("WARNING", form)
        logging.getLogger("saleroom.http").info("quiet")
        logging.getLogger("saleroom.http").warning("loud")
    finally:
        root.handlers[:], root.level = before, level
    told = capsys.readouterr()
    assert told.out == ""
    assert "loud" in told.err
    assert "quiet" not in told.err
