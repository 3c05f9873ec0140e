"""Runs of pages: what was left stays left, what was drawn is shown, what was pressed is done."""

import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import (
    ScriptRequests,
    ScriptRequestType,
)

from hsl.web_runs import lose_nothing
from tests.door.conftest import Served, serving
from tests.door.late_loop import LATE
from tests.door.lines import known_pages, run, stream, visit

TURNS = 10
END = "script_finished"


def pages_of(frames: list[ForwardMsg]) -> list[str]:
    """The page of each run, as the browser is told it."""
    kinds = ((frame.WhichOneof("type"), frame) for frame in frames)
    return [frame.new_session.page_script_hash for kind, frame in kinds if kind == "new_session"]


@dataclass
class Mended:
    """Streamlit's classes with our mends, for this test alone."""

    session: type[Any]
    requests: type[ScriptRequests]


@pytest.fixture
def mended() -> Mended:
    class Session:
        def request_rerun(self, _client: ClientState) -> None:
            """Nothing is drawn here."""

        def _create_scriptrunner(self, _asked: RerunData) -> None:
            """Nor run."""

    class Runner(ScriptRunner):
        pass

    class Requests(ScriptRequests):
        pass

    lose_nothing(Session, Runner, Requests)
    return Mended(Session, Requests)


def test_a_part_of_a_page_that_was_left_does_not_bring_it_back(served: Served) -> None:
    with served.signed_in() as client, stream(served.address, client) as socket:
        hashes = known_pages(run(socket, visit()))
        for _turn in range(TURNS):
            there = run(socket, visit(hashes["delivery"]))
            assert pages_of(there) == [hashes["delivery"]]
            part = next(frame.delta.fragment_id for frame in there if frame.delta.fragment_id)
            once_more = visit(hashes["delivery"])
            once_more.rerun_script.fragment_id = part
            once_more.rerun_script.is_auto_rerun = True
            assert set(pages_of(run(socket, once_more))) == {hashes["delivery"]}

            socket.send(visit(hashes["audit"]).SerializeToString())
            left = run(socket, once_more)
            # Whatever waited would be drawn before this.
            left += run(socket, visit(hashes["settings"]))
            assert set(pages_of(left)) == {hashes["audit"], hashes["settings"]}
            assert pages_of(left)[-1] == hashes["settings"]


@pytest.mark.parametrize("page", ["next", ""])
def test_a_page_that_has_not_begun_is_not_replaced_by_a_part(page: str, mended: Mended) -> None:
    requests = mended.requests()
    assert requests.request_rerun(RerunData(page_script_hash=page))
    assert requests.request_rerun(RerunData(page_script_hash="left", fragment_id="a part"))
    asked = requests.on_scriptrunner_ready().rerun_data
    assert asked.page_script_hash == (page or "left")
    assert not asked.fragment_id_queue
    # A part of the page that is shown is drawn.
    assert requests.request_rerun(RerunData(page_script_hash=page, fragment_id="a part"))
    assert requests.on_scriptrunner_ready().rerun_data.fragment_id_queue == ["a part"]


@pytest.mark.parametrize(("page", "is_kept"), [("shown", True), ("another", False)])
def test_a_press_that_waits_goes_with_the_page_that_is_asked_for(
    page: str, is_kept: bool, mended: Mended
) -> None:
    pressed, told = WidgetStates(), ClientState(page_script_hash=page)
    pressed.widgets.add(id="button", trigger_value=True)
    pressed.widgets.add(id="field", string_value="old")
    told.widget_states.widgets.add(id="field", string_value="new")
    session, requests = mended.session(), mended.requests()
    session._scriptrunner = SimpleNamespace(_requests=requests)
    requests.request_rerun(
        RerunData(page_script_hash="shown", fragment_id="a part", widget_states=pressed)
    )
    session.request_rerun(told)
    states = {one.id: one.trigger_value or one.string_value for one in told.widget_states.widgets}
    assert states == ({"field": "new", "button": True} if is_kept else {"field": "new"})
    # It is done once: whoever was asked first does it no more.
    assert requests.on_scriptrunner_ready().type is ScriptRequestType.STOP


@pytest.mark.parametrize(
    ("button_of", "asked"), [("a part", "a part"), ("another", ""), (None, ""), ("gone", "a part")]
)
def test_a_press_that_comes_with_another_parts_words_is_heard(
    button_of: str | None, asked: str, mended: Mended
) -> None:
    told = ClientState(page_script_hash="shown", fragment_id="a part")
    told.widget_states.widgets.add(id="field", string_value="new")
    told.widget_states.widgets.add(id="button", trigger_value=True)
    session = mended.session()
    session._scriptrunner = None
    known = {
        "field": SimpleNamespace(fragment_id="a part"),
        "button": SimpleNamespace(fragment_id=button_of),
    }
    if button_of == "gone":
        del known["button"]
    session._session_state = SimpleNamespace(
        _new_widget_state=SimpleNamespace(widget_metadata=known)
    )
    session.request_rerun(told)
    assert told.fragment_id == asked


def test_a_press_that_was_begun_with_is_not_done_again(mended: Mended) -> None:
    pressed, told = WidgetStates(), ClientState(page_script_hash="shown")
    pressed.widgets.add(id="button", trigger_value=True)
    session, requests = mended.session(), mended.requests()
    session._scriptrunner = SimpleNamespace(_requests=requests)
    requests.request_rerun(RerunData(page_script_hash="shown", widget_states=pressed))
    requests.on_scriptrunner_ready()
    session.request_rerun(told)
    assert not told.widget_states.widgets


def test_what_a_page_drew_last_is_shown_though_a_part_asks_at_its_end(tmp_path: Path) -> None:
    with (
        serving(tmp_path, "-m", "tests.door.late_loop") as served,
        served.browser() as client,
        stream(served.address, client) as socket,
    ):
        frames = run(socket, visit(name="compose"))
        page = known_pages(frames)["compose"]
        run(socket, visit(page))
        began = time.monotonic()
        whole = run(socket, visit(page))
        lasts = time.monotonic() - began - LATE
        part = [frame.delta.fragment_id for frame in whole if frame.delta.fragment_id][-1]

        once_more = visit(page)
        once_more.rerun_script.fragment_id = part
        socket.send(visit(page).SerializeToString())
        # It is over, and nothing of it was heard: there is nothing yet to wait for. A machine that
        # is slower or faster than that shows less, and never something wrong.
        time.sleep(lasts + LATE / 2)
        said = run(socket, once_more)
        said += run(socket, once_more)
    assert own_elements(said) == own_elements(whole)
    ends = [frame.script_finished for frame in said if frame.WhichOneof("type") == END]
    assert ends[0] == ForwardMsg.FINISHED_SUCCESSFULLY


def own_elements(frames: list[ForwardMsg]) -> list[tuple[int, ...]]:
    """The places of what a page draws itself, without its parts."""
    drawn = (frame for frame in frames if frame.WhichOneof("type") == "delta")
    return [tuple(one.metadata.delta_path) for one in drawn if not one.delta.fragment_id]
