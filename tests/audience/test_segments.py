"""Segments: saved, used in other cohorts, kept or chosen anew, and never in a circle."""

import pytest
from sqlalchemy import Engine, func, insert, select

from hsl import audit, dispatch, models
from hsl.audience import conditions, segments, selection
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.segments import SegmentError
from hsl.delivery import recurring
from hsl.message.content import Content
from hsl.models import AudienceMode, utc_now
from hsl.settings import load_settings
from tests.audience.conftest import DAY

pytestmark = pytest.mark.usefixtures("four_people")

FOURTH = Cohort(streams=("4th",))
FAR = DAY.replace(year=2099)


def in_segment(name: str) -> Cohort:
    return Cohort(where=conditions.Segment(name=name))


def ids(engine: Engine, chosen: Cohort | Audience) -> list[int]:
    with engine.begin() as connection:
        rows = connection.execute(segments.people(connection, chosen)).all()
    return sorted(row.user_id for row in rows)


def leave_fourth(engine: Engine, user_id: int) -> None:
    enrolled = models.enrollments
    with engine.begin() as connection:
        connection.execute(
            enrolled.delete().where(
                enrolled.c.user_id == user_id, enrolled.c.course_stream == "4th"
            )
        )


def actions(engine: Engine) -> list[str]:
    found, _ = audit.entries(engine, object_type="segment")
    return [entry.action for entry in reversed(found)]


def test_a_dynamic_one_is_chosen_anew_and_a_frozen_one_keeps_its_people(engine: Engine) -> None:
    segments.add(engine, name="Moving", owner="anna", cohort=FOURTH)
    segments.add(engine, name="Kept", owner="anna", cohort=FOURTH, frozen=True)
    leave_fourth(engine, 1)
    assert ids(engine, in_segment("Moving")) == [2]
    assert ids(engine, in_segment("Kept")) == [1, 2]
    segments.thaw(engine, "Kept", actor="anna")
    assert ids(engine, in_segment("Kept")) == [2]
    assert segments.freeze(engine, "Moving", actor="anna") == 1
    assert actions(engine) == [
        "segment_added",
        "segment_added",
        "segment_thawed",
        "segment_frozen",
    ]


def test_it_stands_in_other_cohorts_with_and_or_and_not(engine: Engine) -> None:
    segments.add(engine, name="Fourth", owner="anna", cohort=FOURTH)
    not_them = conditions.Not(of=conditions.Segment(name="Fourth"))
    segments.add(engine, name="Others", owner="anna", cohort=Cohort(where=not_them))
    both = conditions.All(of=(conditions.Segment(name="Fourth"), conditions.Reachable()))
    assert ids(engine, in_segment("Others")) == [3, 4]
    assert ids(engine, Cohort(where=both)) == [1]
    audience = Audience(include=(Cohort(everyone=True),), exclude=(in_segment("Others"),))
    assert ids(engine, audience) == [1, 2]


def test_an_audience_is_one_cohort(engine: Engine) -> None:
    audience = Audience(
        include=(FOURTH, Cohort(user_ids=(3, 4))), exclude=(Cohort(languages=("ru",)),)
    )
    assert ids(engine, segments.of_audience(audience)) == ids(engine, audience) == [1, 3, 4]
    assert segments.of_audience(Audience(exclude=(FOURTH,))).is_empty


def test_a_circle_is_refused_by_its_chain(engine: Engine) -> None:
    segments.add(engine, name="A", owner="anna", cohort=FOURTH)
    segments.add(engine, name="B", owner="anna", cohort=in_segment("A"))
    segments.add(engine, name="C", owner="anna", cohort=in_segment("B"))
    with pytest.raises(SegmentError, match="A → C → B → A"):
        segments.edit(engine, "A", actor="anna", cohort=in_segment("C"))
    with pytest.raises(SegmentError, match="no segment Z"):
        segments.edit(engine, "A", actor="anna", cohort=in_segment("Z"))
    assert ids(engine, in_segment("C")) == [1, 2]


def lattice(levels: int) -> dict[str, Cohort]:
    """Segments that each name the one before twice, so that the last comes to 2 ** levels."""
    found = {"L0": FOURTH}
    for level in range(1, levels + 1):
        one = conditions.Segment(name=f"L{level - 1}")
        two = conditions.AnyOf(of=(conditions.Not(of=one), conditions.Reachable()))
        found[f"L{level}"] = Cohort(where=conditions.All(of=(one, two)))
    return found


def write_past_the_rules(engine: Engine, cohorts: dict[str, Cohort]) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(models.segments),
            [
                {
                    "name": name,
                    "owner": "anna",
                    "description": "",
                    "cohort": cohort.model_dump(mode="json"),
                    "mode": "dynamic",
                    "is_exclusion": False,
                    "created_at": DAY,
                    "updated_at": DAY,
                }
                for name, cohort in cohorts.items()
            ],
        )


def test_segments_that_name_each_other_twice_come_to_a_bounded_condition(engine: Engine) -> None:
    cohorts = lattice(30)
    segments.check_cycles(cohorts, "L30")
    write_past_the_rules(engine, cohorts)
    with engine.begin() as connection:
        found = segments.expand(connection, in_segment("L7"))
        assert found.where is not None
        assert len(list(conditions.leaves(found.where))) == 2**8 - 1
    assert ids(engine, in_segment("L7")) == [1]
    for level in (9, 30):
        with pytest.raises(SegmentError, match="The segment L8 comes to more than 500 conditions"):
            ids(engine, in_segment(f"L{level}"))
    with pytest.raises(SegmentError, match="The segment Twice comes to more than 500"):
        segments.add(engine, name="Twice", owner="anna", cohort=cohorts["L8"])
    assert "Twice" not in {segment.name for segment in segments.listing(engine)}


def test_a_chain_of_segments_is_bounded_in_whatever_order_it_is_named(engine: Engine) -> None:
    chain = {"C0": FOURTH} | {f"C{n}": in_segment(f"C{n - 1}") for n in range(1, 300)}
    write_past_the_rules(engine, chain)
    assert ids(engine, in_segment("C39")) == [1, 2]
    backwards = tuple(conditions.Segment(name=f"C{n}") for n in range(60))
    for cohort in (in_segment("C299"), Cohort(where=conditions.AnyOf(of=backwards))):
        with pytest.raises(SegmentError, match="more than 40 segments use each other"):
            ids(engine, cohort)


def test_a_circle_that_was_written_past_the_rules_is_refused_too(engine: Engine) -> None:
    segments.add(engine, name="A", owner="anna", cohort=FOURTH)
    segments.add(engine, name="B", owner="anna", cohort=in_segment("A"))
    with engine.begin() as connection:
        connection.execute(
            models.segments.update()
            .where(models.segments.c.name == "A")
            .values(cohort=in_segment("B").model_dump(mode="json"))
        )
    with pytest.raises(SegmentError, match="B → A → B"):
        ids(engine, in_segment("B"))


def test_what_uses_it_holds_it(engine: Engine) -> None:
    settings = load_settings()
    segments.add(engine, name="A", owner="anna", cohort=FOURTH)
    segments.add(engine, name="B", owner="anna", cohort=in_segment("A"))
    selection.add(engine, "anna", in_segment("A"), "A")
    audience = Audience(include=(in_segment("A"),))
    message = dispatch.send(
        engine,
        settings,
        content=Content(text="Hi"),
        audience=audience,
        author="anna",
        scheduled_at=FAR,
        audience_mode=AudienceMode.LIVE,
    )
    rule = recurring.Repeat.parse("mon 10:00 UTC")
    dispatch.repeat(
        engine, settings, content=Content(text="Hi"), audience=audience, rule=rule, author="anna"
    )
    with pytest.raises(SegmentError) as refused:
        segments.remove(engine, "A", actor="anna")
    for words in ("segment B", "the selection of anna", f"scheduled message {message}"):
        assert words in str(refused.value)
    with pytest.raises(SegmentError, match="cannot be renamed"):
        segments.edit(engine, "A", actor="anna", new_name="AA")
    segments.remove(engine, "B", actor="anna")
    assert [s.name for s in segments.listing(engine)] == ["A"]


def test_it_is_renamed_described_and_deleted(engine: Engine) -> None:
    segments.add(engine, name="A", owner="anna", cohort=FOURTH, frozen=True)
    found = segments.edit(
        engine,
        "A",
        actor="boris",
        new_name="  Fourth   stream ",
        description="x",
        is_exclusion=True,
    )
    assert (found.name, found.description, found.is_exclusion) == ("Fourth stream", "x", True)
    segments.remove(engine, "Fourth stream", actor="boris")
    with engine.begin() as connection:
        for table in (models.segments, models.segment_members, models.segment_sizes):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
    assert actions(engine) == ["segment_added", "segment_edited", "segment_deleted"]
    entries, _ = audit.entries(engine, action="segment_edited")
    assert entries[0].details["before"]["name"] == "A"


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x00b", "a\u202eb"])
def test_a_name_that_cannot_be_read_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(SegmentError, match="1 to 100 characters"):
        segments.add(engine, name=name, owner="anna", cohort=FOURTH)


def test_one_name_is_one_segment(engine: Engine) -> None:
    segments.add(engine, name="A", owner="anna", cohort=FOURTH)
    with pytest.raises(SegmentError, match="already"):
        segments.add(engine, name=" A ", owner="anna", cohort=FOURTH)
    with pytest.raises(SegmentError, match="needs a condition"):
        segments.add(engine, name="Empty", owner="anna", cohort=Cohort())
    assert actions(engine) == ["segment_added"]


def test_its_size_is_written_down_once_a_day(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = segments.add(engine, name="A", owner="anna", cohort=FOURTH)
    assert saved.people == 2
    assert segments.measure(engine) == 0
    monkeypatch.setattr(segments, "_today", lambda: "2999-01-01")
    leave_fourth(engine, 1)
    assert segments.measure(engine) == 1
    assert segments.measure(engine) == 0
    assert [people for _, people in segments.sizes(engine, saved.id)] == [2, 1]
    assert segments.one(engine, "A").people == 1


def test_who_is_not_in_the_database_is_in_no_segment(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [{"user_id": 50, "attributes": {}, "updated_at": utc_now()}],
        )
    segments.add(engine, name="A", owner="anna", cohort=Cohort(everyone=True), frozen=True)
    with engine.begin() as connection:
        connection.execute(models.users.delete().where(models.users.c.user_id == 50))
    assert ids(engine, in_segment("A")) == [1, 2, 3, 4]
