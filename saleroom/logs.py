"""Logs: one line per record, as text or as JSON, without what must not be told.

Owns: the form of log lines, and what is struck out of them. Invariant: a record is one line,
whatever was logged; nothing that looks like a token, a password, an e-mail address or a phone
number leaves, be it in a message, a field or a traceback. The one exception is mail that nobody is
configured to send, whose whole point is to be read in the log.
Source: ARCHITECTURE 3 (I5), OWASP "Logging", SALEROOM_LOG_LEVEL and SALEROOM_LOG_FORMAT.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from saleroom.http.requests.front import request_id

STRUCK = "***"
OUTSPOKEN = "saleroom.mail"
"""The logger whose records are not struck out."""
SECRET_FIELDS = frozenset(
    {
        "authorization",
        "cookie",
        "email",
        "jwt",
        "key",
        "name",
        "password",
        "phone",
        "secret",
        "token",
    }
)
"""Fields whose values are never shown, also as parts of a name: `reset_token`."""

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Three parts of base64url: a token of ours or of anybody's.
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), STRUCK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;]+"), rf"\1 {STRUCK}"),
    # name=value, "name": "value" and name: value, for names that say what they hold.
    (
        re.compile(
            r"(?i)([\"']?\b[\w-]*(?:password|passwd|secret|token|authorization|cookie|api[_-]?key)"
            r"[\w-]*[\"']?\s*[=:]\s*)(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,;&}\])]+)"
        ),
        rf"\1{STRUCK}",
    ),
    # user:password@host
    (re.compile(r"(?i)([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@]*@"), rf"\1:{STRUCK}@"),
    (re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"), STRUCK),
    # International numbers, and national ones as people group them. Bare digits are not phones:
    # they are amounts, times and seqs.
    (re.compile(r"\+\d[\d\s().-]{6,18}\d"), STRUCK),
    (re.compile(r"(?<![\w.-])\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}(?![\w.-])"), STRUCK),
)
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))} | {
    0x0A: "\\n",
    0x0D: "\\r",
    0x09: "\\t",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}
_OWN_FIELDS = {*vars(logging.makeLogRecord({})), "message", "asctime", "color_message"}


def struck_out(text: str) -> str:
    """Give a text without what must not be logged."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def cleaned(value: object) -> object:
    """Give a value whose texts, however deep, are without what must not be logged."""
    if isinstance(value, Mapping):
        return {k: STRUCK if is_secret(str(k)) else cleaned(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [cleaned(each) for each in value]
    return value if isinstance(value, bool | int | float) else struck_out(str(value))


def one_line(text: str) -> str:
    """Give a text with its line ends and other control characters written out."""
    return text.translate(_CONTROLS)


def is_secret(field: str) -> bool:
    """Say whether a field's name tells that its value is not to be shown."""
    return not SECRET_FIELDS.isdisjoint(field.lower().split("_"))


class _Formatter(logging.Formatter):
    """What both forms share."""

    def parts(self, record: logging.LogRecord) -> tuple[str, dict[str, Any], str | None]:
        """Give the message, the fields beside it, and the traceback."""
        fields = {
            name: STRUCK if is_secret(name) else value
            for name, value in vars(record).items()
            if name not in _OWN_FIELDS
        }
        asked = request_id.get()
        if asked is not None:
            fields.setdefault("request", asked)
        error = self.formatException(record.exc_info) if record.exc_info else None
        message = record.getMessage()
        if record.name == OUTSPOKEN:
            return message, fields, error
        fields = {
            name: value if isinstance(value, bool | int | float) else str(cleaned(value))
            for name, value in fields.items()
        }
        return struck_out(message), fields, None if error is None else struck_out(error)


class JsonFormatter(_Formatter):
    """Write a record as one JSON object; `extra` fields stand beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        message, fields, error = self.parts(record)
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
            **fields,
        }
        if error is not None:
            line["error"] = error
        return json.dumps(line, default=str)


class TextFormatter(_Formatter):
    """Write a record as one line for people: time, level, logger, message, name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        message, fields, error = self.parts(record)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        named = "".join(f" {name}={value}" for name, value in fields.items())
        trace = "" if error is None else f" | {error}"
        return one_line(f"{at} {record.levelname} {record.name}: {message}{named}{trace}")


def set_up_logs(level: str, form: str) -> None:
    """Send all logs to stderr at a level, as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
