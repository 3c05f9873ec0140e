"""Tables to download: people of a cohort, segments and their sizes, do-not-message marks."""

from collections.abc import Iterator, Sequence
from typing import IO, Any

from sqlalchemy import Connection, Engine, Select, select

from hsl import database, models, table
from hsl.acting import Permission, needs
from hsl.audience import segments
from hsl.audience.cohort import Audience, Cohort
from hsl.models import LEFT
from hsl.order import naturally
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

Marks, Saved, Sizes = models.suppressions, models.segments, models.segment_sizes
SEGMENT_COLUMNS = (
    Column("name"),
    Column("people", Kind.INTEGER),
    Column("mode"),
    Column("is_exclusion", Kind.BOOLEAN),
    Column("who"),
    Column("description"),
    Column("owner"),
    Column("created_at", Kind.TIME),
    Column("updated_at", Kind.TIME),
    Column("cohort", Kind.JSON),
)
SIZE_COLUMNS = (Column("segment"), Column("day"), Column("people", Kind.INTEGER))
MARK_COLUMNS = (
    Column("user_id", Kind.INTEGER),
    Column("username"),
    Column("first_name"),
    Column("last_name"),
    Column("reason"),
    Column("marked_by"),
    Column("marked_at", Kind.TIME),
)


def problem(engine: Engine, chosen: Cohort | Audience) -> str | None:
    """Why these people cannot be chosen from the database now; None where they can."""
    with database.read_only(engine).begin() as connection:
        try:
            segments.people(connection, chosen)
        except segments.SegmentError as fault:
            return str(fault)
    return None


@needs(Permission.NAMES)
def people(engine: Engine, chosen: Cohort | Audience, form: Format = Format.CSV) -> IO[bytes]:
    """Everybody in `chosen`, by id; `streams` is text such as "4th_stream, 5th_stream".

    Raises SegmentError where `problem` names one.
    """
    with database.read_only(engine).begin() as connection:
        return table.as_file(Table(COLUMNS, _people(connection, chosen)), form)


@needs(Permission.LOOK)
def listed_segments(engine: Engine, form: Format = Format.CSV) -> IO[bytes]:
    """All segments by name, each with its last size."""
    rows = (
        (
            *(one.name, one.people, one.mode.value, one.is_exclusion, one.cohort.english()),
            *(one.description, one.owner, one.created_at, one.updated_at),
            one.cohort.model_dump(mode="json"),
        )
        for one in segments.listing(engine)
    )
    return table.as_file(Table(SEGMENT_COLUMNS, rows), form)


@needs(Permission.LOOK)
def sizes(engine: Engine, form: Format = Format.CSV) -> IO[bytes]:
    """The people of each segment by day (UTC, such as "2026-11-24")."""
    statement = (
        select(Saved.c.name, Sizes.c.day, Sizes.c.people)
        .join(Saved, Saved.c.id == Sizes.c.segment_id)
        .order_by(Saved.c.name, Sizes.c.day)
    )
    return _selected(engine, statement, SIZE_COLUMNS, form)


@needs(Permission.NAMES)
def marks(engine: Engine, form: Format = Format.CSV) -> IO[bytes]:
    """Everybody who is marked as do-not-message, the last marked first."""
    shown = [(People if c.name in People.c and c.name != "user_id" else Marks).c[c.name]
             for c in MARK_COLUMNS]  # fmt: skip
    statement = (
        select(*shown)
        .select_from(Marks.outerjoin(People, People.c.user_id == Marks.c.user_id))
        .order_by(Marks.c.marked_at.desc(), Marks.c.user_id)
    )
    return _selected(engine, statement, MARK_COLUMNS, form)


def _selected(
    engine: Engine, statement: Select[Any], columns: tuple[Column, ...], form: Format
) -> IO[bytes]:
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(statement, execution_options={"yield_per": AT_ONCE})
        return table.as_file(Table(columns, rows), form)


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
        )
        for place in places:
            streams.setdefault(place.user_id, []).append(place.course_stream)
        for row in some:
            values = row._mapping
            yield [
                ", ".join(naturally(streams.get(row.user_id, [])))
                if column.name == "streams"
                else values[column.name]
                for column in COLUMNS
            ]
