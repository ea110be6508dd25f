"""The peers: other servers for the same work, run as their own guides advise.

Owns: how each is started, and how one publishes to it. Invariant: each is a real server in a
process of its own, on the same core as Saleroom would be; one that cannot be had here is named with
the reason, and never stood in for. Source: bench/peers/*/README.md.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs

from bench import BenchFailed
from bench.host import CHECKOUT, HOST, SERVING, START_S, read_until, stop
from bench.load import Client, Dialect, Load
from bench.usage import Cores, pin

FOLDER = CHECKOUT / "bench" / "peers"
NCHAN_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
ENGINE_PATH = "/socket.io/?EIO=4&transport=websocket"
CONNECT = "40"
PUBLISH_S = 10.0
POLL_S = 0.02

Publish = Callable[[bytes], None]


class PeerMissing(Exception):
    """This peer cannot be had here; the text says what it needs."""


@attrs.frozen
class Peer:
    """A server that fans out. path, hello: of a listener. needs: names what is missing, or None."""

    name: str
    command: Callable[[Path, int], list[str]]
    path: str
    hello: str | None
    open_publisher: Callable[[int], tuple[Publish, Callable[[], None]]]
    needs: Callable[[], str | None]


@attrs.frozen
class Running:
    """A peer that serves."""

    process: subprocess.Popen[bytes]
    port: int


@contextmanager
def running_peer(
    peer: Peer, cores: Cores, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run a peer for the length of the block. Raises PeerMissing, BenchFailed."""
    if missing := peer.needs():
        raise PeerMissing(missing)
    with tempfile.TemporaryDirectory(prefix="saleroom-peer-", ignore_cleanup_errors=True) as name:
        port = _free_port()
        process = subprocess.Popen(
            peer.command(Path(name), port),
            stdout=subprocess.PIPE,
            cwd=CHECKOUT,
            env={**os.environ, "NODE_ENV": "production", **(environment or {})},
        )
        try:
            pin(process.pid, cores.server)
            if peer is NCHAN:
                _await_port(process, port)
            else:
                port = int(read_until(process, SERVING, START_S)[1])
            yield Running(process, port)
        finally:
            stop(process)


def _node(folder: str) -> tuple[Callable[[Path, int], list[str]], Callable[[], str | None]]:
    def command(scratch: Path, port: int) -> list[str]:
        return ["node", str(FOLDER / folder / "server.mjs")]

    def needs() -> str | None:
        if shutil.which("node") is None:
            return "Node is not installed: apt-get install nodejs npm"
        if not (FOLDER / folder / "node_modules").is_dir():
            return f"its packages are not installed: bench/peers/install {folder}"
        return None

    return command, needs


def _python(
    folder: str, package: str
) -> tuple[Callable[[Path, int], list[str]], Callable[[], str | None]]:
    def command(scratch: Path, port: int) -> list[str]:
        return [sys.executable, "-m", f"bench.peers.{folder}.server"]

    def needs() -> str | None:
        if importlib.util.find_spec(package) is None:
            return f"{package} is not installed: make install"
        return None

    return command, needs


def _nginx(scratch: Path, port: int) -> list[str]:
    written = (FOLDER / "nchan" / "nginx.conf").read_text(encoding="utf-8")
    for word, value in {"MODULE": NCHAN_MODULE, "FOLDER": scratch, "PORT": port}.items():
        written = re.sub(rf"\b{word}\b", str(value), written)
    configuration = scratch / "nginx.conf"
    configuration.write_text(written, encoding="utf-8")
    return ["nginx", "-p", str(scratch), "-c", str(configuration)]


def _nginx_needs() -> str | None:
    if shutil.which("nginx") is None or not NCHAN_MODULE.exists():
        return "nginx with Nchan is not installed: apt-get install nginx libnginx-mod-nchan"
    return None


def _publish_over_socket(
    path: str, hello: bytes | None, wrap: Callable[[bytes], bytes]
) -> Callable[[int], tuple[Publish, Callable[[], None]]]:
    """Publish over a websocket; what it hears itself is read and dropped."""

    def is_greeted(client: Client, payload: bytes) -> bool:
        return payload.startswith(CONNECT.encode())

    def open_publisher(port: int) -> tuple[Publish, Callable[[], None]]:
        load = Load(HOST, port)
        dialect = Dialect(path, None if hello is None else is_greeted)
        (client,) = load.connect(dialect, [hello], lambda *heard: None)

        def publish(text: bytes) -> None:
            load.poll(time.perf_counter())
            client.send(wrap(text))

        return publish, load.close

    return open_publisher


def _publish_over_http(port: int) -> tuple[Publish, Callable[[], None]]:
    connection = http.client.HTTPConnection(HOST, port, timeout=PUBLISH_S)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def publish(text: bytes) -> None:
        connection.request("POST", "/publish", text)
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (200, 201, 202):
            raise BenchFailed(f"the peer did not publish: {answer.status}")

    return publish, connection.close


def _as_event(text: bytes) -> bytes:
    """Write Socket.IO's event `publish`."""
    return b'42["publish",' + json.dumps(text.decode()).encode() + b"]"


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise BenchFailed("nginx ended; its last words stand above")
        try:
            socket.create_connection((HOST, port), POLL_S).close()
        except OSError:
            time.sleep(POLL_S)
        else:
            return
    raise BenchFailed(f"nginx did not listen within {START_S:g} s")


def _plain(text: bytes) -> bytes:
    return text


_OVER_SOCKET = _publish_over_socket("/publish", None, _plain)

NCHAN = Peer("nginx with Nchan", _nginx, "/listen", None, _publish_over_http, _nginx_needs)
_command, _needs = _node("node_socketio")
NODE_SOCKETIO = Peer(
    "Socket.IO on Node",
    _command,
    ENGINE_PATH,
    CONNECT,
    _publish_over_socket(ENGINE_PATH, CONNECT.encode(), _as_event),
    _needs,
)
_command, _needs = _node("node_ws")
NODE_WS = Peer("ws on Node", _command, "/listen", None, _OVER_SOCKET, _needs)
_command, _needs = _python("websockets_broadcast", "websockets")
WEBSOCKETS = Peer("websockets, broadcast()", _command, "/listen", None, _OVER_SOCKET, _needs)
_command, _needs = _python("picows_broadcast", "picows")
PICOWS = Peer("picows", _command, "/listen", None, _OVER_SOCKET, _needs)
_command, _needs = _python("fastapi_socketio", "socketio")
FASTAPI_SOCKETIO = Peer(
    "FastAPI and python-socketio", _command, ENGINE_PATH, CONNECT, _OVER_SOCKET, _needs
)

FAN_OUT = (NCHAN, NODE_SOCKETIO, NODE_WS, WEBSOCKETS, PICOWS)
