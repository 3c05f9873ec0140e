"""People one after another by their ids, so that whoever reads them page by page misses nobody."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from hsl import database, models
from hsl.acting import Permission, needs
from hsl.audience import resolve, segments, suppression
from hsl.audience.cohort import Cohort
from hsl.models import Enrollment, User

People, Enrolled, Marks = models.users, models.enrollments, models.suppressions
EVERYBODY = Cohort(everyone=True)


@dataclass(frozen=True)
class Listed:
    """A person, their places in streams, and the do-not-message mark if there is one."""

    user: User
    places: tuple[Enrollment, ...]
    mark: suppression.Mark | None


@dataclass(frozen=True)
class Found:
    """How many people a cohort has, how many are unreachable, and the first by their ids."""

    people: int
    unreachable: int
    first: tuple[User, ...]


@needs(Permission.NAMES)
def found(engine: Engine, cohort: Cohort, *, most: int | None) -> Found:
    """Who is in a cohort at this moment; all of them where `most` is None.

    Raises SegmentError where the cohort cannot be looked up.
    """
    with database.read_only(engine).begin() as connection:
        chosen = segments.people(connection, cohort)
        total, unreachable = resolve.chosen_count(connection, chosen)
        rows = connection.execute(resolve.profiles(chosen).limit(most)).all()
    return Found(total, unreachable, tuple(User(**row._mapping) for row in rows))


@needs(Permission.NAMES)
def after(
    engine: Engine, cohort: Cohort = EVERYBODY, *, last: int = 0, limit: int = 50
) -> list[Listed]:
    """The people of a cohort whose ids follow `last`, in the order of their ids.

    Raises SegmentError where the cohort cannot be looked up.
    """
    with database.read_only(engine).begin() as connection:
        found = resolve.profiles(segments.people(connection, cohort))
        rows = connection.execute(found.where(People.c.user_id > last).limit(limit)).all()
        return _with_places(connection, rows)


@needs(Permission.NAMES)
def one(engine: Engine, user_id: int) -> Listed | None:
    """The person of this id; None where there is none."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(select(People).where(People.c.user_id == user_id)).all()
        return next(iter(_with_places(connection, rows)), None)


def _with_places(connection: Connection, rows: Any) -> list[Listed]:
    people: list[Row[Any]] = list(rows)
    ids = [row.user_id for row in people]
    places: dict[int, list[Enrollment]] = {number: [] for number in ids}
    for row in connection.execute(
        select(Enrolled).where(Enrolled.c.user_id.in_(ids)).order_by(Enrolled.c.course_stream)
    ):
        places[row.user_id].append(Enrollment(**row._mapping))
    marks = suppression.of_people(connection, ids)
    return [
        Listed(User(**row._mapping), tuple(places[row.user_id]), marks.get(row.user_id))
        for row in people
    ]
