"""The author's tray of chosen people: kept by the server, as lines that can be taken away again."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, insert, select, update

from hsl import database, models
from hsl.acting import Permission, needs
from hsl.audience.cohort import Audience, Cohort

Entries = models.selection_entries


@dataclass(frozen=True)
class Entry:
    """One line of the tray."""

    id: int
    label: str
    cohort: Cohort
    excluded: bool


def entries(engine: Engine, author: str) -> list[Entry]:
    """The author's lines, oldest first."""
    with database.read_only(engine).begin() as connection:
        return _entries(connection, author)


def audience(engine: Engine, author: str) -> Audience:
    """Everybody whom the author has chosen."""
    return audience_of(entries(engine, author))


def audience_of(lines: Sequence[Entry]) -> Audience:
    """Everybody whom these lines choose together."""
    return Audience(
        include=tuple(entry.cohort for entry in lines if not entry.excluded),
        exclude=tuple(entry.cohort for entry in lines if entry.excluded),
    )


@needs(Permission.WRITE)
def add(engine: Engine, author: str, cohort: Cohort, label: str) -> bool:
    """Choose everybody in `cohort`; False when this very line is there already.

    People named one by one are also taken back from the lines that had taken them out.
    """
    with engine.begin() as connection:
        if cohort == Cohort(user_ids=cohort.user_ids):
            _forget_ids(connection, author, cohort.user_ids, excluded=True)
        return _put(connection, author, cohort, label, excluded=False)


@needs(Permission.WRITE)
def take_out(engine: Engine, author: str, user_ids: tuple[int, ...], label: str) -> bool:
    """Take these people out of the selection, whichever line had brought them in."""
    with engine.begin() as connection:
        _forget_ids(connection, author, user_ids, excluded=False)
        return _put(connection, author, Cohort(user_ids=user_ids), label, excluded=True)


@needs(Permission.WRITE)
def remove(engine: Engine, author: str, entry_id: int) -> None:
    """Take one line away, and what it did with it."""
    with engine.begin() as connection:
        connection.execute(
            delete(Entries).where(Entries.c.id == entry_id, Entries.c.author == author)
        )


@needs(Permission.WRITE)
def clear(engine: Engine, author: str) -> None:
    """Choose nobody."""
    with engine.begin() as connection:
        connection.execute(delete(Entries).where(Entries.c.author == author))


@needs(Permission.WRITE)
def restore(engine: Engine, author: str, lines: Sequence[Entry]) -> None:
    """Put lines that were taken away or cleared back, as they were."""
    with engine.begin() as connection:
        for line in lines:
            _put(connection, author, line.cohort, line.label, excluded=line.excluded)


def _entries(connection: Connection, author: str) -> list[Entry]:
    rows = connection.execute(
        select(Entries).where(Entries.c.author == author).order_by(Entries.c.id)
    ).all()
    return [Entry(r.id, r.label, Cohort.model_validate(r.cohort), r.excluded) for r in rows]


def _put(
    connection: Connection, author: str, cohort: Cohort, label: str, *, excluded: bool
) -> bool:
    there = any(
        entry.cohort == cohort and entry.excluded == excluded
        for entry in _entries(connection, author)
    )
    if there:
        return False
    connection.execute(
        insert(Entries).values(
            author=author,
            label=label,
            cohort=cohort.model_dump(mode="json"),
            excluded=excluded,
            added_at=models.utc_now(),
        )
    )
    return True


def _forget_ids(
    connection: Connection, author: str, user_ids: tuple[int, ...], *, excluded: bool
) -> None:
    """Strike ids out of the hand-picked lines of the other kind, so that the last word holds."""
    for entry in _entries(connection, author):
        handpicked = entry.cohort == Cohort(user_ids=entry.cohort.user_ids)
        if entry.excluded is not excluded or not handpicked:
            continue
        kept = tuple(i for i in entry.cohort.user_ids if i not in set(user_ids))
        if kept == entry.cohort.user_ids:
            continue
        line = Entries.c.id == entry.id
        if not kept:
            connection.execute(delete(Entries).where(line))
            continue
        connection.execute(
            update(Entries)
            .where(line)
            .values(
                cohort=Cohort(user_ids=kept).model_dump(mode="json"),
                label=f"{len(kept):,} by name",
            )
        )
