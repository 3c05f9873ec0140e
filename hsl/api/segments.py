"""Saved cohorts."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from hsl.acting import Permission
from hsl.api import paging, problems, shapes, shaping
from hsl.api.here import Here, asks, cohort_of, signed
from hsl.api.paging import Cursor, Limit, Page
from hsl.api.problems import ProblemError
from hsl.audience import segments
from hsl.models import MAX_ROW_ID

router = APIRouter(prefix="/segments", tags=["segments"])
SegmentId = Annotated[int, Path(ge=1, le=MAX_ROW_ID, description="A segment's number")]


class Changed(shapes.Taken):
    """What is to change of a segment; what is left out stays."""

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    description: Annotated[str, Field(max_length=2000)] | None = None
    is_exclusion: bool | None = None


@router.get("", dependencies=[asks(Permission.LOOK)], responses=problems.documented())
def list_segments(
    here: Here, cursor: Cursor = None, limit: Limit = 50
) -> Page[shapes.SegmentRecord]:
    """Segments as they were made."""
    last = paging.number_of(cursor) or 0
    by_id = sorted(segments.listing(here.engine), key=lambda one: one.id)
    found = [one for one in by_id if one.id > last][: limit + 1]
    return paging.page(found, limit, shaping.segment, lambda one: [one.id])


@router.get(
    "/{segment_id:int}", dependencies=[asks(Permission.LOOK)], responses=problems.documented()
)
def get_segment(here: Here, segment_id: SegmentId) -> shapes.SegmentRecord:
    """One segment."""
    return shaping.segment(_of(here, segment_id))


@router.post(
    "",
    status_code=201,
    dependencies=[asks(Permission.WRITE)],
    responses=problems.documented(409),
)
def add_segment(here: Here, new: shapes.NewSegment) -> shapes.SegmentRecord:
    """Save people under a name."""
    found = segments.add(
        here.engine,
        name=new.name,
        owner=signed(),
        cohort=cohort_of(here, new.where, new.cohort),
        description=new.description,
        frozen=new.frozen,
        is_exclusion=new.is_exclusion,
    )
    return shaping.segment(found)


@router.patch(
    "/{segment_id:int}",
    dependencies=[asks(Permission.WRITE)],
    responses=problems.documented(409),
)
def change_segment(here: Here, segment_id: SegmentId, changed: Changed) -> shapes.SegmentRecord:
    """Rename a segment, describe it, or change what it is for."""
    found = segments.edit(
        here.engine,
        _of(here, segment_id).name,
        actor=signed(),
        new_name=changed.name,
        description=changed.description,
        is_exclusion=changed.is_exclusion,
    )
    return shaping.segment(found)


@router.delete(
    "/{segment_id:int}",
    status_code=204,
    dependencies=[asks(Permission.WRITE)],
    responses=problems.documented(409),
)
def remove_segment(here: Here, segment_id: SegmentId) -> None:
    """Delete a segment that nothing uses."""
    segments.remove(here.engine, _of(here, segment_id).name, actor=signed())


def _of(here: Here, segment_id: int) -> segments.Segment:
    for one in segments.listing(here.engine):
        if one.id == segment_id:
            return one
    raise ProblemError(404, f"There is no segment {segment_id}.")
