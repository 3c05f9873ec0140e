"""What a file that somebody drops is: its kind, its measures, and whether Telegram takes it."""

import hashlib
import math
import mimetypes
import re
from dataclasses import dataclass

from hsl.media import mp4, pictures
from hsl.media.errors import MediaError
from hsl.models import MessageType
from hsl.words import N_

# core.telegram.org/bots/api#sending-files
MOST_PHOTO = 10_000_000  # bytes
MOST = 50_000_000  # bytes
LONGEST_NAME = 120  # characters
_UNFIT = re.compile(r"[\x00-\x1f\x7f\"\\/:*?<>|]+")

NO_PICTURE = N_("{name} is not a picture that Telegram can show, so it goes as a document.")
LARGE_PICTURE = N_("{name} is over 10 MB, so it goes as a document.")
LONG_PICTURE = N_("{name} is too wide or too long for a photo, so it goes as a document.")
NO_VIDEO = N_("{name} is not an MP4 video, so it goes as a document.")
A_PICTURE = N_("{name} is a picture, so it goes as a photo.")
A_VIDEO = N_("{name} is a video, so it goes as one.")


@dataclass(frozen=True)
class Dropped:
    """A file as it will be uploaded; `note` says why its kind is another than was asked for."""

    name: str
    content: bytes
    kind: MessageType
    mime: str
    sha256: str
    width: int | None = None
    height: int | None = None
    duration: int | None = None
    thumbnail: str | None = None
    note: str | None = None

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content)


def examine(name: str, content: bytes, wanted: MessageType) -> Dropped:
    """What was dropped, of the kind that fits it best. Raises MediaError where it cannot go."""
    name = named(name)
    if not content:
        raise MediaError(N_("{name} is empty. Choose another file."), name=name)
    if len(content) > MOST:
        raise MediaError(
            N_("{name} has {size} MB, and bots can upload 50 MB at most. Make it smaller."),
            name=name,
            size=math.ceil(len(content) / 1_000_000),
        )
    picture = pictures.look(content)
    video = None if picture else mp4.look(content)
    kind, note = _kind(wanted, picture, video, len(content))
    measures = picture or video
    return Dropped(
        name,
        content,
        kind,
        mimetypes.guess_type(name)[0] or "application/octet-stream",
        hashlib.sha256(content).hexdigest(),
        measures.width if measures else None,
        measures.height if measures else None,
        video.duration if video else None,
        picture.thumbnail if picture else None,
        note,
    )


def named(name: str) -> str:
    """A file's own name as it may be sent: without folders, marks of addresses, and breaks."""
    last = re.split(r"[\\/]", name)[-1]
    words = " ".join(_UNFIT.sub(" ", last).split()).strip(" .")
    stem, dot, ending = words.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"
    return words[:LONGEST_NAME] or "file"


def _kind(
    wanted: MessageType, picture: pictures.Picture | None, video: mp4.Video | None, size: int
) -> tuple[MessageType, str | None]:
    if wanted is MessageType.DOCUMENT:
        return wanted, None
    if picture is not None:
        if size > MOST_PHOTO:
            return MessageType.DOCUMENT, LARGE_PICTURE
        if not picture.may_be_photo:
            return MessageType.DOCUMENT, LONG_PICTURE
        return MessageType.PHOTO, None if wanted is MessageType.PHOTO else A_PICTURE
    if video is not None:
        return MessageType.VIDEO, None if wanted is MessageType.VIDEO else A_VIDEO
    return MessageType.DOCUMENT, NO_PICTURE if wanted is MessageType.PHOTO else NO_VIDEO
