"""Logs: one line per event, as text or as JSON.

Owns: the form of log lines. Invariant: a line is one line, whatever was logged.
Source: ARCHITECTURE 1, SALEROOM_LOG_LEVEL and SALEROOM_LOG_FORMAT.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


class JsonFormatter(logging.Formatter):
    """Write a record as one JSON object; `extra` fields stand beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {k: v for k, v in vars(record).items() if k not in _OWN_FIELDS}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


_OWN_FIELDS = {*vars(logging.makeLogRecord({})), "message", "asctime"}


def set_up_logs(level: str, form: str) -> None:
    """Send all logs to stderr at a level, as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    if form == "json":
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
