"""The deliveries of some messages at one moment, archived or not: for reports and for the library.

Only the messages that are asked about are read, so that a report fits beside a scheduler.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import pandas as pd
import pyarrow as pa
from sqlalchemy import select

from hsl import models
from hsl.archive import files, reading
from hsl.moment import DELIVERIES, ENROLLMENTS, MESSAGES, PEOPLE, Moment

History = models.message_history
FEW_VALUES = ("delivery_status", "reason")  # kept once each, and not once a row


class Deliveries:
    """What `hsl.insights` reads: messages, deliveries and places, as they were at a moment.

    Deliveries are those of messages that started in [since, until), or of one message.
    """

    def __init__(
        self,
        now: Moment,
        since: datetime | None = None,
        until: datetime | None = None,
        message: int | None = None,
    ) -> None:
        self._reader = files.connect()
        self._reader.register(
            "message_history", table_of(now.read("message_history", MESSAGES), MESSAGES)
        )
        self._reader.register("message_recipients", deliveries(now, since, until, message))
        self._reader.register(
            "enrollments", table_of(now.read("enrollments", ENROLLMENTS), ENROLLMENTS)
        )

    def add_people(self, now: Moment) -> None:
        """Add `users`, which not every figure asks for."""
        self._reader.register("users", table_of(now.read("users", PEOPLE), PEOPLE))

    def frame(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        """The rows of a statement whose `?` are `values`."""
        return self._reader.execute(sql, list(values)).df()


def deliveries(
    now: Moment,
    since: datetime | None = None,
    until: datetime | None = None,
    message: int | None = None,
) -> pa.Table:
    """A row for every recipient of messages that started in [since, until), or of one message.

    Archived ones too. Raises ArchiveError where their file is not there.
    """
    wanted = select(History.c.id, History.c.archived_at)
    if since is not None:
        wanted = wanted.where(History.c.started_at >= since)
    if until is not None:
        wanted = wanted.where(History.c.started_at < until)
    if message is not None:
        wanted = wanted.where(History.c.id == message)
    rows = now.connection.execute(wanted).all()
    here = ", ".join(str(int(row.id)) for row in rows if row.archived_at is None)
    archived = [row.id for row in rows if row.archived_at is not None]
    batches = list(now.read("message_recipients", DELIVERIES, f"message_id IN ({here or 'NULL'})"))
    for batch in reading.batches(now.connection, DELIVERIES.names, archived):
        batches += pa.Table.from_batches([batch]).select(DELIVERIES.names).cast(
            DELIVERIES
        ).to_batches()  # fmt: skip
    table = table_of(batches, DELIVERIES)
    for name in FEW_VALUES:
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table[name].dictionary_encode())
    return table


def table_of(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    """The batches as one table, also where there is none."""
    return pa.Table.from_batches(list(batches), schema=schema)
