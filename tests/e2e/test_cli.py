"""Commands against a running server, and the ways in which a server does not start."""

from __future__ import annotations

import json
import signal
import socket
import tempfile
from pathlib import Path

import trio

from saleroom.auction.roles import Role
from tests.e2e.server import ServerProcess, running_server

SILENT = {"lot": 1, "title": "A quilt", "mode": "silent", "opening": 10_000}


async def test_commands_speak_to_a_running_server_and_read_what_it_wrote() -> None:
    async with running_server() as (server, _):
        event = await server.create_event([SILENT], ["ann", "ben"])
        await server.post(
            f"/events/{event}/commands", {"type": "open_event"}, "gus", Role.AUCTIONEER
        )
        at = ("--server", server.url)
        await _bids(server, event, at)
        await _watches(server, event, at)
        await _tree(server, event, at)
        await _history(server, event)
        assert await server.stop() == 0
        assert b"Traceback" not in server.log
        audited = await server.program("audit", event)
        assert audited.status == 0, audited
        assert "the chain holds" in audited.out, "also while no server runs"


async def _bids(server: ServerProcess, event: str, at: tuple[str, str]) -> None:
    done = await server.command("bid", event, "1", "12000", "--as", "ann", *at)
    assert done.status == 0, done
    assert done.out[9:] == "you lead: lot 1 stands at 120.00 USD, next 130.00 USD\n"
    done = await server.command("bid", event, "1", "50000", "--max", "--as", "ben", *at)
    assert done.out[9:] == "you lead: lot 1 stands at 130.00 USD, next 140.00 USD\n"
    done = await server.command("bid", event, "1", "20000", "--as", "ann", *at)
    assert done.out[9:] == "outbid at once: lot 1 stands at 210.00 USD, next 220.00 USD\n"
    done = await server.command("bid", event, "1", "5", "--as", "ann", *at)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("saleroom: BID_TOO_LOW: ")
    assert done.err.endswith("(at least 220.00 USD)\n")
    assert done.err.count("\n") == 1
    refused = {
        ("nowhere", "--as", "ann"): "4003",
        (event, "--token", "nonsense"): "4001",
        (event,): "--as USER",
    }
    for (where, *who), reason in refused.items():
        done = await server.command("bid", where, "1", "5", *who, *at)
        assert (done.status, done.out) == (1, "")
        assert reason in done.err
        assert done.err.count("\n") == 1


async def _watches(server: ServerProcess, event: str, at: tuple[str, str]) -> None:
    watching = await server.start_command("watch", event, "--as", "ann", *at)
    with trio.fail_after(60):
        printed = await _until(watching, b"A quilt")
        assert b"Test (open), you are paddle" in printed
        announcement = {"type": "announce", "text": "Last minutes"}
        await server.post(f"/events/{event}/commands", announcement, "gus", Role.AUCTIONEER)
        await _until(watching, b'"Last minutes"')
        await _interrupted(watching)
    done = await server.command("watch", "nowhere", *at)
    assert done.status == 1
    assert done.err.count("\n") == 1


async def _tree(server: ServerProcess, event: str, at: tuple[str, str]) -> None:
    done = await server.command("tree", "--as", "otto", *at)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("saleroom ")
    assert f"event:{event}" in done.out
    done = await server.command("tree", "--as", "ann", "--role", "donor", *at)
    assert (done.status, done.out) == (1, "")
    assert "403 FORBIDDEN" in done.err
    assert done.err.count("\n") == 1
    live = await server.start_command("tree", "--live", "--as", "otto", *at)
    with trio.fail_after(60):
        first = await _until(live, b"observers")
        assert f"event:{event}".encode() in first
        assert b"restarts=1" not in first
        engine = f"/operator/children/saleroom/events/event:{event}/engine/restart"
        await server.post(engine, {}, "otto", Role.OPERATOR)
        await _until(live, b"restarts=1")
        await _interrupted(live)


async def _interrupted(process: trio.Process) -> None:
    """End a command as Ctrl-C does: without a word."""
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 130
    assert process.stderr is not None
    assert await process.stderr.receive_some() == b""
    await process.stderr.aclose()
    assert process.stdout is not None
    await process.stdout.aclose()


async def _history(server: ServerProcess, event: str) -> None:
    """Read the journal while the server keeps it open, and restore it elsewhere."""
    command = {"type": "place_bid", "lot": 1, "amount": 22_000}
    ack = await server.post(f"/events/{event}/commands", command, "ann", Role.DONOR)
    with tempfile.TemporaryDirectory(prefix="saleroom-", ignore_cleanup_errors=True) as folder:
        await trio.Path(folder).chmod(0o755)
        receipt, export = Path(folder) / "ack.json", Path(folder) / "gala.jsonl"
        await trio.Path(receipt).write_text(json.dumps(ack))
        done = await server.command("audit", event, "--receipt", str(receipt))
        assert done.status == 0, done
        assert "is part of it" in done.out
        done = await server.command("audit", event, "--receipt", f"1:{ack['hash']}")
        assert done.status == 1
        assert f"belongs to seq {ack['seq']}" in done.out
        done = await server.command("replay", event)
        assert "A quilt" in done.out
        assert "500.00" not in done.out, "the maximum"
        done = await server.command("replay", event, "--story", "--to", "4")
        assert "A quilt: 120.00 USD" in done.out
        assert "130.00" not in done.out
        done = await server.command("export", event, "--output", str(export))
        assert done.status == 0, done
        done = await server.command("import", str(export))
        assert (done.status, done.err) == (1, "saleroom: this event exists here already\n")
        elsewhere = {"SALEROOM_DATA_DIR": str(Path(folder) / "elsewhere")}
        done = await server.program("import", str(export), **elsewhere)
        assert done.status == 0, done
        done = await server.program("audit", event, "--receipt", str(receipt), **elsewhere)
        assert done.status == 0, done
    done = await server.command("replay", "nowhere")
    assert (done.status, done.err) == (1, "saleroom: event nowhere has no journal\n")


async def _until(process: trio.Process, words: bytes) -> bytes:
    assert process.stdout is not None
    printed = b""
    while words not in printed:
        chunk = await process.stdout.receive_some()
        assert chunk, printed
        printed += chunk
    return printed


# Servers that do not start


async def test_what_keeps_a_server_from_starting_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    nowhere = "postgresql://x@127.0.0.1:9/x"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        cases = [
            ({"SALEROOM_PORT": port, "SALEROOM_DATABASE_URL": nowhere}, f"port {port}: Address"),
            ({"SALEROOM_DATA_DIR": str(file)}, f"SALEROOM_DATA_DIR: {file}: "),
            ({"SALEROOM_DATA_DIR": str(file / "x")}, f"SALEROOM_DATA_DIR: {file / 'x'}: "),
            ({"SALEROOM_DATABASE_URL": f"{nowhere}?sslmode=odd"}, "sslmode"),
            ({"SALEROOM_HOST": "203.0.113.1"}, "cannot listen on 203.0.113.1"),
        ]
        for settings, reason in cases:
            server = ServerProcess(tmp_path / "data", settings)
            done = await server.program("serve")
            assert (done.status, done.out) == (1, ""), settings
            assert done.err.startswith("saleroom: "), done.err
            assert reason in done.err
            assert done.err.count("\n") == 1, done.err
