"""The figures that reports tell: of one message, and of a period."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from hsl.acting import Permission
from hsl.api import problems, shapes, shaping
from hsl.api.here import Here, asks
from hsl.api.problems import ProblemError
from hsl.models import utc_now
from hsl.reports import figures

router = APIRouter(prefix="/reports", tags=["reports"])
LONGEST = timedelta(days=3660)


@router.get(
    "/messages/{message_id:int}",
    dependencies=[asks(Permission.LOOK)],
    responses=problems.documented(),
)
def report_message(here: Here, message_id: shapes.MessageIdPath) -> shapes.OfMessage:
    """What a started message came to."""
    message = shaping.message_of(here.engine, message_id)
    found = figures.of_message(here.engine, message_id, here.settings.zone)
    return shapes.OfMessage(message=message, figures=shaping.figures_of(found.figures))


@router.get("/period", dependencies=[asks(Permission.LOOK)], responses=problems.documented())
def report_period(
    here: Here,
    since: Annotated[
        AwareDatetime, Query(description="Messages that started from then on, with a zone")
    ],
    until: Annotated[
        AwareDatetime | None, Query(description="And before this; none: until now")
    ] = None,
    stream: Annotated[
        list[Annotated[str, Query(max_length=200)]],
        Query(max_length=50, description="Only people in these streams"),
    ] = [],  # noqa: B006 - FastAPI's way to say a default
) -> shapes.OfPeriod:
    """What the messages of a period came to."""
    end = until or utc_now()
    _check(since, end)
    found = figures.of_period(here.engine, since, end, here.settings.zone, stream)
    return shapes.OfPeriod(
        since=found.since,
        until=found.until,
        streams=list(found.streams),
        sum=shaping.closing(found.closing),
        figures=shaping.figures_of(found.figures),
        messages=[
            shapes.MessageShare(**shaping.share(one).model_dump(), message_id=one.message_id)
            for one in found.messages
        ],
    )


def _check(since: datetime, end: datetime) -> None:
    if not (1970 < since.year < 2200 and 1970 < end.year < 2200):
        raise ProblemError(422, "The period is in no year that there are messages of.")
    if not since < end:
        raise ProblemError(422, "The period ends before it begins.")
    if end - since > LONGEST:
        raise ProblemError(422, f"The period is over {LONGEST.days:,} days long.")
