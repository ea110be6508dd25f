"""How many sockets a process may hold, and from which addresses they come.

Owns: the limit of open files and the spread over loopback addresses. Invariant: no address brings
more connections than the server takes from one. Source: getrlimit(2), PROTOCOL 5 (4101).
"""

from __future__ import annotations

import resource

from bench import BenchFailed

PER_ADDRESS = 4_000
SPARE_FILES = 100


def raise_open_files() -> int:
    """Take as many open files as this process may have; give the number."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def require_sockets(count: int) -> None:
    """Make room for so many sockets. Raises BenchFailed where the system does not allow it."""
    allowed = raise_open_files()
    if allowed != resource.RLIM_INFINITY and allowed < count + SPARE_FILES:
        raise BenchFailed(
            f"{count} sockets need {count + SPARE_FILES} open files and {allowed} are allowed; "
            "see ulimit -Hn"
        )


def source_address(number: int) -> str:
    """Give the loopback address that a numbered connection comes from."""
    return f"127.0.0.{1 + number // PER_ADDRESS}"
