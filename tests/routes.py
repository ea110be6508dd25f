"""Routes of the app, compiled once for all apps that tests make.

Owns: what werkzeug compiles of a route to write its address: two thirds of what an app costs to
make. Invariant: it is a function of the route's words alone, so it serves every app. Must not know:
our routes.
"""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import Rule

_compile = Rule._compile_builder
_compiled: dict[tuple[str, bool], Callable[..., tuple[str, str]]] = {}


def keep_compiled_routes() -> None:
    """From now on, compile each route once."""
    Rule._compile_builder = _compile_once  # type: ignore[method-assign]


def _compile_once(self: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    if self.defaults or self.host or self.subdomain:
        return _compile(self, append_unknown)
    key = (self.rule, append_unknown)
    if key not in _compiled:
        _compiled[key] = _compile(self, append_unknown)
    return _compiled[key]
