"""Segments: cohorts saved under a name, for messages, the command line and other cohorts.

A dynamic segment is chosen anew whenever it is used, a frozen one keeps the people it had. Every
change is audited in its own transaction.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from hsl import audit, audit_changes, database, models
from hsl.acting import Permission, needs
from hsl.audience import usage
from hsl.audience.cohort import Cohort
from hsl.audience.conditions import Members as AmongMembers
from hsl.audience.expanding import (
    Segment,
    SegmentError,
    among,
    by_name,
    check_cycles,
    exclusions,
    expand,
    expanded,
    missing,
    of_audience,
    people,
    segment_of,
)
from hsl.models import SegmentMode
from hsl.order import natural_key
from hsl.words import N_, _

__all__ = [
    "Segment",
    "SegmentError",
    "add",
    "by_name",
    "edit",
    "exclusions",
    "expand",
    "expanded",
    "freeze",
    "listing",
    "measure",
    "of_audience",
    "one",
    "people",
    "remove",
    "settle",
    "sizes",
    "thaw",
]

Saved, Members, Sizes = models.segments, models.segment_members, models.segment_sizes
LONGEST_NAME = 100  # characters
NAMED = 5  # uses of a segment that stand in a sentence
RENAMED = N_("{name} cannot be renamed: it is used by {uses}. Take it out there first.")
DELETED = N_("{name} cannot be deleted: it is used by {uses}. Take it out there first.")


def listing(engine: Engine) -> list[Segment]:
    """All segments in the natural order of their names, each with its last size."""
    last = (
        select(Sizes.c.segment_id, func.max(Sizes.c.day).label("day"))
        .group_by(Sizes.c.segment_id)
        .subquery()
    )
    statement = (
        select(Saved, Sizes.c.people)
        .outerjoin(last, last.c.segment_id == Saved.c.id)
        .outerjoin(Sizes, (Sizes.c.segment_id == last.c.segment_id) & (Sizes.c.day == last.c.day))
    )
    with database.read_only(engine).begin() as connection:
        found = [segment_of(row, row.people) for row in connection.execute(statement)]
    return sorted(found, key=lambda segment: natural_key(segment.name))


def one(engine: Engine, name: str) -> Segment:
    """The segment of this name. Raises SegmentError."""
    for segment in listing(engine):
        if segment.name == name:
            return segment
    raise SegmentError(missing(name))


def sizes(engine: Engine, segment_id: int) -> list[tuple[str, int]]:
    """Its size by day (UTC, such as "2026-11-24"), the first day first."""
    statement = select(Sizes.c.day, Sizes.c.people).where(Sizes.c.segment_id == segment_id)
    with database.read_only(engine).begin() as connection:
        return [(r.day, r.people) for r in connection.execute(statement.order_by(Sizes.c.day))]


@needs(Permission.WRITE)
def add(
    engine: Engine,
    *,
    name: str,
    owner: str,
    cohort: Cohort,
    description: str = "",
    frozen: bool = False,
    is_exclusion: bool = False,
) -> Segment:
    """Save a cohort under a name and count it. Raises SegmentError, and then nothing is saved."""
    name = _good_name(name)
    if cohort.is_empty:
        raise SegmentError(_("Nobody is chosen. A segment needs a condition."))
    now = models.utc_now()
    try:
        with engine.begin() as connection:
            known = _locked(connection)
            if name in known:
                raise SegmentError(
                    _("There is a segment {name} already. Choose another name.", name=name)
                )
            check_cycles({**{n: s.cohort for n, s in known.items()}, name: cohort}, name)
            row = connection.execute(
                insert(Saved).returning(Saved),
                {
                    "name": name,
                    "owner": owner,
                    "description": description.strip(),
                    "cohort": cohort.model_dump(mode="json"),
                    "mode": SegmentMode.DYNAMIC,
                    "is_exclusion": is_exclusion,
                    "created_at": now,
                    "updated_at": now,
                },
            ).one()
            if frozen:
                _keep_members(connection, segment_of(row))
            people = _count(connection, row.id, name)
            _record(
                connection,
                "segment_added",
                segment_of(row),
                owner,
                sentence=cohort.english(),
                cohort=cohort.model_dump(mode="json"),
                frozen=frozen,
                is_exclusion=is_exclusion,
                people=people,
            )
    except IntegrityError:
        raise SegmentError(
            _("There is a segment {name} already. Choose another name.", name=name)
        ) from None
    return one(engine, name)


@needs(Permission.WRITE)
def edit(
    engine: Engine,
    name: str,
    *,
    actor: str,
    new_name: str | None = None,
    description: str | None = None,
    cohort: Cohort | None = None,
    is_exclusion: bool | None = None,
) -> Segment:
    """Change what is given of a segment. Raises SegmentError.

    A new name is refused while the old one is used, and a new cohort of a frozen one, as its people
    are kept.
    """
    wanted = _good_name(new_name) if new_name is not None else name
    with engine.begin() as connection:
        known = _locked(connection)
        segment = among(known, name)
        if wanted != name:
            if wanted in known:
                raise SegmentError(
                    _("There is a segment {wanted} already. Choose another name.", wanted=wanted)
                )
            _require_unused(connection, name, RENAMED)
        if cohort is not None:
            if cohort.is_empty:
                raise SegmentError(_("Nobody is chosen. A segment needs a condition."))
            if segment.mode is SegmentMode.FROZEN:
                raise SegmentError(
                    _(
                        "{name} is frozen and keeps its people. Let it choose anew first (thaw).",
                        name=name,
                    )
                )
            check_cycles({**{n: s.cohort for n, s in known.items()}, name: cohort}, name)
        changes: dict[str, Any] = {
            "name": wanted,
            "description": segment.description if description is None else description.strip(),
            "cohort": (cohort or segment.cohort).model_dump(mode="json"),
            "is_exclusion": segment.is_exclusion if is_exclusion is None else is_exclusion,
        }
        before = {
            "name": name,
            "description": segment.description,
            "cohort": segment.cohort.model_dump(mode="json"),
            "is_exclusion": segment.is_exclusion,
        }
        changed = {key for key in changes if changes[key] != before[key]}
        if changed:
            connection.execute(
                update(Saved)
                .where(Saved.c.id == segment.id)
                .values(**changes, updated_at=models.utc_now())
            )
            _record(
                connection,
                "segment_edited",
                segment,
                actor,
                **audit_changes.between(before, changes),
            )
        if "cohort" in changed:
            _count(connection, segment.id, wanted)
    return one(engine, wanted)


@needs(Permission.WRITE)
def freeze(engine: Engine, name: str, *, actor: str) -> int:
    """Keep the people that it has now; how many. Raises SegmentError."""
    with engine.begin() as connection:
        segment = among(_locked(connection), name)
        if segment.mode is SegmentMode.FROZEN:
            raise SegmentError(_("{name} is frozen already, and keeps its people.", name=name))
        people = _keep_members(connection, segment)
        _count(connection, segment.id, name)
        _record(
            connection,
            "segment_frozen",
            segment,
            actor,
            people=people,
            **audit_changes.between({"frozen": False}, {"frozen": True}),
        )
    return people


@needs(Permission.WRITE)
def settle(engine: Engine, made: Segment, *, actor: str, description: str) -> Segment:
    """Let a segment have the members that were written for it, and no others from now on.

    Raises SegmentError where it is not as it was `made`.
    """
    members = AmongMembers(segment_id=made.id)
    with database.read_only(engine).begin() as connection:  # counted before anybody has to wait
        found = people(connection, Cohort(where=members)).subquery()
        size = int(connection.execute(select(func.count()).select_from(found)).scalar_one())
    with engine.begin() as connection:
        now = _locked(connection).get(made.name)
        if now is None or (now.id, now.mode, now.cohort) != (made.id, made.mode, made.cohort):
            raise SegmentError(
                _("{name} was changed or deleted meanwhile. Make it anew.", name=made.name)
            )
        kept = Cohort(where=members).model_dump(mode="json")
        connection.execute(
            update(Saved)
            .where(Saved.c.id == made.id)
            .values(cohort=kept, description=description.strip())
        )
        _set_mode(connection, made, SegmentMode.FROZEN)
        _write_size(connection, made.id, size)
        before = {
            "frozen": made.mode is SegmentMode.FROZEN,
            "description": made.description,
            "cohort": made.cohort.model_dump(mode="json"),
        }
        after = {"frozen": True, "description": description.strip(), "cohort": kept}
        _record(
            connection,
            "segment_frozen",
            made,
            actor,
            people=size,
            **audit_changes.between(before, after),
        )
    return one(engine, made.name)


@needs(Permission.WRITE)
def thaw(engine: Engine, name: str, *, actor: str) -> None:
    """Let a frozen one be chosen anew by its cohort whenever it is used. Raises SegmentError."""
    with engine.begin() as connection:
        segment = among(_locked(connection), name)
        if segment.mode is SegmentMode.DYNAMIC:
            raise SegmentError(_("{name} is not frozen.", name=name))
        if segment.cohort.where == AmongMembers(segment_id=segment.id):
            raise SegmentError(
                _(
                    "{name} stays frozen: its people were taken from a chart, and no condition "
                    "says who they are.",
                    name=name,
                )
            )
        connection.execute(delete(Members).where(Members.c.segment_id == segment.id))
        _set_mode(connection, segment, SegmentMode.DYNAMIC)
        _count(connection, segment.id, name)
        _record(
            connection,
            "segment_thawed",
            segment,
            actor,
            **audit_changes.between({"frozen": True}, {"frozen": False}),
        )


@needs(Permission.WRITE)
def remove(engine: Engine, name: str, *, actor: str) -> None:
    """Delete a segment that nothing uses. Raises SegmentError, which names what uses it."""
    with engine.begin() as connection:
        segment = among(_locked(connection), name)
        _require_unused(connection, name, DELETED)
        for table in (Members, Sizes):
            connection.execute(delete(table).where(table.c.segment_id == segment.id))
        connection.execute(delete(Saved).where(Saved.c.id == segment.id))
        _record(
            connection,
            "segment_deleted",
            segment,
            actor,
            sentence=segment.cohort.english(),
            cohort=segment.cohort.model_dump(mode="json"),
        )


def measure(engine: Engine) -> int:
    """Count each segment that was not counted today (UTC); how many those were.

    One that cannot be looked up, as it hangs on archived messages, has no size of today.
    """
    today = _today()
    counted = select(Sizes.c.segment_id).where(Sizes.c.day == today)
    with database.read_only(engine).begin() as connection:
        due = connection.execute(select(Saved.c.id, Saved.c.name).where(Saved.c.id.not_in(counted)))
        rows = due.all()
        found = {}
        for row in rows:
            with suppress(SegmentError):
                found[row.id] = _size(connection, row.name)
    if not found:
        return 0
    with engine.begin() as connection:
        for segment_id, people in found.items():
            _write_size(connection, segment_id, people)
    return len(found)


def _require_unused(connection: Connection, name: str, refusal: str) -> None:
    found = usage.of_segment(connection, name)
    if found:
        uses = ", ".join(found[:NAMED])
        if len(found) > NAMED:
            uses = _("{names} and {more} more", names=uses, more=len(found) - NAMED)
        raise SegmentError(_(refusal, name=name, uses=uses))


def _keep_members(connection: Connection, segment: Segment) -> int:
    found = people(connection, segment.cohort).subquery()
    connection.execute(delete(Members).where(Members.c.segment_id == segment.id))
    connection.execute(
        insert(Members).from_select(
            ["segment_id", "user_id"],
            select(literal(segment.id, models.RowId), found.c.user_id),
        )
    )
    _set_mode(connection, segment, SegmentMode.FROZEN)
    count = select(func.count()).where(Members.c.segment_id == segment.id)
    return int(connection.execute(count).scalar_one())


def _set_mode(connection: Connection, segment: Segment, mode: SegmentMode) -> None:
    connection.execute(
        update(Saved).where(Saved.c.id == segment.id).values(mode=mode, updated_at=models.utc_now())
    )


def _count(connection: Connection, segment_id: int, name: str) -> int:
    size = _size(connection, name)
    _write_size(connection, segment_id, size)
    return size


def _size(connection: Connection, name: str) -> int:
    found = people(connection, by_name(name)).subquery()
    return int(connection.execute(select(func.count()).select_from(found)).scalar_one())


def _write_size(connection: Connection, segment_id: int, size: int) -> None:
    today = _today()
    connection.execute(delete(Sizes).where(Sizes.c.segment_id == segment_id, Sizes.c.day == today))
    connection.execute(insert(Sizes).values(segment_id=segment_id, day=today, people=size))


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _locked(connection: Connection) -> dict[str, Segment]:
    """All segments, locked, so that two changes at once cannot close a circle together."""
    rows = connection.execute(select(Saved).order_by(Saved.c.id).with_for_update())
    return {row.name: segment_of(row) for row in rows}


def _good_name(name: str) -> str:
    found = " ".join(name.split())
    if not found or len(found) > LONGEST_NAME or not found.isprintable():
        raise SegmentError(
            _(
                "A segment's name has 1 to {longest_name} characters on one line, not “{name}”.",
                longest_name=LONGEST_NAME,
                name=name,
            )
        )
    return found


def _record(
    connection: Connection, action: str, segment: Segment, actor: str, **details: Any
) -> None:
    audit.record(
        connection,
        actor=actor,
        action=action,
        object_type="segment",
        object_id=segment.id,
        details={"name": segment.name, **details},
    )
