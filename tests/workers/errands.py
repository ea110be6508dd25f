"""Functions for workers to be sent on: each shows one way in which work can end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any


def echo(*values: Any) -> tuple[Any, ...]:
    return values


def one(value: Any) -> Any:
    return value


def who() -> int:
    return os.getpid()


def surroundings() -> tuple[dict[str, str], bool, int]:
    return dict(os.environ), "trio" in sys.modules, os.getpgid(0)


def chatter() -> str:
    print("this is no answer")  # as libraries do
    return "said"


def stumble(secret: str) -> None:
    raise ValueError(f"cannot work on {secret}")


def vanish() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def devour(size: int) -> int:
    return len(bytearray(size))


def linger() -> None:
    threading.Event().wait()


def unheard_of() -> object:
    return object()


def much(size: int) -> bytes:
    return b"." * size
