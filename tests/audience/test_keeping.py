"""Many people kept as a frozen segment: in steps, seen all at once, and nothing left of half."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event, func, select

from hsl import audit, database, models
from hsl.audience import conditions, keeping, segments
from hsl.audience.cohort import Cohort
from hsl.audience.segments import SegmentError
from hsl.models import SegmentMode

pytestmark = pytest.mark.usefixtures("four_people")
Members = models.segment_members


def ids(engine: Engine, name: str) -> list[int]:
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(segments.people(connection, segments.by_name(name))).all()
    return sorted(row.user_id for row in rows)


def members(engine: Engine) -> int:
    with database.read_only(engine).begin() as connection:
        return int(connection.execute(select(func.count()).select_from(Members)).scalar_one())


def test_it_holds_those_people_and_no_condition_changes_them(engine: Engine) -> None:
    kept = keeping.keep(engine, name="Not reached", owner="anna", ids=[1, 3, 99], description="May")
    assert (kept.mode, kept.people, kept.description) == (SegmentMode.FROZEN, 2, "May")
    assert ids(engine, "Not reached") == [1, 3]
    others = Cohort(where=conditions.Not(of=conditions.Segment(name="Not reached")))
    segments.add(engine, name="Others", owner="anna", cohort=others)
    assert ids(engine, "Others") == [2, 4]
    with pytest.raises(SegmentError, match="no condition says who they are"):
        segments.thaw(engine, "Not reached", actor="anna")
    entries, _ = audit.entries(engine, action="segment_frozen")
    assert (entries[0].actor, entries[0].details["people"]) == ("anna", 2)


def test_it_is_written_in_steps_and_holds_nobody_before_the_last(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "AT_ONCE", 2)
    seen: list[tuple[int, list[int]]] = []

    def between(numbers: list[int]) -> Iterator[int]:
        for number in numbers:
            seen.append((members(engine), ids(engine, "Kept")))
            yield number

    keeping.keep(engine, name="Kept", owner="anna", ids=between([1, 2, 3, 4, 50]))
    assert [count for count, _ in seen] == [0, 0, 2, 2, 4]
    assert {tuple(found) for _, found in seen} == {()}
    assert ids(engine, "Kept") == [1, 2, 3, 4]


def test_no_step_holds_the_lock_while_people_are_counted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "AT_ONCE", 1)
    writes: list[int] = []
    event.listen(engine, "commit", lambda connection: writes.append(1))
    keeping.keep(engine, name="Kept", owner="anna", ids=[1, 2, 3, 4])
    assert len(writes) >= 4 + 2


def test_nothing_stays_of_what_was_not_finished(engine: Engine) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise RuntimeError("the store went away")

    with pytest.raises(RuntimeError, match="went away"):
        keeping.keep(engine, name="Kept", owner="anna", ids=broken())
    assert segments.listing(engine) == []
    assert members(engine) == 0


def test_one_deleted_meanwhile_is_not_filled(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "AT_ONCE", 1)

    def deleting() -> Iterator[int]:
        yield 1
        yield 2
        segments.remove(engine, "Kept", actor="boris")
        yield 3

    with pytest.raises(SegmentError, match="Kept was changed or deleted"):
        keeping.keep(engine, name="Kept", owner="anna", ids=deleting())
    assert segments.listing(engine) == []
    assert members(engine) == 0


def test_a_name_that_is_there_already_is_refused_before_anything_is_written(
    engine: Engine,
) -> None:
    segments.add(engine, name="A", owner="anna", cohort=Cohort(everyone=True))
    with pytest.raises(SegmentError, match="already"):
        keeping.keep(engine, name="A", owner="anna", ids=[1])
    assert members(engine) == 0


def test_a_name_is_made_of_any_words_and_is_free(engine: Engine) -> None:
    first = keeping.free_name(engine, "who got it:\n" + "x" * 200)
    assert first.startswith("who got it: xxx")
    assert len(first) <= segments.LONGEST_NAME
    segments.add(engine, name=first, owner="anna", cohort=Cohort(everyone=True))
    second = keeping.free_name(engine, "who got it:\n" + "x" * 200)
    assert second.endswith(" 2")
    segments.add(engine, name=second, owner="anna", cohort=Cohort(everyone=True))
    assert keeping.free_name(engine, "\x00") == "People behind a mark"
