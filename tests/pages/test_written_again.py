"""Compose: languages, templates, tests and copies, as the pages offer them."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from hsl import dispatch, models, trial
from hsl.audience import spoken
from hsl.audience.cohort import Audience, Cohort
from hsl.message import drafts, templates, testing
from hsl.message.content import Button, Content, Translation
from hsl.models import TemplateKind
from hsl.settings import get_settings
from pages.parts import splitting

Open = Callable[..., AppTest]
FOURTH = Audience(include=(Cohort(streams=("4th_stream",)),))
CONTENT = Content(
    text="Hello {first_name|friend}",
    buttons=((Button(text="Join", url="https://e.org"),),),
    default_language="en",
    translations={"ru": Translation(text="Привет, {first_name|друг}")},
)


def press(app: AppTest, words: str) -> AppTest:
    next(button for button in app.button if words in button.label).click()
    return app.run()


def kept(engine: Engine) -> Content:
    """The content of the draft that was changed last."""
    return drafts.listing(engine, "analyst")[0].content


def test_a_language_is_added_written_and_removed(open_page: Open, house: Engine) -> None:
    drafts.start(house, "analyst", content=Content(text="Hello"))
    app = open_page("compose")
    next(box for box in app.selectbox if box.label == "Add").set_value("ru").run()
    press(app, "Add the language")
    assert kept(house) == Content(
        text="Hello", default_language="en", translations={"ru": Translation(text="Hello")}
    )
    press(app, "Make it the default")
    assert kept(house).languages == ("ru", "en")
    assert next(tabs for tabs in app.get("button_group") if tabs.label == "Language") is not None


def test_the_row_says_how_many_get_each_language(open_page: Open, house: Engine) -> None:
    drafts.start(house, "analyst", content=CONTENT, audience=FOURTH.model_dump(mode="json"))
    app = open_page("compose")
    counts = spoken.by_language(house, CONTENT.languages, FOURTH)
    assert sum(counts.values()) == 56
    said = f"Russian: {counts['ru']} people · all others: {counts['en']} people"
    assert any(said in caption.value for caption in app.caption)


def test_the_last_look_names_the_language_of_a_problem(open_page: Open, house: Engine) -> None:
    bad = CONTENT.model_copy(update={"translations": {"ru": Translation(text="<b>Привет")}})
    drafts.start(house, "analyst", content=bad, audience=FOURTH.model_dump(mode="json"))
    app = open_page("compose")
    press(app, "Continue")
    assert any("Russian" in error.value and "Line 1" in error.value for error in app.error)
    assert next(button for button in app.button if button.key == "send").disabled


def test_a_draft_is_copied_with_its_people(open_page: Open, house: Engine) -> None:
    first = drafts.start(house, "analyst", content=CONTENT, audience=FOURTH.model_dump(mode="json"))
    press(open_page("compose"), "Copy this draft")
    copy, original = drafts.listing(house, "analyst")
    assert original.id == first.id
    assert (copy.content, copy.audience) == (original.content, original.audience)


def test_a_message_is_used_again_with_its_people(open_page: Open, house: Engine) -> None:
    number = dispatch.send(house, get_settings(), content=CONTENT, audience=FOURTH, author="anna")
    press(open_page("messages", message=str(number)), "Use again")
    (draft,) = drafts.listing(house, "analyst")
    assert draft.content == CONTENT
    assert Audience.model_validate(draft.audience) == FOURTH


def test_a_message_is_kept_as_a_template(open_page: Open, house: Engine) -> None:
    number = dispatch.send(house, get_settings(), content=CONTENT, audience=FOURTH, author="anna")
    app = open_page("messages", message=str(number))
    press(app, "Keep as a template")
    app.text_input(key="keep-name-template-0").set_value("Welcome").run()
    app.button(key="keep-template").click().run()
    (one,) = templates.listing(house, TemplateKind.TEMPLATE)
    assert (one.name, one.content, one.author) == ("Welcome", CONTENT, "analyst")


def test_templates_are_used_renamed_deleted_and_brought_back(
    open_page: Open, house: Engine
) -> None:
    drafts.start(house, "analyst", content=Content(text="Other"))
    one = templates.keep(house, TemplateKind.TEMPLATE, "Welcome", CONTENT, author="anna")
    templates.keep(house, TemplateKind.TEMPLATE, "Bye", CONTENT, author="anna")
    app = open_page("compose")
    press(app, "Templates")
    app.text_input(key=f"rename-{one.id}").set_value("bye").run()
    app.button(key=f"do-rename-{one.id}").click().run()
    assert any("There is a template called" in error.value for error in app.error)
    app.button(key=f"delete-{one.id}").click().run()
    assert [t.name for t in templates.listing(house, TemplateKind.TEMPLATE)] == ["Bye"]
    app.button(key="undo-delete").click().run()
    found = templates.listing(house, TemplateKind.TEMPLATE)
    assert [t.name for t in found] == ["Bye", "Welcome"]
    app.button(key=f"use-{found[1].id}").click().run()
    assert kept(house) == CONTENT
    assert len(drafts.listing(house, "analyst")) == 2


def test_a_test_is_sent_to_the_remembered_and_marked(open_page: Open, house: Engine) -> None:
    person = dispatch.examples(house, FOURTH, most=1)[0]
    testing.add(house, "analyst", person["user_id"])
    drafts.start(house, "analyst", content=CONTENT, audience=FOURTH.model_dump(mode="json"))
    app = open_page("compose")
    app.button(key="send-test").click().run()
    with house.begin() as connection:
        rows = connection.execute(select(models.message_history)).all()
    assert [(row.action, row.total_recipients) for row in rows] == [("test", 1), ("test", 1)]
    assert [row.message_text for row in rows][1].startswith("Привет")
    shown = [body(element) for element in app.get("html")]
    assert any("hsl-tests" in one and "Russian" in one for one in shown)
    listed = open_page("messages")
    assert sum("hsl-test" in body(e) and "○" not in body(e) for e in listed.get("html")) >= 2
    assert len(trial.outcomes(house, [row.id for row in rows])) == 2


def body(element: Any) -> str:
    return str(element.proto.body)


def test_each_arm_has_its_own_words_in_each_language() -> None:
    split = {
        "name": "x",
        "count": 2,
        "hold_out": 0,
        "texts": ["Hi"],
        "shares": [50],
        "translations": [{"ru": "Здравствуйте"}],
    }
    first, second = splitting.arms_of(split, CONTENT)
    assert first.content == CONTENT
    assert second.content is not None
    assert second.content.for_language("ru").text == "Здравствуйте"
    assert second.content.for_language("ka").text == "Hi"


def test_a_split_that_was_kept_before_has_the_words_of_a(house: Engine) -> None:
    split = {"name": "x", "count": 2, "hold_out": 10, "texts": ["Hi"], "shares": [45]}
    second = splitting.arms_of(split, CONTENT)[1]
    assert second.content is not None
    assert second.content.for_language("ru").text == "Привет, {first_name|друг}"
