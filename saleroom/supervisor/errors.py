"""What goes wrong in supervision, and how an error reads in one line.

Owns: the exceptions of this room and `describe`. Invariant: the text of an error is one short line
and never a traceback; tracebacks go to the log, once. Knows nothing of children or of time.
Source: ARCHITECTURE 4, PROTOCOL 8 (`last_error`).
"""

from __future__ import annotations

DESCRIPTION_CHARS_MAX = 240


class SupervisorError(Exception):
    """Anything that this room raises."""


class SupervisorFailed(SupervisorError):
    """A supervisor gave up: a child needed more restarts than its intensity allows.

    path: the supervisor. child_path: whose failure was the one too many; it is the `__cause__`.
    """

    def __init__(self, path: str, child_path: str, cause: Exception) -> None:
        super().__init__(f"{path} gave up on {child_path}: {describe(cause)}")
        self.path = path
        self.child_path = child_path


class ReturnedUnasked(SupervisorError):
    """A permanent child returned although nobody had asked it to stop."""

    def __init__(self) -> None:
        super().__init__("returned without being asked")


class StartTimedOut(SupervisorError):
    """A child did not say `started()` within its `start_s`, and was cancelled."""

    def __init__(self, start_s: float) -> None:
        super().__init__(f"not up within {start_s:g} s")


class UnknownChild(SupervisorError):
    """No such place in the tree, or not one that can do what was asked."""


class ChildExists(SupervisorError):
    """A sibling has that name already."""


class ChildNotStarted(SupervisorError):
    """The child ended, and was forgotten, before it was up."""


class SupervisorDown(SupervisorError):
    """The supervisor that was asked does not run, or is stopping. May be tried again later."""


class PoolClosed(SupervisorError):
    """The pool does not run, or has been asked to stop."""


def describe(error: BaseException) -> str:
    """Say an error in one line: type and message, of a group its first leaf and how many more."""
    leaves = _leaves(error)
    message = " ".join(str(leaves[0]).split())
    text = f"{type(leaves[0]).__name__}: {message}" if message else type(leaves[0]).__name__
    more = f" (and {len(leaves) - 1} more)" if len(leaves) > 1 else ""
    room = DESCRIPTION_CHARS_MAX - len(more)
    return (text if len(text) <= room else text[: room - 1] + "…") + more


def _leaves(error: BaseException) -> list[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for member in error.exceptions for leaf in _leaves(member)]
