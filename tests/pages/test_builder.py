"""The builder on Audience: lines, funnel, expression and address are one cohort."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from hsl.audience import importer
from hsl.settings import ROOT
from tests.pages.test_audience import html_of, metric, press

Open = Callable[..., AppTest]


def menu(app: AppTest, start: str, label: str) -> AppTest:
    """Choose a condition in the menu whose key begins so."""
    box = next(box for box in app.selectbox if (box.key or "").startswith(start))
    box.set_value(label)
    return app.run()


def lines(app: AppTest) -> list[str]:
    """The conditions as they are said, with their people."""
    return [
        button.label.replace("\\", "")
        for button in app.button
        if (button.key or "").startswith("line-")
    ]


def box(app: AppTest) -> str:
    return str(app.text_area[0].value)


def write(app: AppTest, expression: str) -> AppTest:
    app.text_area[0].set_value(expression)
    return app.run()


def found(app: AppTest) -> int:
    return int(metric(app, "People found").replace(",", ""))


def test_a_condition_is_added_from_the_menu_and_formed(open_page: Open) -> None:
    app = open_page("audience")
    menu(app, "menu-add", "City")
    assert lines(app) == ["city is known · **188**"]
    form = next(b for b in app.selectbox if (b.key or "").endswith("-op"))
    form.set_value("in").run()
    values = next(m for m in app.multiselect if (m.key or "").endswith("-values"))
    assert "Omsk" in values.options
    values.set_value(["Omsk"]).run()
    assert box(app) == "city IN ('Omsk')"
    omsk = found(app)
    assert 0 < omsk < 188
    toggle = next(t for t in app.toggle if (t.key or "").startswith("not-"))
    toggle.set_value(True).run()
    assert box(app) == "NOT (city IN ('Omsk'))"
    assert found(app) == 188 - omsk
    press(app, "Done")
    assert not [t for t in app.toggle if (t.key or "").startswith("not-")]


def test_conditions_make_a_funnel_and_groups(open_page: Open) -> None:
    app = open_page("audience", stream="4th_stream")
    menu(app, "menu-add", "Reachability")
    assert found(app) == 56
    menu(app, "menu-or", "Stream")
    assert box(app) == "in_stream('4th_stream') AND (reachable OR enrolled)"
    assert len(lines(app)) == 2
    assert "any of these · 188" in [caption.value for caption in app.caption]
    menu(app, "menu-add", "History: how many messages")
    said = html_of(app)
    assert "in 4th_stream, (reachable or enrolled), who got nothing in the last 30 days" in said
    assert "in 4th_stream: 56 left, 132 taken away" in said
    press(app, "Take these away")
    assert "reachable OR enrolled" not in box(app)


def test_the_expression_is_the_same_cohort_as_the_lines(open_page: Open) -> None:
    app = open_page("audience", stream="4th_stream")
    write(app, "in_stream('5th_stream') AND NOT in_stream('4th_stream') OR city = 'Omsk'")
    assert app.multiselect(key="stream").value == []
    assert len(lines(app)) == 3
    people = found(app)
    again = open_page("audience", c=box(app))
    assert found(again) == people
    assert box(again) == box(app)
    write(again, "")
    assert found(again) == 188
    assert lines(again) == []


def test_a_mistake_stands_under_the_box_and_changes_nothing(open_page: Open) -> None:
    app = open_page("audience", c="city = 'Omsk'")
    people = found(app)
    write(app, "cty = 'Omsk'")
    assert "There is no column cty. Did you mean city? (line 1, character 1)" in html_of(app)
    assert box(app) == "cty = 'Omsk'"
    assert found(app) == people
    assert app.query_params["c"] == "city = 'Omsk'"
    write(app, "city = 'Omsk' AND enrolled")
    assert "Did you mean" not in html_of(app)
    assert app.query_params["c"] == "city = 'Omsk' AND enrolled"


@pytest.mark.parametrize("words", ["1=1; DROP TABLE users", "~cutoff", "got(12"])
def test_an_address_that_cannot_be_read_says_so_and_shows_nobody(
    open_page: Open, words: str
) -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    app.switch_page("pages/audience.py")
    app.query_params["c"] = words
    app.run()
    assert found(app) == 0
    (error,) = app.error
    assert error.value.startswith("The address was not understood")
    assert "Nobody is shown" in error.value
    app.run()
    assert found(app) == 0
    again = open_page("audience", c=app.query_params["c"])
    assert found(again) == 0
    (line,) = [button for button in again.button if (button.key or "").startswith("line-")]
    assert "nobody" in line.label


def test_names_in_conditions_are_only_words(open_page: Open) -> None:
    app = open_page("audience", c="city IN (':red[x] <b>$5$</b>')")
    assert found(app) == 0
    assert "<b>" not in html_of(app)
    assert lines(app)


def test_a_found_cohort_is_chosen_as_a_line(open_page: Open) -> None:
    app = open_page("audience", c="city = 'Omsk'")
    people = found(app)
    press(app, f"Add these {people} people")
    assert metric(app, "Chosen") == str(people)
    assert f"<span>city is Omsk</span><b>{people}</b>" in html_of(app)


def test_it_can_be_taken_along_as_sql_and_json(open_page: Open) -> None:
    app = open_page("audience", c="city = 'Omsk'")
    assert not app.code  # only what is looked at is drawn
    app.session_state["where-shown"] = "SQL"
    (sql,) = app.run().code
    assert sql.value.startswith("SELECT users.user_id") and "'Omsk'" in sql.value
    app.session_state["where-shown"] = "JSON"
    (model,) = app.run().code
    assert json.loads(model.value)["where"]["values"] == ["Omsk"]


def test_values_of_every_type_are_offered(open_page: Open, house: Engine, tmp_path: Path) -> None:
    file = tmp_path / "typed.jsonl"
    rows = [
        {"user_id": 11, "score": 2.5, "born": "2001-05-06", "vip": True, "tags": ["new", "ж"]},
        {"user_id": 12, "score": 10, "born": "1999-01-02", "vip": False, "tags": ["new"]},
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows))
    importer.import_file(house, file, actor="test", rejects_dir=tmp_path)

    def opened(label: str) -> AppTest:
        return menu(open_page("audience"), "menu-add", label)

    def form(app: AppTest, op: str) -> AppTest:
        next(b for b in app.selectbox if (b.key or "").endswith("-op")).set_value(op)
        return app.run()

    tags = form(opened("Tags"), "contains")
    assert next(m for m in tags.multiselect if (m.key or "").endswith("-values")).options == [
        "new",
        "ж",
    ]
    score = form(opened("Score"), "ge")
    assert "In the data: from 2.5 to 10" in [caption.value for caption in score.caption]
    born = form(opened("Born"), "between")
    assert "In the data: from 1999-01-02 to 2001-05-06" in [c.value for c in born.caption]
    vip = form(opened("Vip"), "eq")
    assert found(vip) == 1
    next(r for r in vip.radio if (r.key or "").endswith("-yes")).set_value(False).run()
    assert "vip is false" in lines(vip)[0]
    registered = form(opened("Registered"), "ge")
    assert any(c.value.startswith("In the data: from 20") for c in registered.caption)
