"""Messages: looked at, sent, listed, and their recipients."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from hsl import dispatch
from hsl.acting import Permission
from hsl.api import paging, problems, shapes, shaping
from hsl.api.here import Here, asks, cohort_of, signed
from hsl.api.paging import Cursor, Limit, Page
from hsl.audience.cohort import Audience
from hsl.commands import status
from hsl.delivery import listed
from hsl.delivery.history import listing
from hsl.models import AudienceMode, DeliveryStatus, MessageStatus

router = APIRouter(prefix="/messages", tags=["messages"])


@router.get("", dependencies=[asks(Permission.LOOK)], responses=problems.documented())
def list_messages(
    here: Here,
    state: Annotated[
        list[MessageStatus], Query(alias="status", description="Only in these states")
    ] = [],  # noqa: B006 - FastAPI's way to say a default
    search: Annotated[str, Query(max_length=200, description="Words of its text or group")] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.Message]:
    """Messages, the last made first."""
    found, _total = listing(
        here.engine,
        statuses=tuple(state),
        words=search,
        before=paging.number_of(cursor),
        limit=limit + 1,
    )
    return paging.page(found, limit, shaping.message, lambda one: [one.id])


@router.post("/dry-run", dependencies=[asks(Permission.WRITE)], responses=problems.documented())
def look_at_message(here: Here, new: shapes.NewMessage) -> shapes.Look:
    """What would happen: who would get it, and what forbids it. Nothing is made."""
    found = dispatch.look(
        here.engine, here.through(new.bot), new.content, _audience(here, new), at=new.at
    )
    return shapes.Look(
        may_go=found.may_go,
        people=found.people,
        unreachable=found.unreachable,
        left_out=found.left_out,
        languages=found.languages,
        seconds=found.seconds,
        needs_approval=found.needs_approval,
        problems=[problem.message for problem in found.problems],
        warnings=list(found.warnings),
    )


@router.post(
    "",
    status_code=201,
    dependencies=[asks(Permission.SEND)],
    responses=problems.documented(409),
)
def send_message(here: Here, new: shapes.NewMessage) -> shapes.Message:
    """Put a message into the outbox, to go now or at its time.

    Send an Idempotency-Key with it, so that it goes once however often you ask.
    """
    message_id = dispatch.send(
        here.engine,
        here.through(new.bot),
        content=new.content,
        audience=_audience(here, new),
        author=signed(),
        scheduled_at=new.at,
        audience_mode=AudienceMode.LIVE if new.choose_later else AudienceMode.FROZEN,
        follows_message_id=new.follows_message_id,
        late_limit=new.late_limit,
        keep_quiet=new.keep_quiet,
    )
    return shaping.message_of(here.engine, message_id)


@router.get(
    "/{message_id:int}", dependencies=[asks(Permission.LOOK)], responses=problems.documented()
)
def get_message(here: Here, message_id: shapes.MessageIdPath) -> shapes.MessageNow:
    """How one message stands."""
    shown = shaping.message_of(here.engine, message_id)
    state = status.state_of(here.engine, message_id)
    return shapes.MessageNow(
        **{**shown.model_dump(), "sum": shaping.closing(state.closing)},
        expected_recipients=state.expected,
        **state.progress,
    )


@router.get(
    "/{message_id:int}/recipients",
    dependencies=[asks(Permission.NAMES)],
    responses=problems.documented(409),
)
def list_recipients(
    here: Here,
    message_id: shapes.MessageIdPath,
    state: Annotated[
        DeliveryStatus | None, Query(alias="status", description="Only in this state")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.Recipient]:
    """What became of it for each person, by their ids."""
    shaping.message_of(here.engine, message_id)
    last = paging.number_of(cursor) or 0
    found = listed.after(here.engine, message_id, status=state, last=last, limit=limit + 1)

    def shown(row: dict[str, Any]) -> shapes.Recipient:
        return shapes.Recipient(**{n: row[n] for n in shapes.Recipient.model_fields})

    return paging.page(found, limit, shown, lambda row: [row["user_id"]])


def _audience(here: Here, new: shapes.NewMessage) -> Audience:
    if new.audience is not None:
        return new.audience
    return Audience(include=(cohort_of(here, new.where, None),))
