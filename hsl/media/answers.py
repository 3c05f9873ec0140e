"""What the Bot API tells of a file: in a sent message, and in the answer to getFile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hsl.models import MessageType

# The folder in a file's path at Telegram → how it can be sent.
_FOLDERS = {
    "photos": MessageType.PHOTO,
    "videos": MessageType.VIDEO,
    "documents": MessageType.DOCUMENT,
    "animations": MessageType.DOCUMENT,
}


@dataclass(frozen=True)
class Told:
    """A file as Telegram has it; `thumbnail` is the file_id of its small picture."""

    kind: MessageType
    file_id: str
    size: int | None = None
    mime: str | None = None
    width: int | None = None
    height: int | None = None
    duration: int | None = None
    thumbnail: str | None = None


def of_message(message: Mapping[str, Any]) -> Told | None:
    """The file in a message; None where it holds none that could be sent on."""
    sizes = message.get("photo")
    if sizes:
        largest = max(sizes, key=lambda size: size.get("width", 0) * size.get("height", 0))
        return _told(MessageType.PHOTO, largest)
    for kind in (MessageType.VIDEO, MessageType.DOCUMENT):
        found = message.get(kind.value)
        if found:
            return _told(kind, found)
    return None


def _told(kind: MessageType, found: Mapping[str, Any]) -> Told:
    return Told(
        kind,
        str(found["file_id"]),
        found.get("file_size"),
        found.get("mime_type"),
        found.get("width") or None,
        found.get("height") or None,
        found.get("duration") or None,
        (found.get("thumbnail") or {}).get("file_id"),
    )


def kind_of_path(path: str) -> MessageType | None:
    """How a file at this path of Telegram's can be sent, such as photos/file_7.jpg."""
    return _FOLDERS.get(path.partition("/")[0])
