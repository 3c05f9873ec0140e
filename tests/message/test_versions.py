"""What a draft said before is kept while it is written, and thinned with age."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select, update

from hsl import models
from hsl.message import drafts, versions
from hsl.message.content import Content

Versions = models.draft_versions
LONG = "The lesson of Friday begins at seven in the large hall"


def titles(engine: Engine, draft: drafts.Draft) -> list[str]:
    return [one.title for one in versions.listing(engine, draft.id)]


def write(engine: Engine, draft: drafts.Draft, text: str, author: str = "anna") -> drafts.Draft:
    return drafts.save(
        engine, author, draft, content=Content(text=text), audience=None, plan=draft.plan
    )


def age(engine: Engine, by: timedelta) -> None:
    with engine.begin() as connection:
        for row in connection.execute(select(Versions)).all():
            changed = update(Versions).where(Versions.c.id == row.id)
            connection.execute(changed.values(made_at=row.made_at - by))


def test_what_is_replaced_is_kept_every_few_minutes_of_writing(engine: Engine) -> None:
    draft = drafts.start(engine, "anna")
    for text in ("A", "AB", "ABC", "ABCD"):
        draft = write(engine, draft, text)
    assert titles(engine, draft) == ["A"]
    age(engine, versions.EVERY)
    write(engine, draft, "ABCDE")
    assert titles(engine, draft) == ["ABCD", "A"]


def test_before_much_of_it_goes_it_is_kept_at_once(engine: Engine) -> None:
    draft = write(engine, drafts.start(engine, "anna"), "A")
    draft = write(engine, draft, f"{LONG}, and more")
    draft = write(engine, draft, LONG)
    write(engine, draft, "Other")
    assert titles(engine, draft) == [LONG, "A"]


def test_a_version_is_of_who_wrote_it(engine: Engine) -> None:
    draft = write(engine, drafts.start(engine, "anna"), LONG, author="boris")
    write(engine, draft, "Other", author="vera")
    assert [one.author for one in versions.listing(engine, draft.id)] == ["boris"]


def test_a_deliberate_step_keeps_what_is_new_alone(engine: Engine) -> None:
    draft = drafts.start(engine, "anna")
    versions.keep(engine, draft.id, Content(), "anna")
    assert titles(engine, draft) == []
    for _ in range(2):
        versions.keep(engine, draft.id, Content(text="<b>Bold</b>\nand more"), "anna")
    assert titles(engine, draft) == ["Bold"]


def test_a_change_of_the_plan_alone_makes_no_version(engine: Engine) -> None:
    draft = drafts.start(engine, "anna", content=Content(text="A"))
    drafts.save(engine, "anna", draft, content=draft.content, audience=None, plan={"when": "later"})
    assert titles(engine, draft) == []


def test_versions_of_a_draft_that_is_gone_are_dropped_after_a_day(engine: Engine) -> None:
    draft = drafts.start(engine, "anna", content=Content(text="A"))
    versions.keep(engine, draft.id, draft.content, "anna")
    drafts.discard(engine, "anna", draft.id)
    drafts.start(engine, "anna")
    assert titles(engine, draft) == ["A"]
    age(engine, versions.GONE_FOR)
    drafts.start(engine, "anna")
    assert titles(engine, draft) == []


def test_the_newest_are_kept_and_of_older_hours_the_last() -> None:
    now = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
    made = [(i, now - timedelta(minutes=10 * i)) for i in range(60)]
    dropped = set(versions.to_drop(made))
    assert dropped.isdisjoint(range(versions.NEWEST))
    kept = [at for i, at in made[versions.NEWEST :] if i not in dropped]
    assert len(kept) == len({at.hour for at in kept}) == 6  # the hours from 07:20 back to 02:40


def test_no_more_than_a_certain_number_are_kept(engine: Engine) -> None:
    draft = drafts.start(engine, "anna")
    for i in range(versions.NEWEST + 5):
        versions.keep(engine, draft.id, Content(text=f"Text {i}"), "anna")
    found = titles(engine, draft)
    # Those beyond the newest are of this hour: one of them stays, or two over an hour's end.
    assert len(found) in {versions.NEWEST + 1, versions.NEWEST + 2}
    assert found[0] == f"Text {versions.NEWEST + 4}"
