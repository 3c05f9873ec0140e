"""Segments, marks, the split and an experiment, on the pages."""

from collections.abc import Callable

from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from hsl import comparing, dispatch, experiments, models, settings
from hsl.audience import segments, selection, suppression
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import history
from hsl.experiments import Arm
from hsl.message import drafts
from hsl.message.content import Content
from hsl.models import SegmentMode

Open = Callable[..., AppTest]
FOURTH = Cohort(streams=("4th_stream",))


def press(app: AppTest, words: str) -> AppTest:
    next(button for button in app.button if words in button.label).click()
    return app.run()


def offered(app: AppTest) -> list[str]:
    return [button.label for button in app.get("download_button")]


def metric(app: AppTest, label: str) -> str:
    return str(next(m.value for m in app.metric if m.label == label))


def field(app: AppTest, label: str, place: int = 0) -> object:
    return [f for f in app.text_input if f.label == label][place]


def test_what_is_found_is_saved_and_added_to_the_selection(open_page: Open, house: Engine) -> None:
    app = open_page("audience", stream="4th_stream")
    app.text_input(key="save-found-name").set_value("Fourth").run()
    app.button(key="save-found-save").click().run()
    assert segments.one(house, "Fourth").people == 56
    press(app, "Fourth")
    assert metric(app, "Chosen") == "56"
    (entry,) = selection.entries(house, "analyst")
    assert (entry.label, entry.cohort) == ("in the segment Fourth", segments.by_name("Fourth"))


def test_the_selection_is_saved_as_one(open_page: Open, house: Engine) -> None:
    selection.add(house, "analyst", FOURTH, "4th")
    selection.add(house, "analyst", Cohort(streams=("5th_stream",)), "5th")
    app = open_page("audience")
    both = int(metric(app, "Chosen"))
    app.text_input(key="save-chosen-name").set_value("Both").run()
    app.checkbox(key="save-chosen-frozen").check().run()
    app.button(key="save-chosen-save").click().run()
    found = segments.one(house, "Both")
    assert (found.people, found.mode) == (both, SegmentMode.FROZEN)


def test_one_is_frozen_changed_and_deleted(open_page: Open, house: Engine) -> None:
    segments.add(house, name="Fourth", owner="analyst", cohort=FOURTH)
    app = open_page("audience", view="segments", segment="Fourth")
    assert app.dataframe[0].value["People"].tolist() == [56]
    assert offered(app) == ["CSV", "Parquet", "Excel"] * 2
    with house.begin() as connection:
        connection.execute(
            models.segment_sizes.insert().values(segment_id=1, day="2026-01-01", people=50)
        )
    app.run()
    assert offered(app)[6:] == ["CSV", "Parquet", "Excel", "PNG", "SVG"]
    press(app, "Freeze")
    assert segments.one(house, "Fourth").mode is SegmentMode.FROZEN
    shown = " ".join(element.proto.body for element in app.get("html"))
    assert "56 people now" in shown
    press(app, "Choose anew")
    field(app, "Name").set_value("4th")  # type: ignore[attr-defined]
    press(app, "Save the changes")
    assert [s.name for s in segments.listing(house)] == ["4th"]
    press(app, "Delete")
    press(app, "Delete the segment")
    assert segments.listing(house) == []


def test_one_that_is_used_stays_and_the_page_says_why(open_page: Open, house: Engine) -> None:
    segments.add(house, name="Fourth", owner="analyst", cohort=FOURTH)
    selection.add(house, "analyst", segments.by_name("Fourth"), "segment")
    app = open_page("audience", view="segments", segment="Fourth")
    press(app, "Delete")
    press(app, "Delete the segment")
    assert any("the selection of analyst" in error.value for error in app.error)
    assert len(segments.listing(house)) == 1


def test_a_person_is_found_marked_and_let_go(open_page: Open, house: Engine) -> None:
    with house.begin() as connection:
        number = connection.execute(select(models.users.c.user_id).limit(1)).scalar_one()
    app = open_page("audience", view="do-not-message")
    app.text_input(key="mark-whom").set_value(str(number)).run()
    press(app, "Mark as do-not-message")
    assert any("needs a reason" in error.value for error in app.error)
    app.text_input(key="mark-why").set_value("asked by phone").run()
    press(app, "Mark as do-not-message")
    (mark,), total = suppression.listing(house)
    assert (total, mark.user_id, mark.marked_by) == (1, number, "analyst")
    app = open_page("audience", view="do-not-message")
    assert offered(app) == ["CSV", "Parquet", "Excel"]
    app.session_state[app.dataframe[0].key] = {
        "selection": {"rows": [0], "columns": [], "cells": []}
    }
    app.run()
    press(app, "Take the mark of 1 away")
    press(app, "Take them away")
    assert suppression.listing(house)[1] == 0


def test_who_was_left_out_stands_in_the_last_look_and_at_the_message(
    open_page: Open, house: Engine
) -> None:
    segments.add(
        house,
        name="Fifth",
        owner="analyst",
        cohort=Cohort(streams=("5th_stream",)),
        is_exclusion=True,
    )
    selection.add(house, "analyst", Cohort(everyone=True), "all")
    drafts.start(house, "analyst", content=Content(text="Hi"))
    app = open_page("compose")
    press(app, "Continue")
    assert any(text.value == "39 left out: list: Fifth" for text in app.text)
    press(app, "Send to 149 people now")
    found, _ = history.listing(house)
    assert found[0].left_out == {"list: Fifth": 39}
    app = open_page("messages", message=str(found[0].id))
    assert any("39 left out" in caption.value for caption in app.caption)


def test_a_message_is_split_in_two_with_a_hold_out(open_page: Open, house: Engine) -> None:
    selection.add(house, "analyst", Cohort(everyone=True), "all")
    draft = drafts.start(house, "analyst", content=Content(text="Come"))
    split = {"name": "Please", "count": 2, "hold_out": 20, "texts": ["Please come"]}
    drafts.save(
        house, "analyst", draft, content=draft.content, audience=None, plan={"split": split}
    )
    app = open_page("compose")
    assert any("A 40 %, B 40 %, hold-out 20 %" in caption.value for caption in app.caption)
    share = next(n for n in app.number_input if n.label == "Share of B (%)")
    share.set_value(80).run()
    assert any("leave nothing for A" in error.value for error in app.error)
    next(n for n in app.number_input if n.label == "Share of B (%)").set_value(10).run()
    assert any("A 70 %, B 10 %, hold-out 20 %" in caption.value for caption in app.caption)
    press(app, "Continue")
    assert any("Split at random" in text.value for text in app.text)
    next(b for b in app.button if b.key == "send").click().run()
    (one,) = comparing.listing(house)
    assert [arm.name for arm in one.arms] == ["A", "B", "hold-out"]
    assert sum(arm.people for arm in one.arms) == 188
    assert one.arms[0].people > 3 * one.arms[1].people
    found, total = history.listing(house)
    assert total == 2
    assert {m.content.text for m in found} == {"Come", "Please come"}


def test_the_arms_stand_side_by_side(open_page: Open, house: Engine) -> None:
    number = experiments.create(
        house,
        settings.get_settings(),
        name="Please",
        arms=(
            Arm("A", 45, Content(text="Come")),
            Arm("B", 45, Content(text="Please come")),
            Arm("hold-out", 10, None),
        ),
        audience=Audience(include=(Cohort(everyone=True),)),
        author="analyst",
    )
    app = open_page("messages", experiment=str(number))
    table = app.dataframe[0].value
    assert table["Arm"].tolist() == ["A", "B", "hold-out"]
    assert table["State"].tolist() == ["scheduled", "scheduled", "no message"]
    assert offered(app) == ["CSV", "Parquet", "Excel"]
    press(app, "held out")
    (draft,) = drafts.listing(house, "analyst")
    assert draft.audience is not None
    held = dispatch.count(house, Audience.model_validate(draft.audience))
    assert held.people == comparing.result(house, number).arms[2].people


def test_an_experiment_that_is_not_there(open_page: Open) -> None:
    app = open_page("messages", experiment="77")
    assert any("There is no experiment 77" in info.value for info in app.info)
