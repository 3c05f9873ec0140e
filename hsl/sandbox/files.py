"""The sandbox's files: what bots uploaded, by file_id, with thumbnails of videos."""

import hashlib
import io
import re
import secrets
from dataclasses import dataclass
from typing import Any

from PIL import Image, UnidentifiedImageError

from hsl.sandbox.checks import RefusedError

MOST_PHOTO = 10_000_000  # bytes
MOST = 50_000_000  # bytes
MOST_DOWNLOAD = 20_000_000  # bytes
SMALL = (320, 180)  # pixels, of a film's thumbnail
# A file_id begins with its kind; Telegram's own do so too.
PREFIXES = {"photo": "AgACAg", "video": "BAACAg", "document": "BQACAg", "thumbnail": "AAMCAg"}
FOLDERS = {
    "photo": "photos",
    "video": "videos",
    "document": "documents",
    "thumbnail": "thumbnails",
}


@dataclass(frozen=True)
class Uploaded:
    """A file as it came in a request."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True)
class Kept:
    """A file that can be sent again by its `file_id`; `told` is what a message says of it."""

    kind: str
    file_id: str
    path: str
    content: bytes
    told: dict[str, Any]


class Files:
    """All files of one sandbox, in memory."""

    def __init__(self) -> None:
        self._by_id: dict[str, Kept] = {}
        self._by_path: dict[str, Kept] = {}

    def receive(self, kind: str, uploaded: Uploaded) -> Kept:
        """Keep an uploaded file. Raises RefusedError where Telegram would not take it."""
        size = len(uploaded.content)
        if not size:
            raise RefusedError(400, "Bad Request: file must be non-empty")
        if size > (MOST_PHOTO if kind == "photo" else MOST):
            raise RefusedError(413, "Request Entity Too Large")
        if kind == "photo":
            return self._keep(kind, uploaded, _measured(uploaded.content))
        told: dict[str, Any] = {"file_name": uploaded.name, "mime_type": uploaded.mime}
        if kind == "video":
            small = self._keep("thumbnail", Uploaded("", "image/jpeg", _still()), {})
            told["thumbnail"] = {**small.told, "width": SMALL[0], "height": SMALL[1]}
        return self._keep(kind, uploaded, told)

    def named(self, kind: str, file_id: str) -> Kept | None:
        """The file of this file_id; None for one that was made up. Raises RefusedError."""
        found = self._by_id.get(file_id)
        if found is not None and found.kind != kind:
            raise RefusedError(400, "Bad Request: type of file mismatch")
        return found

    def told(self, file_id: str) -> dict[str, Any]:
        """The answer to getFile. Raises RefusedError."""
        found = self._by_id.get(file_id)
        if found is None:
            raise RefusedError(
                400, "Bad Request: wrong file_id or the file is temporarily unavailable"
            )
        if len(found.content) > MOST_DOWNLOAD:
            raise RefusedError(400, "Bad Request: file is too big")
        return {**_core(found), "file_path": found.path}

    def content(self, path: str) -> bytes | None:
        """A file by the path that getFile told."""
        found = self._by_path.get(path)
        return None if found is None else found.content

    def photo(self, file_id: str) -> bytes | None:
        """A photo's content, for the phone."""
        found = self._by_id.get(file_id)
        return found.content if found is not None and found.kind == "photo" else None

    def _keep(self, kind: str, uploaded: Uploaded, told: dict[str, Any]) -> Kept:
        number = len(self._by_id)
        ending = uploaded.name.rpartition(".")[2] if "." in uploaded.name else "jpg"
        if not re.fullmatch(r"[A-Za-z0-9]{1,10}", ending):
            ending = "bin"
        path = f"{FOLDERS[kind]}/file_{number}.{ending}"
        file_id = PREFIXES[kind] + secrets.token_urlsafe(40)
        kept = Kept(kind, file_id, path, uploaded.content, told)
        told |= _core(kept)
        self._by_id[file_id] = self._by_path[path] = kept
        return kept


def in_message(kept: Kept) -> dict[str, Any]:
    """The part of a message that tells of its file."""
    if kept.kind != "photo":
        return {kept.kind: kept.told}
    small = {**kept.told, "width": 90, "height": 90, "file_id": f"{kept.file_id}s"}
    return {"photo": [small, kept.told]}


def _core(kept: Kept) -> dict[str, Any]:
    return {
        "file_id": kept.file_id,
        "file_unique_id": hashlib.sha256(kept.content).hexdigest()[:16],
        "file_size": len(kept.content),
    }


def _measured(content: bytes) -> dict[str, Any]:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            width, height = picture.size
    except (
        UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError,
    ):  # fmt: skip
        raise RefusedError(400, "Bad Request: IMAGE_PROCESS_FAILED") from None
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise RefusedError(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    return {"width": width, "height": height}


def _still() -> bytes:
    written = io.BytesIO()
    Image.linear_gradient("L").resize(SMALL).save(written, "JPEG")
    return written.getvalue()
