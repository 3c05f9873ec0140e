"""An MP4's measures, which Telegram shows a video by: read from its boxes, nothing is decoded.

ISO/IEC 14496-12: a box is a length, a name of four letters and its content; `moov` holds `mvhd`
(duration) and one `trak` with a `tkhd` (width, height) for each track.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

HEADER = 8  # bytes: length and name
LARGE = 16  # bytes, where the length stands in eight bytes of its own
FIXED = 65536  # of a number with sixteen bits behind the point


@dataclass(frozen=True)
class Video:
    """A video's measures in pixels and its duration in seconds; None where it does not tell."""

    width: int | None
    height: int | None
    duration: int | None


def look(content: bytes) -> Video | None:
    """The measures of an MP4; None for anything else, and for one without a whole index."""
    if content[4:8] != b"ftyp":
        return None
    view = memoryview(content)
    movie = next((body for name, body in _boxes(view) if name == b"moov"), None)
    if movie is None:
        return None
    duration: int | None = None
    sides: tuple[int, int] | None = None
    for name, body in _boxes(movie):
        try:
            if name == b"mvhd":
                duration = _duration(body)
            elif name == b"trak":
                sides = _sides(body) or sides
        except struct.error:
            continue
    width, height = sides or (None, None)
    return Video(width, height, duration)


def _boxes(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    while at + HEADER <= len(view):
        length, name = struct.unpack(">I4s", view[at : at + HEADER])
        header = HEADER
        if length == 1 and at + LARGE <= len(view):
            (length,), header = struct.unpack(">Q", view[at + HEADER : at + LARGE]), LARGE
        elif length == 0:
            length = len(view) - at
        if length < header or at + length > len(view):
            return
        yield name, view[at + header : at + length]
        at += length


def _duration(body: memoryview) -> int | None:
    # The times before it have eight bytes instead of four in the longer version.
    shape, at = (">IQ", 20) if body[0] == 1 else (">II", 12)
    scale, duration = struct.unpack_from(shape, body, at)
    return round(duration / scale) if scale else None


def _sides(track: memoryview) -> tuple[int, int] | None:
    head = next((body for name, body in _boxes(track) if name == b"tkhd"), None)
    if head is None:
        return None
    at = 88 if head[0] == 1 else 76
    width, height = (side // FIXED for side in struct.unpack_from(">II", head, at))
    # A matrix whose first place is 0 turns it by a quarter.
    (first,) = struct.unpack_from(">i", head, at - 36)
    if not width or not height:
        return None  # a track that is heard
    return (height, width) if first == 0 else (width, height)
