"""What is done with a message on its way, and with those whose answer was lost."""

from fastapi import APIRouter

from hsl import dispatch
from hsl.acting import Permission
from hsl.api import problems, shapes, shaping
from hsl.api.here import Here, asks, signed
from hsl.delivery import steering

router = APIRouter(
    prefix="/messages/{message_id:int}",
    tags=["messages"],
    dependencies=[asks(Permission.SEND)],
    responses=problems.documented(409),
)


@router.post("/pause")
def pause_message(here: Here, message_id: shapes.MessageIdPath) -> shapes.Message:
    """Nobody is sent to until it is resumed."""
    shaping.message_of(here.engine, message_id)
    steering.pause(here.engine, message_id, actor=signed())
    return shaping.message_of(here.engine, message_id)


@router.post("/resume")
def resume_message(here: Here, message_id: shapes.MessageIdPath) -> shapes.Message:
    """Go on with a paused message."""
    shaping.message_of(here.engine, message_id)
    steering.resume(here.engine, message_id, actor=signed())
    return shaping.message_of(here.engine, message_id)


@router.post("/cancel")
def cancel_message(here: Here, message_id: shapes.MessageIdPath) -> shapes.Message:
    """Nobody who was not sent to yet will get it."""
    shaping.message_of(here.engine, message_id)
    steering.cancel(here.engine, message_id, actor=signed())
    return shaping.message_of(here.engine, message_id)


@router.post("/retry")
def retry_message(
    here: Here, message_id: shapes.MessageIdPath, retry: shapes.Retry
) -> shapes.Again:
    """Try a finished message's failed recipients again: all, or those of some reasons."""
    shaping.message_of(here.engine, message_id)
    people = dispatch.retry_failed(
        here.engine, message_id, actor=signed(), reasons=tuple(retry.reasons)
    )
    return shapes.Again(people=people, message=shaping.message_of(here.engine, message_id))


@router.post("/uncertain")
def settle_uncertain(
    here: Here, message_id: shapes.MessageIdPath, settle: shapes.Settle
) -> shapes.Again:
    """Say what becomes of recipients whose answer was lost; `send_again` may reach some twice."""
    shaping.message_of(here.engine, message_id)
    deed = steering.mark_delivered if settle.how == "mark_delivered" else dispatch.send_again
    people = deed(here.engine, message_id, actor=signed(), user_ids=tuple(settle.user_ids))
    return shapes.Again(people=people, message=shaping.message_of(here.engine, message_id))
