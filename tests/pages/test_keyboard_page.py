"""The keyboard editor on its page: what the server answers to what the browser tells."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine
from streamlit.runtime.scriptrunner import StopException
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.testing.v1 import AppTest

from hsl import words
from hsl.message import drafts
from hsl.message.content import Button, Content

Open = Callable[..., AppTest]
CONTENT = Content(
    text="Hello",
    buttons=((Button(text="Join", url="https://e.org/x"), Button(text="No", callback_data="no")),),
)


def key(uid: str, text: str, kind: str = "url", value: str = "") -> dict[str, str]:
    return {"uid": uid, "text": text, "kind": kind, "value": value}


def told(app: AppTest) -> dict[str, Any]:
    """What the component is given."""
    (found,) = [
        element.proto
        for element in app.main
        if element.type == "bidi_component" and "keyboard" in element.proto.component_name
    ]
    given: dict[str, Any] = json.loads(found.json)
    return given


def tell(app: AppTest, **state: Any) -> AppTest:
    """As the browser does it: the state of the component, then a run."""
    load, turn = app.session_state["draft"].load, app.session_state["language-turn"]
    app.session_state[f"desk-{load}--{turn}-buttons"] = {
        "rows": None,
        "asked": None,
    } | state
    return app.run()


def kept(house: Engine) -> tuple[tuple[Button, ...], ...]:
    (draft,) = drafts.listing(house, "analyst")
    return draft.content.buttons


def test_the_buttons_of_a_draft_are_there_again(open_page: Open, house: Engine) -> None:
    drafts.start(house, "analyst", content=CONTENT)
    given = told(open_page("compose"))
    assert given["rows"] == [
        [key("0.0", "Join", "url", "https://e.org/x"), key("0.1", "No", "callback_data", "no")]
    ]
    assert given["limits"] == {"row": 8, "all": 100, "callback_data": 64, "copy_text": 256}


def test_what_the_browser_tells_is_kept(open_page: Open, house: Engine) -> None:
    drafts.start(house, "analyst", content=CONTENT)
    app = open_page("compose")
    rows = [
        [key("n", "Code", "copy_text", " SPRING ")],
        [key("0.0", "Join 🗺", "url", "https://e.org")],
    ]
    app = tell(app, rows=rows)
    assert kept(house) == (
        (Button(text="Code", copy_text="SPRING"),),
        (Button(text="Join 🗺", url="https://e.org"),),
    )
    assert told(app)["rows"] == rows
    assert told(open_page("compose"))["rows"][1][0]["text"] == "Join 🗺"


def test_each_key_gets_its_own_answer(open_page: Open, house: Engine) -> None:
    drafts.start(house, "analyst", content=CONTENT)
    app = open_page("compose")
    odd = key("b", "Odd", "url", "https://xn--80ak6aa92e.com/a")
    rows = [
        [key("a", "Bad", "url", "https://localhost"), odd],
        [key("c", "", "callback_data", "x")],
    ]
    checks = told(tell(app, rows=rows))["checks"]
    assert "its host has no dot" in checks["a"]["problem"]
    assert checks["a"]["href"] is None
    assert checks["b"]["problem"] is None
    assert "look like others" in checks["b"]["warning"]
    assert (checks["b"]["ascii"], checks["b"]["path"]) == ("xn--80ak6aa92e.com", "/a")
    assert checks["b"]["of"] == odd
    assert checks["c"]["problem"] == "A button needs a text."


def test_a_door_leads_to_sites_only(open_page: Open, house: Engine) -> None:
    drafts.start(house, "analyst", content=CONTENT)
    app = open_page("compose")
    links = [
        "https://e.org",
        "HTTP://e.org",
        "tg://user?id=1",
        "javascript:alert(1).org",
        "ton://x",
    ]
    rows = [[key(str(n), "x", "url", url) for n, url in enumerate(links)]]
    checks = told(tell(app, rows=rows))["checks"]
    assert [checks[str(n)]["href"] for n in range(5)] == [*links[:2], None, None, None]
    assert "person with id 1" in checks["2"]["explained"]


def test_what_concerns_a_row_or_all_is_said_once(open_page: Open, house: Engine) -> None:
    drafts.start(house, "analyst", content=CONTENT)
    app = open_page("compose")
    rows = [[key(f"{n}", "x", "callback_data", "y") for n in range(9)]]
    assert told(tell(app, rows=rows))["whole"] == {"buttons.0": "Row 1 has over 8 buttons."}
    many = [[key(f"{n}", "x", "callback_data", "y")] for n in range(101)]
    assert "100 buttons at most" in told(tell(app, rows=many))["whole"]["buttons"]


def test_pasted_lines_are_answered_by_their_id(open_page: Open, house: Engine) -> None:
    drafts.start(house, "analyst", content=CONTENT)
    app = open_page("compose")
    asked = {"id": "p1", "text": "A = https://a.org | B = callback:b\nnothing"}
    given = told(tell(app, asked=asked))["pasted"]
    assert given["id"] == "p1"
    assert [one["text"] for one in given["rows"][0]] == ["A", "B"]
    assert (given["count"], "“nothing”" in given["refused"]) == ("2", True)
    assert kept(house) == CONTENT.buttons


def test_what_is_no_key_is_left_out(open_page: Open, house: Engine) -> None:
    drafts.start(house, "analyst", content=CONTENT)
    app = open_page("compose")
    bad: list[Any] = ["x", [], [1, {"uid": "a"}, key("b", "B", "web_app", "x")], [key("c", "C")]]
    tell(app, rows=bad)
    assert kept(house) == ((Button(text="C"),),)


def test_a_person_reads_it_in_their_language(open_page: Open, house: Engine) -> None:
    drafts.start(house, "analyst", content=CONTENT)
    words.read_by(lambda: "ru-RU")
    try:
        given = told(open_page("compose"))
    finally:
        words.read_by(lambda: None)
    assert given["words"]["first"] == "Добавить кнопку"


def test_a_save_that_another_run_cuts_short_is_no_other_tab(
    open_page: Open, house: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts.start(house, "analyst", content=CONTENT)
    app = open_page("compose")
    with monkeypatch.context() as patch:
        end_runs_after_saving(patch)
        tell(app, rows=[[key("a", "First", "callback_data", "x")]])
    assert kept(house)[0][0].text == "First"
    app = tell(app, rows=[[key("a", "Second", "callback_data", "x")]])
    assert not any("another tab" in warning.value for warning in app.warning)
    assert kept(house)[0][0].text == "Second"


def end_runs_after_saving(patch: pytest.MonkeyPatch) -> None:
    """As Streamlit does for a faster letter: at the next use of the session's state."""
    save, saved = drafts.save, []

    def noted(*arguments: Any, **named: Any) -> drafts.Draft:
        saved.append(save(*arguments, **named))
        return saved[-1]

    def ending(used: Callable[..., Any]) -> Callable[..., Any]:
        def use(state: SafeSessionState, *arguments: Any) -> Any:
            if saved:
                saved.clear()
                raise StopException
            return used(state, *arguments)

        return use

    patch.setattr(drafts, "save", noted)
    for name in ("__getitem__", "__setitem__"):
        patch.setattr(SafeSessionState, name, ending(getattr(SafeSessionState, name)))
