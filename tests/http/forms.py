"""Forms with a file, as browsers send them (RFC 7578).

Owns: the writing of multipart bodies for tests. Source: RFC 7578.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.http.house import House, Reply

BOUNDARY = "a-boundary"


def multipart(
    data: bytes,
    fields: Mapping[str, str] | None = None,
    name: str = "p.png",
    part: str = "file",
) -> bytes:
    begin = f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
    parts = [
        f'{begin}name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in (fields or {}).items()
    ]
    head = f'{begin}name="{part}"; filename="{name}"\r\n\r\n'
    return b"".join([*parts, head.encode(), data, f"\r\n--{BOUNDARY}--\r\n".encode()])


async def send(
    house: House, path: str, who: str | None, body: bytes, kind: str | None = None
) -> Reply:
    headers = {"Content-Type": kind or f"multipart/form-data; boundary={BOUNDARY}"}
    return await house.call("POST", path, who, raw=body, headers=headers)
