"""The demo's pictures on the demo's lots.

Owns: the way from the drawing to the lots. Invariant: they are written anew and kept as an
organiser's pictures are; a server that stops meanwhile leaves the rest out. Must not know: what is
drawn.
"""

from __future__ import annotations

import logging

from saleroom import demo_gala
from saleroom.app import Server
from saleroom.http.catalogue.pictures import Pictures
from saleroom.http.requests.problems import Problem
from saleroom.http.sale.api_replicas import Replicas
from saleroom.workers.crew import WorkersBusy

DRAW = "saleroom.demo_paint:drawn"

logger = logging.getLogger("saleroom.demo")


async def hang(server: Server, event: str) -> None:
    """Give each lot of the gala its picture, one after the other."""
    services = server.services
    stores = services.stores
    pictures = Pictures(services, Replicas(stores.journal, stores.snapshots, most=1))
    for lot in demo_gala.lots(services.clock.now_ms()):
        try:
            drawn: bytes = await services.workers.run(DRAW, lot["lot"])
            alt = f"{lot['title']}: a harbour, drawn for the demonstration"
            await pictures.add(event, lot["lot"], drawn, alt, is_draft=False)
        except (Problem, WorkersBusy) as error:
            logger.warning("no more pictures: %s", error)
            return
