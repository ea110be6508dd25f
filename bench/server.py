"""The server under load where `saleroom serve` would not do: `python -m bench.server`.

Owns: nothing; it is the server that `saleroom.app` composes, with the donors' command rate lifted
where asked, memory given back to the system on SIGUSR1, and samples of where CPU time goes between
two SIGUSR2. Invariant: nothing else differs from `saleroom serve`; there is no sampling while a
figure is taken. Source: PROTOCOL 3 (`RATE_LIMITED`).
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal

import attrs
import trio

from bench.limits import raise_open_files
from bench.sampler import Sampler
from saleroom.app import Server, open_server
from saleroom.config import Limits, read_settings
from saleroom.logs import set_up_logs
from saleroom.memory import give_back

UNLIMITED = 1_000_000  # commands a second of one session: more than any machine decides
TRIMMED, SAMPLING, SAMPLED = "trimmed", "sampling", "sampled "


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m bench.server", description=main.__doc__)
    parser.add_argument(
        "--lift-command-rate", action="store_true", help="let donors send commands without limit"
    )
    limits = Limits()
    if parser.parse_args().lift_command_rate:
        limits = attrs.evolve(limits, command_rate_per_s=UNLIMITED, command_burst=UNLIMITED)
    raise_open_files()
    trio.run(_serve, limits)


async def _serve(limits: Limits) -> None:
    settings = attrs.evolve(read_settings(os.environ), limits=limits)
    set_up_logs(settings.log_level, settings.log_format)
    async with open_server(settings) as server, trio.open_nursery() as nursery:
        await nursery.start(server.run)
        print(f"serving on http://{settings.host}:{server.port}", flush=True)
        await _obey_signals(server)


async def _obey_signals(server: Server) -> None:
    sampler, is_sampling = Sampler(), False
    obeyed = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)
    with trio.open_signal_receiver(*obeyed) as signals:
        async for number in signals:
            if number == signal.SIGUSR1:
                _trim()
                print(TRIMMED, flush=True)
            elif number == signal.SIGUSR2:
                if is_sampling:
                    print(SAMPLED + json.dumps(sampler.stop()), flush=True)
                else:
                    sampler.start()
                    print(SAMPLING, flush=True)
                is_sampling = not is_sampling
            else:
                await server.stop()
                return


def _trim() -> None:
    """Collect garbage, and give free memory back to the system."""
    gc.collect()
    give_back()


if __name__ == "__main__":
    main()
