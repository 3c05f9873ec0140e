"""Audience: filters count at once, and the selection stays and counts nobody twice."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from hsl.audience import conditions as c
from hsl.audience import importer, selection
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.snapshot import Count, Snapshot
from hsl.warehouse import limits
from hsl.warehouse.store import Store

Open = Callable[..., AppTest]


def metric(app: AppTest, label: str) -> str:
    return str(next(m.value for m in app.metric if m.label == label))


def html_of(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def press(app: AppTest, words: str) -> AppTest:
    next(button for button in app.button if words in button.label).click()
    return app.run()


def test_a_filter_and_a_search_count_at_once(open_page: Open) -> None:
    app = open_page("audience")
    assert metric(app, "People found") == "188"
    app.multiselect(key="stream").set_value(["4th_stream"]).run()
    assert metric(app, "People found") == "56"
    app.multiselect(key="stream").set_value(["4th_stream", "5th_stream"]).run()
    both = int(metric(app, "People found"))
    assert 56 < both <= 56 + 39
    app.multiselect(key="stream").set_value([]).run()
    app.checkbox(key="outside").set_value(True).run()
    assert metric(app, "People found") == "66"
    app.checkbox(key="outside").set_value(False).run()
    app.text_input(key="q").set_value("ан").run()
    assert 0 < int(metric(app, "People found")) < 188
    app.text_input(key="q").set_value("nobody at all").run()
    assert "Nobody fits" in app.info[-1].value


def test_the_selection_survives_a_new_session_and_counts_each_person_once(open_page: Open) -> None:
    app = open_page("audience", stream="4th_stream")
    assert metric(app, "People found") == "56"
    press(app, "Add these 56 people")
    press(app, "Add these 56 people")
    assert metric(app, "Chosen") == "56"
    again = open_page("audience", q="700000000")
    assert metric(again, "Chosen") == "56"
    press(again, "Add this 1 person")
    assert metric(again, "Chosen") == "56"
    assert "1 were in it already" in html_of(again)
    press(again, "Clear")
    assert metric(again, "Chosen") == "0"
    press(again, "Bring back")
    assert metric(again, "Chosen") == "56"


def test_ticked_people_are_added_and_taken_out_again(open_page: Open) -> None:
    app = open_page("audience", stream="4th_stream")
    press(app, "Add these 56 people")
    table = app.dataframe[0]
    app.session_state[table.key] = {"selection": {"rows": [0, 1], "columns": [], "cells": []}}
    app.run()
    press(app, "Take 2 ticked out")
    assert metric(app, "Chosen") == "54"
    app.multiselect(key="stream").set_value([]).run()
    key = app.dataframe[0].key
    app.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    press(app, "Add the 1 ticked")
    assert metric(app, "Chosen") == "55"


def test_an_import_shows_at_once(open_page: Open, house: Engine, tmp_path: Path) -> None:
    app = open_page("audience")
    assert metric(app, "People found") == "188"
    file = tmp_path / "more.csv"
    file.write_text("user_id,first_name\n5,Zoe\n")
    importer.import_file(house, file, actor="test", rejects_dir=tmp_path)
    app.run()
    assert metric(app, "People found") == "189"


def test_a_file_is_imported_on_the_page(open_page: Open) -> None:
    app = open_page("audience")
    rows = "user_id;first_name;stream\n5;Zoe;6th_stream\nx;Bad;6th_stream\n"
    app.file_uploader[0].upload("more.csv", rows.encode("utf-8-sig"), "text/csv").run()
    press(app, "Import")
    assert app.success, [e.value for e in app.error]
    assert app.success[0].value == "1 added, 0 updated, 0 unchanged, 1 rejected."
    app.run()
    assert "6th_stream (1)" in app.multiselect(key="stream").options


def test_a_file_that_is_no_table_changes_nothing(open_page: Open) -> None:
    app = open_page("audience")
    app.file_uploader[0].upload("more.csv", b"name\nAnna\n", "text/csv").run()
    press(app, "Import")
    assert any("Nothing was changed" in error.value for error in app.error)
    assert metric(app, "People found") == "188"


def test_names_show_as_typed(open_page: Open, house: Engine, tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    names = ["$5 and $6", ":red[x]", "<b>bold</b>", "![](http://x.y/z.png)"]
    rows = [f'{i + 1},"{name}"' for i, name in enumerate(names)]
    file.write_text("user_id,first_name\n" + "\n".join(rows) + "\n")
    importer.import_file(house, file, actor="test", rejects_dir=tmp_path)
    app = open_page("audience")
    assert app.dataframe[0].value["Name"].tolist()[:4] == names


def people_of(engine: Engine, tmp_path: Path, names: list[str]) -> None:
    file = tmp_path / "named.csv"
    rows = [f"{900_000_000 + i},{name},9th_stream" for i, name in enumerate(names)]
    file.write_text("user_id,first_name,stream\n" + "\n".join(rows) + "\n")
    importer.import_file(engine, file, actor="test", rejects_dir=tmp_path)


def almost_so(app: AppTest) -> bool:
    return any("Names that are almost so" in caption.value for caption in app.caption)


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_similar_names_stand_below_a_few_hits_and_behind_a_button_below_many(
    open_page: Open, house: Engine, tmp_path: Path
) -> None:
    people_of(house, tmp_path, ["Zoltanika"] * 60 + ["Zoltamika"] * 2 + ["Xerxesia", "Xerxessa"])
    few = open_page("audience", q="xerxesia")
    assert metric(few, "People found") == "1"
    assert almost_so(few)
    assert few.dataframe[1].value["Name"].tolist() == ["Xerxessa"]
    many = open_page("audience", q="zoltanika")
    assert metric(many, "People found") == "60"
    assert not almost_so(many)
    press(many, "Also show similar names")
    assert almost_so(many)
    assert many.dataframe[1].value["Name"].tolist() == ["Zoltamika"] * 2
    many.text_input(key="q").set_value("zolt").run()
    assert not almost_so(many)
    assert "Also show similar names" in labels(many)
    nothing = open_page("audience")
    assert "Also show similar names" not in labels(nothing)


def test_similar_names_are_those_of_people_who_fit_the_other_filters(
    open_page: Open, house: Engine, tmp_path: Path
) -> None:
    people_of(house, tmp_path, ["Xerxesia", "Xerxessa"])
    inside = open_page("audience", q="xerxesio", stream="9th_stream")
    assert "Nobody fits" in inside.info[-1].value
    assert set(inside.dataframe[0].value["Name"]) == {"Xerxesia", "Xerxessa"}
    elsewhere = open_page("audience", q="xerxesio", stream="4th_stream")
    assert not almost_so(elsewhere)


def test_a_line_that_takes_too_long_says_so_and_can_be_taken_away(
    open_page: Open, house: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Cohort(where=c.MessageCount(what="got", op="eq", count=0))
    selection.add(house, "analyst", Cohort(streams=("4th_stream",)), "the fourth")
    selection.add(house, "analyst", slow, "slow ones")
    real, asked = Snapshot.count, []

    def count(index: Snapshot, chosen: Cohort | Audience) -> Count:
        if "got nothing ever" in chosen.sentence():
            asked.append(chosen)
            raise limits.TooLongError("The question took over 30 s. Ask about fewer people.")
        return real(index, chosen)

    monkeypatch.setattr(Snapshot, "count", count)
    app = open_page("audience")
    assert metric(app, "People found") == "188"
    assert metric(app, "Chosen") == "not counted"
    (error,) = app.error
    assert error.value.startswith("The question took over 30 s")
    assert "<span>the fourth</span><b>56</b>" in html_of(app)
    assert "Write to the chosen people" in labels(app)
    assert len(asked) == 1
    app.run()
    assert len(asked) == 1
    press_last(app, "Take this line away")
    assert not app.exception
    assert metric(app, "Chosen") == "56"
    assert len(app.error) == 0


def press_last(app: AppTest, words: str) -> AppTest:
    [button for button in app.button if words in button.label][-1].click()
    return app.run()


def test_one_run_asks_once_whether_there_is_anything_new(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("audience")
    asked: list[Store] = []
    fresh = Store.fresh

    def counted(store: Store) -> Store:
        asked.append(store)
        return fresh(store)

    monkeypatch.setattr(Store, "fresh", counted)
    app.run()
    assert len(asked) == 1
    app.run()
    assert len(asked) == 2
