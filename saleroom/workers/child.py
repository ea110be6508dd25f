"""A worker: a process that calls one function at a time, as its server asks over a pipe.

Owns: the process's own limits, and the loop of calls. Invariant: it ends when the server does, at
the latest at its call's deadline; what a call raised is told by type and place, never by its text,
which may hold what was worked on. Imports nothing but the frames before it is asked to.
Source: ARCHITECTURE 3 (I11).

Started as a script, isolated from the environment: `python -I child.py FOLDER MEMORY_BYTES NICE`,
where FOLDER holds the package.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import IO, Any


def main(folder: str, memory_bytes: int, nice: int) -> None:
    """Take limits upon this process and serve until the server closes the pipe."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(nice)
    sys.path.insert(0, folder)
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a library prints must not be taken for an answer.
    os.dup2(2, 1)
    while serve_one(calls, answers):
        pass


def serve_one(calls: IO[bytes], answers: IO[bytes]) -> bool:
    """Take one call and answer it; say whether there was one."""
    from saleroom.workers import frames

    length = calls.read(frames.LENGTH_BYTES)
    if len(length) < frames.LENGTH_BYTES:
        return False
    asked, parts = frames.decode_head(calls.read(frames.head_length(length)))
    arguments = [frames.decode_part(kind, calls.read(size)) for kind, size in parts]
    signal.setitimer(signal.ITIMER_REAL, asked["limit_s"])
    try:
        result = function(asked["function"])(*arguments)
        values = list(result) if isinstance(result, tuple) else [result]
        head = {"is_tuple": isinstance(result, tuple)}
        answer = frames.encode(head, frames.encode_parts(values))
    except MemoryError:
        return False  # nothing of this process can be relied on
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = f"{type(error).__name__} in {os.path.basename(place.filename)}:{place.lineno}"
        answer = frames.encode({"error": told}, frames.encode_parts([]))
    signal.setitimer(signal.ITIMER_REAL, 0)
    answers.writelines(answer)
    answers.flush()
    return True


def function(path: str) -> Callable[..., Any]:
    """Find `package.module:name`."""
    module, _, name = path.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
