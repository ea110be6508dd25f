"""The memory of this process: how much is resident, and giving back what is free.

Owns: the question to the kernel and the request to the C library. Invariant: nothing that is in use
is touched. Where the library is not glibc, nothing is given back; where there is no /proc, nothing
is known. Must not know: when it is a good moment. Source: malloc_trim(3), proc(5).

glibc keeps the pages that a connection's buffers took, for the next one. It gives them back when
asked, at 60 to 90 microseconds a MiB (measured); all the while it holds its locks, so that the loop
stalls as long as soon as it asks for more than 512 bytes, although Python's own lock is free.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from pathlib import Path

STATM = Path("/proc/self/statm")


def resident_bytes() -> int | None:
    """Give what of this process is in memory; None where the system does not say."""
    try:
        pages = STATM.read_text(encoding="ascii").split()[1]
    except FileNotFoundError:
        return None
    return int(pages) * mmap.PAGESIZE


def give_back() -> None:
    """Give free memory back to the system. Blocks; belongs into a thread."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
