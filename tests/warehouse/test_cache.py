"""The file for the next start: used where it fits, ignored where it does not."""

import os
import time
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import Engine
from world import OpenStore, World, in_database, in_store

from hsl.warehouse import cache, loading, store
from tests import forked
from tests.warehouse import sharing


def _file(folder: Path) -> Path:
    return next(folder.glob("index-*.duckdb"))


def test_the_next_start_is_equal_too(
    engine: Engine,
    world: World,
    open_store: OpenStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = open_store()
    first.save()
    for _ in range(15):
        world.step()
    monkeypatch.setattr(loading, "load", lambda *_: pytest.fail("everything was read"))
    second = open_store()
    assert in_store(second) == in_database(engine)
    assert second.attributes == first.attributes | second.attributes
    world.step()
    second.refresh()
    assert in_store(second) == in_database(engine)


def test_it_is_readable_by_its_owner_alone(
    world: World, open_store: OpenStore, tmp_path: Path
) -> None:
    open_store().save()
    assert _file(tmp_path).stat().st_mode & 0o077 == 0
    assert list(tmp_path.glob(".index-*")) == []


@pytest.mark.parametrize("damage", ["cut", "rubbish", "empty", "zeros inside", "no database"])
def test_a_damaged_file_is_as_none(
    engine: Engine, world: World, open_store: OpenStore, tmp_path: Path, damage: str
) -> None:
    open_store().save()
    file = _file(tmp_path)
    whole = file.read_bytes()
    if damage == "no database":
        file.unlink()
        with duckdb.connect(str(file)) as other:
            other.execute("CREATE TABLE users (a INTEGER)")
    else:
        middle = len(whole) // 2
        file.write_bytes(
            {
                "cut": whole[:middle],
                "rubbish": b"rubbish" * 1000,
                "empty": b"",
                "zeros inside": whole[: 3 * 4096] + bytes(len(whole) - 3 * 4096),
            }[damage]
        )
    again = open_store()
    assert in_store(again) == in_database(engine)
    again.save()
    assert in_store(open_store()) == in_database(engine)


@pytest.mark.parametrize("what", ["VERSION", "database"])
def test_a_file_of_another_version_or_database_is_as_none(
    engine: Engine,
    world: World,
    open_store: OpenStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    open_store().save()
    file = _file(tmp_path)
    if what == "VERSION":
        monkeypatch.setattr(cache, "VERSION", cache.VERSION + 1)
    else:
        with duckdb.connect(str(file)) as other:
            other.execute("UPDATE written SET identity = replace(identity, 'hsl', 'x') || 'x'")
    read = []
    real = loading.load
    monkeypatch.setattr(loading, "load", lambda *given: (read.append(1), real(*given)))
    assert in_store(open_store()) == in_database(engine)
    assert read == [1]


def test_large_changes_are_saved_by_itself_and_not_too_often(
    engine: Engine,
    world: World,
    open_store: OpenStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "WORTH_SAVING", 1)
    opened = open_store()
    opened.refresh()
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob("index-*.duckdb")) and time.monotonic() < deadline:
        time.sleep(0.05)
    written = _file(tmp_path).stat().st_mtime_ns
    with engine.begin() as connection:
        world.people_come(connection)
    opened.refresh()
    time.sleep(0.3)
    assert _file(tmp_path).stat().st_mtime_ns == written


def test_what_a_killed_writer_left_is_cleared_away(
    world: World, open_store: OpenStore, tmp_path: Path
) -> None:
    left, young = tmp_path / ".index-old", tmp_path / ".index-young"
    for folder in (left, young):
        folder.mkdir()
        (folder / "index.duckdb").write_bytes(b"half")
    os.utime(left, (0, 0))
    open_store().save()
    assert not left.exists()
    assert young.exists()


def test_processes_share_a_folder(
    engine: Engine, world: World, open_store: OpenStore, tmp_path: Path
) -> None:
    address = engine.url.render_as_string(hide_password=False)
    told = [tmp_path / f"told-{n}" for n in range(2)]
    said = tmp_path / "said"
    running = [forked.call(sharing.run, address, str(tmp_path), out=out, err=said) for out in told]
    people = len(in_database(engine)["users"])
    for process, out in zip(running, told, strict=True):
        assert process.wait(120) == 0, said.read_text("utf-8")
        assert out.read_text("utf-8").split() == [str(people)] * 6
    assert in_store(open_store()) == in_database(engine)
    assert len(list(tmp_path.glob("index-*"))) == 1
