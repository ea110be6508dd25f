"""The supervision tree: child specs, strategies, restart windows, and its picture.

`Supervisor` runs a tree of `SupervisorSpec` and `ChildSpec`; a child's `run` is handed a `Child`.
The tables `ON_EXIT` and `REACH` say what a child's end means. The room imports nothing of ours.
"""

from saleroom.supervisor.child import Child
from saleroom.supervisor.errors import (
    ChildExists,
    ChildNotStarted,
    PoolClosed,
    ReturnedUnasked,
    StartTimedOut,
    SupervisorDown,
    SupervisorError,
    SupervisorFailed,
    UnknownChild,
    describe,
)
from saleroom.supervisor.pool import Pool, PoolStatistics
from saleroom.supervisor.reliance import Reliance
from saleroom.supervisor.rounds import Rounds
from saleroom.supervisor.spec import (
    ON_EXIT,
    REACH,
    Action,
    ChildSpec,
    Exit,
    Kind,
    Reach,
    Restart,
    Spec,
    Strategy,
    SupervisorSpec,
)
from saleroom.supervisor.supervisor import Supervisor
from saleroom.supervisor.tree import Change, Node, State
from saleroom.supervisor.window import Backoff, RestartWindow

__all__ = [
    "ON_EXIT",
    "REACH",
    "Action",
    "Backoff",
    "Change",
    "Child",
    "ChildExists",
    "ChildNotStarted",
    "ChildSpec",
    "Exit",
    "Kind",
    "Node",
    "Pool",
    "PoolClosed",
    "PoolStatistics",
    "Reach",
    "Reliance",
    "Restart",
    "RestartWindow",
    "ReturnedUnasked",
    "Rounds",
    "Spec",
    "StartTimedOut",
    "State",
    "Strategy",
    "Supervisor",
    "SupervisorDown",
    "SupervisorError",
    "SupervisorFailed",
    "SupervisorSpec",
    "UnknownChild",
    "describe",
]
