"""What stands in for the providers: Twilio, a mail server and a push service, on loopback.

Owns: three small servers in threads. Invariant: each listens on a free port of 127.0.0.1 and has
ended when its block ends; what it was sent is there to look at. Knows nothing of what is tested.
"""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import attrs


@attrs.frozen
class Request:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    @property
    def basic(self) -> str:
        return base64.b64decode(self.headers["authorization"].partition(" ")[2]).decode()


@attrs.define
class HttpSink:
    """A server that answers `status` and `answer` to whatever it is sent."""

    url: str = ""
    status: int = 201
    answer: Mapping[str, Any] = attrs.field(factory=dict)
    requests: list[Request] = attrs.field(factory=list)


@contextmanager
def http_sink() -> Iterator[HttpSink]:
    sink = HttpSink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            sink.requests.append(Request(self.path, headers, body))
            answer = json.dumps(dict(sink.answer)).encode()
            self.send_response(sink.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with _served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        sink.url = f"http://127.0.0.1:{port}"
        yield sink


@attrs.define
class SmtpSink:
    """A mail server. codes: what it answers to a command, where that is no 250.

    goes_on: while it is not set, letters are taken in and not answered. taken, has_said: one for
    each letter, and for each line of a client's.
    """

    port: int = 0
    codes: dict[str, str] = attrs.field(factory=dict)
    said: list[str] = attrs.field(factory=list)
    letters: list[EmailMessage] = attrs.field(factory=list)
    goes_on: threading.Event = attrs.field(factory=threading.Event)
    taken: threading.Semaphore = attrs.field(factory=lambda: threading.Semaphore(0))
    has_said: threading.Semaphore = attrs.field(factory=lambda: threading.Semaphore(0))


@contextmanager
def smtp_sink() -> Iterator[SmtpSink]:
    sink = SmtpSink()
    sink.goes_on.set()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 sink")
            while line := self.rfile.readline().decode().strip():
                verb = line.split()[0].upper()
                sink.said.append(line)
                sink.has_said.release()
                if verb == "DATA" and "DATA" not in sink.codes:
                    self._take()
                elif verb == "EHLO":
                    self._say("250-sink\r\n250 AUTH PLAIN")
                elif verb == "AUTH":
                    self._say("235 welcome")
                elif verb == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say(sink.codes.get(verb, "250 fine"))

        def _take(self) -> None:
            self._say("354 go on")
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            sink.goes_on.wait(10)
            letter = message_from_bytes(b"".join(lines), policy=policy.default)
            assert isinstance(letter, EmailMessage)
            sink.letters.append(letter)
            sink.taken.release()
            self._say("250 taken")

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with _served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        sink.port = port
        yield sink


@contextmanager
def _served(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
