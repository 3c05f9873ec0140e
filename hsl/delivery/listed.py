"""Recipients one after another by their ids, for whoever reads them page by page."""

from typing import Any

from sqlalchemy import Engine

from hsl import database, models
from hsl.acting import Permission, needs
from hsl.archive import catalogue
from hsl.delivery import history

Recipients = models.message_recipients


@needs(Permission.NAMES)
def after(
    engine: Engine, message_id: int, *, status: str | None = None, last: int = 0, limit: int = 50
) -> list[dict[str, Any]]:
    """A message's recipients whose user ids follow `last`, in the order of these ids.

    An archived message's are read from its file; raises ArchiveError where that is not there.
    """
    with database.read_only(engine).begin() as connection:
        if catalogue.archived_among(connection, [message_id]):
            from hsl.archive import reading

            return reading.recipients_after(connection, message_id, status, last, limit)
        found = history.recipients_of(message_id).where(Recipients.c.user_id > last)
        if status is not None:
            found = found.where(Recipients.c.delivery_status == status)
        rows = connection.execute(found.order_by(Recipients.c.user_id).limit(limit))
        return [dict(row._mapping) for row in rows]
