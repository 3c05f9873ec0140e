"""A page that was left stays left, though a part of it asks once more to be drawn anew."""

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests

from hsl.web_left import forget_left_pages
from tests.door.conftest import Served
from tests.door.lines import run, stream, visit

TURNS = 10


def pages_of(frames: list[ForwardMsg]) -> list[str]:
    """The page of each run, as the browser is told it."""
    kinds = ((frame.WhichOneof("type"), frame) for frame in frames)
    return [frame.new_session.page_script_hash for kind, frame in kinds if kind == "new_session"]


def test_a_part_of_a_page_that_was_left_does_not_bring_it_back(served: Served) -> None:
    with served.signed_in() as client, stream(served.address, client) as socket:
        known = run(socket, visit(""))
        (navigation,) = (
            frame.navigation for frame in known if frame.WhichOneof("type") == "navigation"
        )
        hashes = {page.url_pathname: page.page_script_hash for page in navigation.app_pages}
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
def test_a_page_that_has_not_begun_is_not_replaced_by_a_part(page: str) -> None:
    class Runner(ScriptRunner):
        pass

    class Requests(ScriptRequests):
        pass

    forget_left_pages(Runner, Requests)
    requests = Requests()
    assert requests.request_rerun(RerunData(page_script_hash=page))
    assert requests.request_rerun(RerunData(page_script_hash="left", fragment_id="a part"))
    asked = requests.on_scriptrunner_ready().rerun_data
    assert asked.page_script_hash == (page or "left")
    assert not asked.fragment_id_queue
    # A part of the page that is shown is drawn.
    assert requests.request_rerun(RerunData(page_script_hash=page, fragment_id="a part"))
    assert requests.on_scriptrunner_ready().rerun_data.fragment_id_queue == ["a part"]
