"""Values: data that is never changed, only replaced.

Owns: how such classes are declared where they are made by the hundred thousand a second.
Invariant: the type checker refuses an assignment to any attribute, as of a frozen class; at run
time they are plain, since a frozen class takes three times as long to make. Source: ARCHITECTURE 5.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from attrs import frozen as value
else:
    value = partial(attrs.define, unsafe_hash=True)

__all__ = ["value"]
