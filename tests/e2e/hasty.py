"""The server that is in a hurry: `python -m tests.e2e.hasty serve`.

Owns: shorter waits, before somebody is told and between rounds. Invariant: but for those, it is the
server that `saleroom serve` runs. Source: STYLE, "Tests".
"""

from __future__ import annotations

import sys
from unittest import mock

import attrs

from saleroom import billing_keeper, cli, receipt_keeper
from saleroom.messages import dispatcher, kinds, relay

SOON_S = 0.2

if __name__ == "__main__":
    told_at_once = {name: attrs.evolve(kind, settle_ms=0) for name, kind in kinds.KINDS.items()}
    with (
        mock.patch.dict(kinds.KINDS, told_at_once),
        mock.patch.object(billing_keeper, "ROUND_S", SOON_S),
        mock.patch.object(receipt_keeper, "ROUND_S", SOON_S),
        mock.patch.object(relay, "POLL_S", SOON_S),
        mock.patch.object(dispatcher, "POLL_S", SOON_S),
    ):
        sys.exit(cli.main())
