"""A file that a button makes stays until the browser has it, in the language of its page."""

from collections.abc import Iterator
from io import BytesIO
from types import SimpleNamespace

import pytest
from streamlit import runtime
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from hsl import words
from pages.parts import kept


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> MediaFileManager:
    manager = MediaFileManager(MemoryMediaFileStorage("/media"))
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: SimpleNamespace(media_file_mgr=manager))
    return manager


@pytest.fixture
def russian() -> Iterator[None]:
    words.read_by(lambda: "ru-RU")
    yield
    words.read_by(lambda: None)


def pressed(files: MediaFileManager, make: object) -> str:
    number = files.add_deferred(make, "text/csv", "1.2.3", "a.csv")  # type: ignore[arg-type]
    return files.execute_deferred(number).rpartition("/")[2]


def others_run(files: MediaFileManager) -> None:
    for _ in range(2):
        files.remove_orphaned_files()


def test_runs_of_other_pages_leave_it(files: MediaFileManager) -> None:
    name = pressed(files, kept.made(lambda: BytesIO(b"a,b"), name="a.csv", mime="text/csv"))
    others_run(files)
    assert files._storage.get_file(name).content == b"a,b"  # type: ignore[attr-defined]
    kept._let_go()
    others_run(files)
    with pytest.raises(Exception, match="Bad filename"):
        files._storage.get_file(name)  # type: ignore[attr-defined]


def test_only_some_are_held_at_a_time(files: MediaFileManager) -> None:
    names = [
        pressed(files, kept.made(lambda i=i: str(i).encode(), name="a.csv", mime="text/csv"))
        for i in range(kept.PLACES + 1)
    ]
    others_run(files)
    assert files._storage.get_file(names[-1]).content == str(kept.PLACES).encode()  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="Bad filename"):
        files._storage.get_file(names[0])  # type: ignore[attr-defined]


def test_it_is_written_in_the_language_of_its_page(files: MediaFileManager, russian: None) -> None:
    make = kept.made(lambda: words.number(1204.5, decimals=1).encode(), name="a", mime="text/csv")
    words.read_by(lambda: None)  # as beside a run
    assert make().decode() == "1\u00a0204,5"
