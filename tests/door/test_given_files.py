"""A file that a page offers is for the session that the page gave it to, whoever knows of it."""

import re
from collections.abc import Iterator
from types import SimpleNamespace

import httpx2
import pytest
from sqlalchemy import insert
from streamlit import runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from hsl import audit, models, web, web_files
from hsl.web_files import Given
from pages.parts import kept
from tests.door.conftest import Served
from tests.door.lines import run, stream, visit

PERSON = 4_242


@pytest.fixture(scope="module")
def peopled(served: Served) -> Iterator[Served]:
    with served.engine.begin() as connection:
        connection.execute(
            insert(models.users).values(user_id=PERSON, updated_at=models.utc_now(), attributes={})
        )
        audit.record(connection, actor="anna", action="import")  # so that pages look
    yield served


def files_of_page(served: Served, client: httpx2.Client, page: str, query: str) -> set[str]:
    """The addresses of files in all that a page says until its script is over."""
    with stream(served.address, client) as socket:
        return addresses(run(socket, visit(name=page, query=query)))


def addresses(frames: list[ForwardMsg]) -> set[str]:
    said = b"".join(frame.SerializeToString() for frame in frames)
    return {found.decode() for found in re.findall(rb"/media/[0-9a-f]+\.\w+", said)}


def test_a_file_is_for_the_session_that_a_page_gave_it_to(peopled: Served) -> None:
    with peopled.signed_in("anna") as anna, peopled.signed_in("boris") as boris:
        (address,) = files_of_page(peopled, anna, "audience", f"person={PERSON}")
        assert str(PERSON) in anna.get(address).text
        assert anna.head(address).status_code == 200
        assert anna.get(address, headers={"Range": "bytes=0-1"}).status_code == 206

        for path in (address, f"{address}?x=1", address.replace(".json", ".png")):
            refused = boris.get(path)
            assert refused.status_code == 404
            assert refused.json()["detail"].startswith("No page gave you this file")
        # What boris may not see no page gives him, and his words are no page's.
        assert files_of_page(peopled, boris, "audience", f"person={PERSON}") == set()
        assert boris.get(address).status_code == 404
        with peopled.signed_in("anna") as elsewhere:
            assert elsewhere.get(address).status_code == 404
            assert files_of_page(peopled, elsewhere, "audience", f"person={PERSON}") == {address}
            assert elsewhere.get(address).status_code == 200


def test_a_file_that_a_button_makes_is_for_the_session_whose_button_it_is(served: Served) -> None:
    asked, press = BackMsg(), BackMsg()
    asked.rerun_script.page_name = "audit"
    press.backend_operation_request.request_id = "1"
    with (
        served.signed_in("anna") as anna,
        served.signed_in("boris") as boris,
        stream(served.address, anna) as socket,
    ):
        frames = run(socket, asked)
        elements = [frame.delta.new_element for frame in frames]
        button = next(one.download_button for one in elements if one.HasField("download_button"))
        opened = next(f.new_session for f in frames if f.HasField("new_session"))
        press.backend_operation_request.session_id = opened.initialize.session_id
        press.backend_operation_request.deferred_file.file_id = button.deferred_file_id
        (address,) = addresses(run(socket, press, until="backend_operation_response"))
        assert "signed_in" in anna.get(address).text
        assert boris.get(address).status_code == 404


def test_what_is_made_beside_a_run_is_for_who_pressed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager = MediaFileManager(MemoryMediaFileStorage("/media"))
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: SimpleNamespace(media_file_mgr=manager))
    given = Given(lambda file: manager.read_file(file) is not None)
    monkeypatch.setattr(web, "_given", given)
    monkeypatch.setattr(web, "asking", lambda: "anna's")

    make = kept.made(lambda: b"a,b", name="a.csv", mime="text/csv")
    monkeypatch.setattr(web, "asking", lambda: None)  # as beside a run
    address = manager.execute_deferred(manager.add_deferred(make, "text/csv", "1.2", "a.csv"))

    assert given.may_have(address, "anna's")
    assert not given.may_have(address, "boris's")


def test_what_is_gone_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_files, "TIDIED_AT", 10)
    held = {f"{number:x}" for number in range(0, 1_000, 100)}
    given = Given(lambda file: file in held)
    for number in range(1_000):
        given.note(f"/media/{number:x}.png", "anna's")
    assert len(given._sessions) <= 2 * len(held) + 1
    assert all(given.may_have(f"/media/{file}.png", "anna's") for file in held)
