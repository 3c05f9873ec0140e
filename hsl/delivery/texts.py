"""The texts of a message: what stands in its chats, what brought it there, and who got which."""

from sqlalchemy import Engine, func, select

from hsl import database, models
from hsl.archive import catalogue
from hsl.delivery import history
from hsl.delivery.history import Message
from hsl.message.content import Content
from hsl.models import Action, DeliveryStatus

Recipients = models.message_recipients


def edits(engine: Engine, message_id: int) -> list[Message]:
    """The runs that changed the text in at least one chat, the first one first."""
    return [
        run
        for run in history.runs(engine, message_id)
        if run.action is Action.EDIT and run.closing.sent
    ]


def standing(engine: Engine, message_id: int) -> Content | None:
    """What stands in the chats now: the last edit's that reached any, else as it was sent.

    None when there is no message of this id.
    """
    made = edits(engine, message_id)
    if made:
        return made[-1].content
    message = history.one(engine, message_id)
    return None if message is None else message.content


def got_by_version(engine: Engine, message_id: int) -> dict[int, int]:
    """How many people got which version of the text, also where it was deleted later.

    Raises ArchiveError where the file of an archived message is not there.
    """
    got = [DeliveryStatus.SENT, DeliveryStatus.DELETED]
    statement = (
        select(Recipients.c.version, func.count().label("people"))
        .where(Recipients.c.message_id == message_id, Recipients.c.delivery_status.in_(got))
        .group_by(Recipients.c.version)
    )
    with database.read_only(engine).begin() as connection:
        if catalogue.archived_among(connection, [message_id]):
            from hsl.archive import reading

            return reading.got_by_version(connection, message_id)
        rows = connection.execute(statement).all()
    return {row.version: row.people for row in rows if row.version is not None}
