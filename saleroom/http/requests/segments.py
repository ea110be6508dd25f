"""Segments of a path: which of them may stand for a thing's name.

Owns: what a parameter of a path matches. Invariant: an address is one route's alone, so that
`Allow` and 405 tell of that route and of no other; a word that is a route's own is nobody's name.
Must not know: routes, or what is named. Source: RFC 9110 10.2.1 and 15.5.6.
"""

from __future__ import annotations

from werkzeug.routing import BaseConverter


class Segment(BaseConverter):
    """The name of a thing: a segment that is none of our own words and no rendering of another."""

    regex = r"(?!(?:order|template\.csv|template\.xlsx|[^/]*\.svg)$)[^/]+"
