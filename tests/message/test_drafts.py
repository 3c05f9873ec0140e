"""Drafts are kept, and no tab overwrites another's words."""

import pytest
from sqlalchemy import Engine, select

from hsl import models
from hsl.message import drafts, versions
from hsl.message.content import Button, Content

TEXT = Content(text="Hello", buttons=((Button(text="Join", url="https://e.org"),),))


def test_a_draft_comes_back_as_it_was_saved(engine: Engine) -> None:
    draft = drafts.start(engine, "anna")
    drafts.save(engine, "anna", draft, content=TEXT, audience=None, plan={"when": "later"})
    found = drafts.load(engine, "anna", draft.id)
    assert found is not None
    assert (found.content, found.plan, found.revision) == (TEXT, {"when": "later"}, 1)
    assert drafts.load(engine, "boris", draft.id) is None
    assert [d.id for d in drafts.listing(engine, "anna")] == [draft.id]


def test_a_second_tab_is_told_and_overwrites_nothing(engine: Engine) -> None:
    draft = drafts.start(engine, "anna")
    drafts.save(engine, "anna", draft, content=TEXT, audience=None, plan={})
    with pytest.raises(drafts.DraftError, match="another tab"):
        drafts.save(engine, "anna", draft, content=Content(text="Other"), audience=None, plan={})
    assert drafts.listing(engine, "anna")[0].content == TEXT


def test_discarding_is_recorded_and_of_own_drafts_alone(engine: Engine) -> None:
    draft = drafts.start(engine, "anna", content=TEXT)
    drafts.discard(engine, "boris", draft.id)
    assert drafts.load(engine, "anna", draft.id) is not None
    drafts.discard(engine, "anna", draft.id)
    assert drafts.load(engine, "anna", draft.id) is None
    with engine.begin() as connection:
        row = connection.execute(select(models.audit_log)).one()
    assert (row.actor, row.action, row.details) == ("anna", "draft_discarded", {"preview": "Hello"})


def test_the_number_of_a_draft_that_is_gone_never_comes_again(engine: Engine) -> None:
    first = drafts.start(engine, "anna", content=TEXT)
    drafts.discard(engine, "anna", first.id)
    assert drafts.start(engine, "anna").id != first.id


def test_a_discarded_draft_is_brought_back_under_its_number(engine: Engine) -> None:
    draft = drafts.start(engine, "anna", content=TEXT, audience={"include": []}, plan={"when": "x"})
    drafts.discard(engine, "anna", draft.id)
    drafts.start(engine, "anna")
    found = drafts.restore(engine, draft, actor="anna")
    assert (found.id, found.content, found.audience, found.plan) == (
        draft.id, TEXT, {"include": []}, {"when": "x"},
    )  # fmt: skip
    # Whoever still has it open is asked which of the two goes on.
    with pytest.raises(drafts.DraftError, match="changed in another tab"):
        drafts.save(engine, "boris", draft, content=Content(), audience=None, plan={})
    assert drafts.restore(engine, draft, actor="anna") == found
    with engine.begin() as connection:
        rows = connection.execute(select(models.audit_log).order_by(models.audit_log.c.id)).all()
    assert [row.action for row in rows] == ["draft_discarded", "draft_restored"]


def test_what_a_discarded_draft_said_before_comes_back_with_it(engine: Engine) -> None:
    draft = drafts.start(engine, "anna", content=TEXT)
    versions.keep(engine, draft.id, Content(text="Earlier"), "anna")
    drafts.discard(engine, "anna", draft.id)
    drafts.start(engine, "anna")  # versions of drafts that are long gone are dropped here
    drafts.restore(engine, draft, actor="anna")
    assert [one.title for one in versions.listing(engine, draft.id)] == ["Earlier"]
