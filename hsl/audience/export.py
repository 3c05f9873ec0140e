"""People as a table to download: everybody of a cohort, with their streams."""

from collections.abc import Iterator, Sequence
from typing import IO

from sqlalchemy import Connection, Engine, select

from hsl import database, models, table
from hsl.audience import segments
from hsl.audience.cohort import Audience, Cohort
from hsl.models import LEFT
from hsl.table import Column, Format, Kind, Table

AT_ONCE = 5_000  # people
People, Enrolled = models.users, models.enrollments
COLUMNS = (
    Column("user_id", Kind.INTEGER),
    Column("username"),
    Column("first_name"),
    Column("last_name"),
    Column("language_code"),
    Column("registered_at", Kind.TIME),
    Column("streams"),
    Column("unreachable_reason"),
    Column("unreachable_since", Kind.TIME),
    Column("attributes", Kind.JSON),
)


def problem(engine: Engine, chosen: Cohort | Audience) -> str | None:
    """Why these people cannot be chosen from the database now; None where they can."""
    with database.read_only(engine).begin() as connection:
        try:
            segments.people(connection, chosen)
        except segments.SegmentError as fault:
            return str(fault)
    return None


def people(engine: Engine, chosen: Cohort | Audience, form: Format = Format.CSV) -> IO[bytes]:
    """Everybody in `chosen`, by id; `streams` is text such as "4th_stream, 5th_stream".

    Raises SegmentError where `problem` names one.
    """
    with database.read_only(engine).begin() as connection:
        return table.as_file(Table(COLUMNS, _people(connection, chosen)), form)


def _people(connection: Connection, chosen: Cohort | Audience) -> Iterator[Sequence[object]]:
    found = segments.people(connection, chosen).order_by(None).subquery()
    own = [People.c[column.name] for column in COLUMNS if column.name != "streams"]
    rows = connection.execute(
        select(*own).join(found, found.c.user_id == People.c.user_id).order_by(People.c.user_id),
        execution_options={"yield_per": AT_ONCE},
    )
    for some in rows.partitions():
        streams: dict[int, list[str]] = {}
        places = connection.execute(
            select(Enrolled.c.user_id, Enrolled.c.course_stream)
            .where(Enrolled.c.user_id.in_([row.user_id for row in some]))
            .where(Enrolled.c.status.is_distinct_from(LEFT))
            .order_by(Enrolled.c.course_stream)
        )
        for place in places:
            streams.setdefault(place.user_id, []).append(place.course_stream)
        for row in some:
            values = row._mapping
            yield [
                ", ".join(streams.get(row.user_id, []))
                if column.name == "streams"
                else values[column.name]
                for column in COLUMNS
            ]
