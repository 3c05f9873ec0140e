"""Who did what, and when."""

from typing import Annotated

from fastapi import APIRouter, Query

from hsl import audit
from hsl.acting import Permission
from hsl.api import paging, problems, shapes
from hsl.api.here import Here, asks
from hsl.api.paging import Cursor, Limit, Page

router = APIRouter(prefix="/audit", tags=["audit"])
Words = Annotated[str | None, Query(max_length=200)]


@router.get(
    "",
    dependencies=[asks(Permission.LOOK), asks(Permission.NAMES)],
    responses=problems.documented(),
)
def list_audit(
    here: Here,
    actor: Words = None,
    action: Words = None,
    object_type: Words = None,
    object_id: Words = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.Entry]:
    """Entries of the audit, the last first."""
    found, _total = audit.entries(
        here.engine,
        actor=actor,
        action=action,
        object_type=object_type,
        object_id=object_id,
        before=paging.number_of(cursor),
        limit=limit + 1,
    )
    return paging.page(found, limit, _entry, lambda one: [one.id])


def _entry(found: audit.Entry) -> shapes.Entry:
    return shapes.Entry(
        id=found.id,
        at=found.at,
        actor=found.actor,
        action=found.action,
        object_type=found.object_type,
        object_id=found.object_id,
        details=found.details,
    )
