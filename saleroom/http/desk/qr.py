"""QR codes as pictures.

Owns: their size, quiet zone and error correction. Invariant: needs nothing but its text; runs in a
worker, for it takes longer than the loop may be held (I11). Source: ISO/IEC 18004.
"""

from __future__ import annotations

import io

import segno

CORRECTION = "m"  # 15 % of a printed card may be stained
QUIET_ZONE = 4  # modules, as the standard asks
SCALE = 8


def svg(text: str) -> bytes:
    """Draw a text as an SVG document."""
    out = io.BytesIO()
    code = segno.make(text, error=CORRECTION, micro=False)
    code.save(out, kind="svg", scale=SCALE, border=QUIET_ZONE, svgclass=None, lineclass=None)
    return out.getvalue()
