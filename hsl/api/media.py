"""The library of files that messages can carry."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request

from hsl.acting import Permission
from hsl.api import paging, problems, shapes, shaping
from hsl.api.here import Here, asks, signed
from hsl.api.paging import Cursor, Limit, Page
from hsl.api.people import BODY
from hsl.api.problems import ProblemError
from hsl.media import dropped, library, uploading
from hsl.models import MessageType
from hsl.words import _

Bot = Annotated[
    str | None,
    Query(
        max_length=64,
        description="The name of the kept bot whose files these are; without it, the one in use",
    ),
]

router = APIRouter(prefix="/media", tags=["media"])


@router.get("", dependencies=[asks(Permission.LOOK)], responses=problems.documented())
def list_media(
    here: Here,
    search: Annotated[str, Query(max_length=200, description="Words of a file's name")] = "",
    bot: Bot = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.File]:
    """Files, the last uploaded first."""
    found, _total = library.listing(
        here.engine,
        here.through(bot).bot_id,
        search=search,
        before=None if cursor is None else _place(cursor),
        limit=limit + 1,
    )
    return paging.page(
        found, limit, shaping.file, lambda one: [one.uploaded_at.isoformat(), one.id]
    )


@router.post(
    "",
    status_code=201,
    dependencies=[asks(Permission.WRITE)],
    responses=problems.documented(409),
    openapi_extra=BODY,
)
def upload_media(
    here: Here,
    request: Request,
    name: Annotated[str, Query(min_length=1, max_length=200, description="The file's name")],
    kind: Annotated[
        MessageType, Query(description="photo, video or document, as it is to be shown")
    ] = MessageType.DOCUMENT,
    bot: Bot = None,
) -> shapes.File:
    """Upload a file as the body, through the bot whose messages are to carry it.

    `note` says where its kind had to be another.
    """
    given: Path = request.state.file
    if kind is MessageType.TEXT:
        raise ProblemError(422, "A file is a photo, a video or a document.")
    found = dropped.examine(name, given.read_bytes(), kind)
    progress = uploading.Progress(found.size)
    kept = uploading.upload(here.engine, here.through(bot), found, progress, actor=signed())
    return shaping.file(kept, found.note and _(found.note, name=found.name))


def _place(cursor: str) -> tuple[datetime, int]:
    place = paging.place_of(cursor)
    try:
        at, number = place
        moment = datetime.fromisoformat(at)
    except (ValueError, TypeError):
        moment, number = None, None
    if moment is None or moment.tzinfo is None or not isinstance(number, int):
        raise paging.strange()
    return moment, number
