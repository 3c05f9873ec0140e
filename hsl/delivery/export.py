"""Messages, their recipients, and one person's messages, as tables to download."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, Any

from sqlalchemy import Connection, Engine

from hsl import database, models, table
from hsl.acting import Permission, needs
from hsl.archive import catalogue
from hsl.delivery import history, sums
from hsl.delivery.history import EXPORTED
from hsl.table import Column, Format, Kind, Table

AT_ONCE = 5_000  # rows
NUMBERS = {"user_id", "error_code", "attempts", "telegram_message_id", "version"}
RECIPIENT_COLUMNS = tuple(
    Column(
        name,
        Kind.INTEGER if name in NUMBERS else Kind.TIME if name == "sent_at" else Kind.TEXT,
    )
    for name in EXPORTED
)
MESSAGE_COLUMNS = (
    Column("id", Kind.INTEGER),
    Column("status"),
    Column("action"),
    Column("message_type"),
    Column("message_text"),
    Column("to"),
    Column("author"),
    Column("created_at", Kind.TIME),
    Column("scheduled_at", Kind.TIME),
    Column("started_at", Kind.TIME),
    Column("finished_at", Kind.TIME),
    Column("archived_at", Kind.TIME),
    Column("total_recipients", Kind.INTEGER),
    Column("sent", Kind.INTEGER),
    Column("failed", Kind.INTEGER),
    Column("uncertain", Kind.INTEGER),
    Column("cancelled", Kind.INTEGER),
    Column("deleted", Kind.INTEGER),
    Column("not_tried", Kind.INTEGER),
    Column("sum"),
)

PERSON_COLUMNS = (
    Column("message_id", Kind.INTEGER),
    Column("title"),
    Column("status"),
    Column("reason"),
    Column("error_description"),
    Column("at", Kind.TIME),
    Column("archived", Kind.BOOLEAN),
)


@needs(Permission.NAMES)
def recipients(engine: Engine, message_id: int, form: Format = Format.CSV) -> IO[bytes]:
    """All recipients of a message, archived or not; in CSV and Excel the closing sum ends it.

    Raises ArchiveError where the archive's file is not there.
    """
    with database.read_only(engine).begin() as connection:
        closing = sums.closing_sum(connection, message_id)
        return table.as_file(
            Table(
                RECIPIENT_COLUMNS,
                _recipients(connection, message_id),
                ("closing sum", closing.sentence()),
            ),
            form,
        )


@needs(Permission.LOOK)
def messages(
    engine: Engine,
    form: Format = Format.CSV,
    **wanted: Any,
) -> IO[bytes]:
    """The messages that `history.listing` finds, as it is asked, with their closing sums."""
    return table.as_file(Table(MESSAGE_COLUMNS, _messages(engine, wanted)), form)


@needs(Permission.NAMES)
def of_person(engine: Engine, user_id: int, form: Format = Format.CSV) -> IO[bytes]:
    """All messages that were meant for this person, the last one first.

    Raises ArchiveError as `history.of_person`.
    """
    rows = (
        (one.message_id, one.title, one.status, one.reason, one.error_description, one.at,
         one.archived)
        for one in history.of_person(engine, user_id)
    )  # fmt: skip
    return table.as_file(Table(PERSON_COLUMNS, rows), form)


def _recipients(connection: Connection, message_id: int) -> Iterator[Sequence[object]]:
    if catalogue.archived_among(connection, [message_id]):
        from hsl.archive import reading

        rows = reading.all_recipients(connection, message_id)
        while some := list(islice(rows, AT_ONCE)):
            history.with_first_names(connection, some)
            yield from ([row[name] for name in EXPORTED] for row in some)
        return
    found = connection.execute(
        history.recipients_of(message_id).order_by(models.message_recipients.c.id),
        execution_options={"yield_per": AT_ONCE},
    )
    for row in found:
        yield tuple(row)


def _messages(engine: Engine, wanted: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    offset = 0
    while True:
        some, _ = history.listing(engine, **wanted, offset=offset, limit=AT_ONCE // 10)
        if not some:
            return
        for message in some:
            yield _line(message)
        offset += len(some)


def _line(message: history.Message) -> Sequence[Any]:
    closing = message.closing
    return (
        message.id,
        str(message.status),
        str(message.action),
        str(message.content.message_type),
        message.content.text,
        message.to,
        message.author,
        message.created_at,
        message.scheduled_at,
        message.started_at,
        message.finished_at,
        message.archived_at,
        closing.total,
        closing.sent,
        closing.failed,
        closing.uncertain,
        closing.cancelled,
        closing.deleted,
        closing.not_tried,
        closing.sentence(),
    )
