"""Health over HTTP: whether the server lives, whether it takes work, and its figures.

Owns: the routes `/alive`, `/ready` and `/metrics`. Invariant: none of them waits for a store or an
event, so that they answer when nothing else does. Source: PROTOCOL 7, I7.
"""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from quart import Blueprint, Response

from saleroom.http.catalogue.api_shapes import Alive, Ready
from saleroom.http.operations.event_metrics import EventCollector
from saleroom.http.operations.metrics import make_registry
from saleroom.http.requests.api_requests import respond
from saleroom.http.requests.contract import NOBODY_ASKED, contract
from saleroom.http.services import Services

TAG = "Health"
AWAY, DEGRADED = "away", "degraded"


def health_routes(services: Services) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("health", __name__)
    registry = make_registry(
        services.tree, EventCollector(services.registry.sites), services.requests
    )

    @routes.get("/alive")
    @contract(
        "Ask whether the loop runs",
        tag=TAG,
        who=NOBODY_ASKED,
        answers={200: Alive},
        is_counted=False,
    )
    async def alive() -> Response:
        return respond({"status": "alive"})

    @routes.get("/ready")
    @contract(
        "Ask whether the server takes work",
        tag=TAG,
        who=NOBODY_ASKED,
        answers={200: Ready, 503: Ready},
        is_counted=False,
    )
    async def ready() -> Response:
        """Answer 503 while a component is away; a degraded one is no reason to leave."""
        components = dict(services.readiness())
        words = {word.partition(":")[0] for word in components.values()}
        status = next((word for word in (AWAY, DEGRADED) if word in words), "ready")
        return respond({"status": status, "components": components}, 503 if status == AWAY else 200)

    @routes.get("/metrics")
    @contract(
        "Fetch the figures",
        tag=TAG,
        who=NOBODY_ASKED,
        answers={200: "text/plain"},
        is_counted=False,
    )
    async def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return routes
