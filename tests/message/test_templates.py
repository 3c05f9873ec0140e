"""Templates and snippets: names that are unique, searches, and a way back from deleting."""

import pytest
from sqlalchemy import Engine, select

from hsl import models
from hsl.message import templates
from hsl.message.content import Button, Content, Translation
from hsl.message.templates import TemplateError
from hsl.models import TemplateKind

TEMPLATE, SNIPPET = TemplateKind.TEMPLATE, TemplateKind.SNIPPET
WELCOME = Content(
    text="Hello {first_name|friend}",
    buttons=((Button(text="Join", url="https://example.org"),),),
    default_language="en",
    translations={"ru": Translation(text="Здравствуйте, {first_name|друзья}")},
)


def audited(engine: Engine) -> list[tuple[str, dict[str, object]]]:
    with engine.begin() as connection:
        rows = connection.execute(select(models.audit_log).order_by(models.audit_log.c.id))
        return [(row.action, row.details) for row in rows]


def test_a_template_keeps_the_whole_content(engine: Engine) -> None:
    kept = templates.keep(engine, TEMPLATE, "  Welcome   all ", WELCOME, author="anna")
    found = templates.load(engine, kept.id)
    assert (found.name, found.content, found.author) == ("Welcome all", WELCOME, "anna")
    ((action, details),) = audited(engine)
    assert (action, details["name"], details["before"]) == ("template_kept", "Welcome all", {})
    assert Content.from_json(details["after"]) == WELCOME  # type: ignore[arg-type]


def test_a_name_is_taken_once_of_each_kind(engine: Engine) -> None:
    templates.keep(engine, TEMPLATE, "Урок", WELCOME, author="anna")
    templates.keep(engine, SNIPPET, "урок", Content(text="In the evening"), author="anna")
    with pytest.raises(TemplateError, match="template called “УРОК” already"):
        templates.keep(engine, TEMPLATE, "УРОК", WELCOME, author="boris")
    other = templates.keep(engine, TEMPLATE, "Other", WELCOME, author="boris")
    with pytest.raises(TemplateError, match="called “урок” already"):
        templates.rename(engine, other.id, "урок", actor="boris")
    assert [one.name for one in templates.listing(engine, TEMPLATE)] == ["Other", "Урок"]


def test_a_name_may_change_its_case(engine: Engine) -> None:
    kept = templates.keep(engine, TEMPLATE, "welcome", WELCOME, author="anna")
    assert templates.rename(engine, kept.id, "Welcome", actor="anna").name == "Welcome"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_bad_name_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(TemplateError, match="name"):
        templates.keep(engine, TEMPLATE, name, WELCOME, author="anna")
    assert templates.listing(engine, TEMPLATE) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (Content(text=" "), "nothing to keep"),
        (WELCOME, "text alone"),
        (Content(text="<b>open"), "Line 1"),
    ],
)
def test_a_snippet_is_whole_text_alone(engine: Engine, content: Content, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        templates.keep(engine, SNIPPET, "x", content, author="anna")


def test_search_looks_into_every_language(engine: Engine) -> None:
    templates.keep(engine, TEMPLATE, "Welcome", WELCOME, author="anna")
    templates.keep(engine, TEMPLATE, "Bye", Content(text="See you"), author="anna")
    assert [t.name for t in templates.listing(engine, TEMPLATE, words="ЗДРАВ welc")] == ["Welcome"]
    assert [t.name for t in templates.listing(engine, TEMPLATE, words="see")] == ["Bye"]
    assert templates.listing(engine, TEMPLATE, words="see welcome") == []


def test_what_is_deleted_comes_back_as_it_was(engine: Engine) -> None:
    kept = templates.keep(engine, TEMPLATE, "Welcome", WELCOME, author="anna")
    gone = templates.remove(engine, kept.id, actor="boris")
    assert templates.listing(engine, TEMPLATE) == []
    with pytest.raises(TemplateError, match="deleted"):
        templates.load(engine, kept.id)
    back = templates.restore(engine, gone, actor="boris")
    assert (back.name, back.content, back.author, back.created_at) == (
        kept.name,
        kept.content,
        "anna",
        kept.created_at,
    )
    assert [action for action, _ in audited(engine)] == [
        "template_kept",
        "template_deleted",
        "template_restored",
    ]


def test_one_whose_name_is_taken_by_now_does_not_come_back(engine: Engine) -> None:
    gone = templates.remove(
        engine, templates.keep(engine, SNIPPET, "Bye", Content(text="a"), author="a").id, actor="a"
    )
    templates.keep(engine, SNIPPET, "bye", Content(text="b"), author="a")
    with pytest.raises(TemplateError, match="snippet called"):
        templates.restore(engine, gone, actor="a")


def test_the_audit_keeps_what_was_replaced(engine: Engine) -> None:
    kept = templates.keep(engine, TEMPLATE, "Welcome", WELCOME, author="anna")
    templates.replace(engine, kept.id, Content(text="New"), actor="boris")
    assert templates.load(engine, kept.id).content == Content(text="New")
    action, details = audited(engine)[-1]
    assert action == "template_changed"
    assert Content.from_json(details["before"]) == WELCOME  # type: ignore[arg-type]
