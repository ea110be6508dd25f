"""What a measure is told of the run that it belongs to.

Owns: the cores, and how long a measure may take. Invariant: a brief run takes the same measures
with the same sizes, over shorter times.
"""

from __future__ import annotations

import attrs

from bench.usage import Cores


@attrs.frozen
class Setting:
    """cores: where server and clients run. is_brief: a smoke test, not a figure to keep."""

    cores: Cores
    is_brief: bool = False

    def seconds(self, full: float, brief: float) -> float:
        """Choose how long a window lasts."""
        return brief if self.is_brief else full

    def count(self, full: int, brief: int) -> int:
        """Choose how many steps are taken."""
        return brief if self.is_brief else full
