"""The Delivery page: every view has its charts, filters stand in the address, marks have people."""

from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from hsl import insights, models
from hsl.audience import segments, selection
from hsl.charts import figure
from hsl.insights import people as behind
from hsl.warehouse import limits
from pages.parts import shell
from tests.insights.delivered import deliver

Open = Callable[..., AppTest]
CHARTS = {"Arrival": 2, "Streams": 4, "Failures": 3, "Timing": 2, "People": 4}


@pytest.fixture
def delivered(house: Engine) -> Engine:
    deliver(house, now=models.utc_now())
    return house


def charts(app: AppTest) -> list[Any]:
    return list(app.get("vega_lite_chart"))


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.header, app.subheader)
    return " ".join(element.value for kind in kinds for element in kind)


@pytest.mark.parametrize("view", CHARTS)
def test_each_view_draws_its_charts(open_page: Open, delivered: Engine, view: str) -> None:
    app = open_page("delivery", view=view, period="all time")
    assert [error.value for error in app.error] == []
    assert len(charts(app)) == CHARTS[view]
    assert all(chart.proto.alt for chart in charts(app))
    assert len(app.dataframe) == CHARTS[view]


def test_the_first_line_sums_up(open_page: Open, delivered: Engine) -> None:
    with delivered.begin() as connection:
        row = models.message_recipients.c
        tried = connection.execute(select(row.user_id)).all()
    app = open_page("delivery", period="all time")
    assert f"% of {len(tried):,}" in words(app)
    assert f"40 messages to {len(set(tried))} people" in words(app)


def test_the_filters_of_the_address_hold(open_page: Open, delivered: Engine) -> None:
    history = models.message_history.c
    with delivered.begin() as connection:
        mine = connection.execute(
            select(history.id).where(history.author == "anna", history.message_type == "video")
        ).all()
    app = open_page("delivery", period="all time", author="anna", type="video")
    assert f"{len(mine)} messages to" in words(app)
    streamed = open_page("delivery", period="all time", stream="4th_stream", view="Streams")
    assert set(streamed.dataframe[0].value["stream"]) == {"4th_stream"}


def test_a_period_of_ones_own_has_both_its_days(open_page: Open, delivered: Engine) -> None:
    now = models.utc_now()
    app = open_page("delivery", period="from … to …", to=f"{now:%Y-%m-%d}", since="2020-01-01")
    assert "40 messages" in words(app)
    early = open_page("delivery", period="from … to …", to="2020-02-01", since="2020-01-01")
    assert "Nothing was delivered in this period" in early.info[-1].value


def doors(app: AppTest) -> list[str]:
    return [button.label for button in app.button if (button.key or "").startswith("door-")]


def test_an_opened_mark_stands_in_the_address(open_page: Open, delivered: Engine) -> None:
    app = open_page("delivery", view="Failures", period="all time", mark="reasons:blocked")
    assert any("who were not reached for this reason" in said for said in doors(app))
    app.button(key="close-reasons").click().run()
    assert doors(app) == []
    assert "mark" not in app.query_params
    choose = next(box for box in app.selectbox if (box.key or "").startswith("behind-reasons"))
    choose.set_value("never_started").run()
    assert doors(app) != []
    assert app.query_params["mark"] == "reasons:never_started"
    app.segmented_control(key="view").set_value("Timing").run()
    assert "mark" not in app.query_params


@pytest.mark.parametrize("mark", ["reasons:nope", "reasons", ":", "x:y:z"])
def test_a_mark_that_is_not_there_opens_nothing(
    open_page: Open, delivered: Engine, mark: str
) -> None:
    app = open_page("delivery", view="Failures", period="all time", mark=mark)
    assert doors(app) == []
    assert [error.value for error in app.error] == []


def test_a_mark_leads_to_its_people_as_a_selection(open_page: Open, delivered: Engine) -> None:
    app = open_page("delivery", period="all time", view="Failures")
    key = next(chart.proto.id for chart in charts(app) if "-reasons-" in chart.proto.id)
    name = key.split("-", 2)[-1] if key.startswith("$$ID") else key
    app.session_state[name] = {"selection": {"mark": [{"key": "blocked"}]}}
    app.run()
    (door,) = [button for button in app.button if "for this reason" in button.label]
    people = int(door.label.split()[2].replace(",", ""))
    door.click().run()
    (entry,) = selection.entries(delivered, "analyst")
    with delivered.begin() as connection:
        row = models.message_recipients.c
        blocked = connection.execute(
            select(row.user_id).where(row.reason == "blocked").distinct()
        ).all()
    assert people == len(blocked)
    assert set(entry.cohort.user_ids) == {user_id for (user_id,) in blocked}
    assert app.title[0].value == "Audience"
    assert f"Write to {people:,} people" in [button.label for button in app.button]


def test_a_message_shows_its_result(open_page: Open, delivered: Engine) -> None:
    app = open_page("messages", message="40", tab="Result")
    assert len(charts(app)) >= 1
    assert "Where did people drop out?" in words(app)


def test_overview_stands_on_the_same_figures(open_page: Open, delivered: Engine) -> None:
    app = open_page("overview")
    assert "Does it arrive?" in words(app)
    assert "Whom did we reach?" in words(app)
    assert len(charts(app)) == 2


def test_all_figures_of_a_page_are_of_one_moment(
    open_page: Open, delivered: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = figure.Counts.frame
    added: list[int] = []

    def with_a_refresh_between(counts: figure.Counts, name: str, **how: Any) -> Any:
        found = head(counts, name, **how)
        if name == "total" and counts.chosen.since is None and not added:
            added.append(1)
            deliver(delivered, now=models.utc_now(), messages=1, seed=2)
            shell.store().refresh()
        return found

    monkeypatch.setattr(figure.Counts, "frame", with_a_refresh_between)
    app = open_page("delivery", period="all time")
    assert added
    assert "40 messages to" in words(app)
    tried = app.dataframe[0].value["tried"].sum()
    assert f"% of {tried:,} (" in words(app)
    again = open_page("delivery", period="all time")
    assert "41 messages to" in words(again)
    assert again.dataframe[0].value["tried"].sum() > tried


def test_a_figure_that_takes_too_long_leaves_the_others(
    open_page: Open, delivered: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*_: Any, **__: Any) -> None:
        raise limits.TooLongError("The question took over 30 s. Ask about fewer people.")

    monkeypatch.setattr(insights, "churn", too_long)
    app = open_page("delivery", view="Failures", period="all time")
    assert len(charts(app)) == CHARTS["Failures"] - 1
    (error,) = app.error
    assert error.value.startswith("The question took over 30 s")
    monkeypatch.setattr(insights, "total", too_long)
    st.cache_data.clear()
    assert "took over 30 s" in open_page("delivery", period="all time").error[0].value


def test_more_people_than_can_be_named_are_kept_as_a_segment_and_chosen(
    open_page: Open, delivered: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behind, "MOST_NAMED", 3)
    monkeypatch.setattr(behind, "MANY_MESSAGES", 0)
    app = open_page("delivery", period="all time", view="Failures")
    key = next(chart.proto.id for chart in charts(app) if "-reasons-" in chart.proto.id)
    app.session_state[key.split("-", 2)[-1] if key.startswith("$$ID") else key] = {
        "selection": {"mark": [{"key": "blocked"}]}
    }
    app.run()
    name = next(field for field in app.text_input if field.key.endswith("-name"))
    assert name.value.startswith("who were not reached for this reason (")
    name.set_value("Blockers").run()
    next(button for button in app.button if button.label == "Keep and choose them").click().run()
    assert not app.exception
    (entry,) = selection.entries(delivered, "analyst")
    assert entry.cohort == segments.by_name("Blockers")
    kept = segments.one(delivered, "Blockers")
    assert f"Write to {kept.people:,} people" in [button.label for button in app.button]
    with delivered.begin() as connection:
        row = models.message_recipients.c
        blocked = connection.execute(
            select(row.user_id).where(row.reason == "blocked").distinct()
        ).all()
    assert kept.people == len(blocked)
