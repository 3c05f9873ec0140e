"""Whom an expression or a cohort means, before anything is sent."""

from fastapi import APIRouter
from pydantic import BaseModel

from hsl import dispatch
from hsl.acting import Permission
from hsl.api import problems, shapes, shaping
from hsl.api.here import Here, asks, cohort_of
from hsl.audience import listing
from hsl.audience.cohort import Audience

router = APIRouter(prefix="/cohorts", tags=["cohorts"])
EXAMPLES = 10  # people


class Preview(BaseModel):
    """Some people of a cohort, the first by their ids."""

    people: list[shapes.PersonRecord]


@router.post("/count", dependencies=[asks(Permission.LOOK)], responses=problems.documented())
def count_cohort(here: Here, whom: shapes.Whom) -> shapes.Counted:
    """How many people it means at this moment. Nothing is changed."""
    cohort = cohort_of(here, whom.where, whom.cohort)
    found = dispatch.count(here.engine, Audience(include=(cohort,)))
    return shapes.Counted(
        people=found.people,
        unreachable=found.unreachable,
        sentence=cohort.sentence(),
        cohort=cohort,
    )


@router.post("/preview", dependencies=[asks(Permission.NAMES)], responses=problems.documented())
def preview_cohort(here: Here, whom: shapes.Whom) -> Preview:
    """Some of the people whom it means. Nothing is changed."""
    cohort = cohort_of(here, whom.where, whom.cohort)
    found = listing.after(here.engine, cohort, limit=EXAMPLES)
    return Preview(people=[shaping.person(one) for one in found])
