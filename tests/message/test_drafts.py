"""Drafts are kept, and no tab overwrites another's words."""

import pytest
from sqlalchemy import Engine, select

from hsl import models
from hsl.message import drafts
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


def test_discarding_is_for_good_and_recorded(engine: Engine) -> None:
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
