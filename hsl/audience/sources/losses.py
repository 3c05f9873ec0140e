"""When so few people or places came that a mistake at the source is likelier than that they left.

A run is judged by the most that a good run of the last 30 days had: a source that loses half of its
people at each run would be believed to the last of them otherwise.
"""

from collections.abc import Iterable
from datetime import timedelta

import duckdb
from sqlalchemy import Engine, func, or_, select

from hsl import database, models
from hsl.audience.sources import registry
from hsl.audience.sources.errors import SourceShrunkError
from hsl.words import N_, _

FEWEST_PLACES = 20  # of which half can be missed: of two bookings one is soon deleted
LOOKED_BACK = timedelta(days=30)
PEOPLE_GONE = N_(
    "Only {came} people came, after {was} in the last {days} days, so nothing was changed. "
    "If so many have really left, {acceptable}"
)
PLACES_GONE = N_(
    "Only {came} places in streams came, after {was} in the last {days} days, so nothing was "
    "changed. If so many have really left, {acceptable}"
)

Runs, Told = models.source_runs, models.source_places


def refuse(engine: Engine, reader: duckdb.DuckDBPyConnection, source_id: int) -> None:
    """Raise SourceShrunkError where under half of what came before has come, or no place at all."""
    people, places = _most(engine, source_id)
    for came, was, fewest, words in (
        (count(reader, "people"), people, 1, PEOPLE_GONE),
        (count(reader, "places"), places, FEWEST_PLACES, PLACES_GONE),
    ):
        if (2 * came < was and was >= fewest) or (was and not came):
            raise SourceShrunkError(
                _(
                    words,
                    came=came,
                    was=was,
                    days=LOOKED_BACK.days,
                    acceptable=registry.ACCEPTABLE,
                )
            )


def count(reader: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many rows a table of the reader has."""
    counted = reader.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(counted[0]) if counted else 0


def _most(engine: Engine, source_id: int) -> tuple[int, int]:
    """The most people and places of a source in a run of the last days, and in its last one."""
    good = (Runs.c.source_id == source_id, Runs.c.error.is_(None), Runs.c.finished_at.is_not(None))
    last = select(func.max(Runs.c.id)).where(*good).scalar_subquery()
    with database.read_only(engine).begin() as connection:
        since = database.now(connection) - LOOKED_BACK
        had = Runs.c.added + Runs.c.updated + Runs.c.unchanged
        rows = connection.execute(
            select(had.label("people"), Runs.c.places)
            .where(*good, or_(Runs.c.started_at >= since, Runs.c.id == last))
            .order_by(Runs.c.id)
        ).all()
        # Runs before places were counted have none, but what was told last is known.
        told = connection.execute(
            select(func.count()).where(Told.c.source_id == source_id)
        ).scalar_one()
    places = [row.places for row in rows if row.places is not None]
    return believed(row.people for row in rows), believed([*places, told])


def believed(counts: Iterable[int]) -> int:
    """The most of these counts, in the order of the runs; from a loss that was accepted on."""
    most = 0
    for number in counts:
        # A run with so few is a good one only because a person said so.
        most = number if 2 * number < most else max(most, number)
    return most
