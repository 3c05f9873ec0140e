"""Whether message_history's counters are the numbers of their recipients, row by row.

The rows themselves are counted, in the main database and in the archive's files: an index of them
that was kept from before would hide what got lost since.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select

from hsl import database, models
from hsl.archive import catalogue, files
from hsl.models import COUNTERS, DeliveryStatus

History, Recipients = models.message_history, models.message_recipients
NAMES = ("total_recipients", *COUNTERS.values())


@dataclass(frozen=True)
class Unequal:
    """A counter that is not the number of the message's recipients."""

    message_id: int
    counter: str
    written: int
    counted: int


@dataclass(frozen=True)
class Equality:
    """What was compared, and what differs."""

    messages: int
    recipients: int
    unequal: tuple[Unequal, ...]


def compare(engine: Engine) -> Equality:
    """Count every message's recipients by status, and compare with its counters.

    Messages whose recipients are being written are left out. Raises ArchiveError where a file of
    the archive cannot be read.
    """
    written = select(
        History.c.id, History.c.archived_at, *(History.c[name] for name in NAMES)
    ).where(History.c.id.not_in(select(models.message_preparations.c.message_id)))
    kinds = (Recipients.c.message_id, Recipients.c.delivery_status)
    counting = select(*kinds, func.count().label("people")).group_by(*kinds)
    with database.one_moment(engine) as connection:
        messages = connection.execute(written.order_by(History.c.id)).all()
        counted = {row.id: Counter[str]() for row in messages}
        archived = {row.id for row in messages if row.archived_at is not None}
        for row in connection.execute(counting):
            # Rows of an archived message are being taken away; those in its file count.
            if row.message_id in counted and row.message_id not in archived:
                _add(counted[row.message_id], row.delivery_status, row.people)
        for number, tallies in _archived(connection):
            for (status, _reason), people in tallies.items():
                if number in archived:
                    _add(counted[number], status, people)
    return Equality(
        len(messages),
        sum(numbers["total_recipients"] for numbers in counted.values()),
        tuple(
            Unequal(row.id, name, getattr(row, name), counted[row.id][name])
            for row in messages
            for name in NAMES
            if getattr(row, name) != counted[row.id][name]
        ),
    )


def _archived(connection: Connection) -> Iterator[tuple[int, dict[tuple[str, str | None], int]]]:
    for file in catalogue.listed(connection):
        yield from files.people_in(file.path).items()


def _add(numbers: Counter[str], status: str, people: int) -> None:
    numbers["total_recipients"] += people
    name = COUNTERS.get(DeliveryStatus(status))
    if name is not None:
        numbers[name] += people
