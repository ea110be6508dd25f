"""The supervision tree over HTTP, for operators.

Owns: the routes of `/api/v1/operator`. Invariant: nobody but an operator
of the whole server sees or moves the tree. Source: PROTOCOL 7 and 8, ARCHITECTURE 4.
"""

from __future__ import annotations

from typing import Annotated

import trio
from quart import Blueprint, Response

from saleroom.actors.operator_feed import node_json
from saleroom.auction.roles import Role
from saleroom.http.catalogue.api_shapes import Draining, RestartedChild
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import respond
from saleroom.http.requests.contract import contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.protocol.shapes import Chars, Example
from saleroom.protocol.wire_views import TreeNode
from saleroom.supervisor import ChildNotStarted, SupervisorDown, UnknownChild

TAG = "Operations"
ChildPath = Annotated[str, Chars(), Example("saleroom/events")]


def operator_routes(services: Services, access: Access, trail: Trail) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("operator", __name__)

    @routes.get("/operator/tree")
    @contract("Draw the supervision tree", tag=TAG, who=Role.OPERATOR, answers={200: TreeNode})
    async def tree() -> Response:
        await access.require_operator()
        return respond(node_json(services.tree(), services.clock))

    @routes.post("/operator/children/<path:path>/restart")
    @contract(
        "Start a child of the tree again",
        tag=TAG,
        who=Role.OPERATOR,
        path={"path": ChildPath},
        answers={200: RestartedChild, 202: RestartedChild},
        refusals=("UNKNOWN_CHILD", "CHILD_DOWN"),
    )
    async def restart(path: str) -> Response:
        """Answer 200 once the child is up, 202 when it takes longer than a request may."""
        identity = await access.require_operator()
        status = 202
        try:
            with trio.move_on_after(services.limits.answer_s):
                await services.restart_child(path)
                status = 200
        except UnknownChild:
            raise Problem("UNKNOWN_CHILD") from None
        except (ChildNotStarted, SupervisorDown) as error:
            raise Problem("CHILD_DOWN", str(error) or None) from None
        await trail.note(identity.user, Role.OPERATOR, "child.restart", target=path)
        return respond({"path": path}, status)

    @routes.post("/operator/drain")
    @contract("Stop the server in order", tag=TAG, who=Role.OPERATOR, answers={202: Draining})
    async def drain() -> Response:
        identity = await access.require_operator()
        await trail.note(identity.user, Role.OPERATOR, "server.drain")
        await services.drain()
        return respond({}, 202)

    return routes
