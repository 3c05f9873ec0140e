"""`python -m hsl source`, as an operator types it."""

import json
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hsl.audience.sources import definitions, registry
from tests.typing_commands import Terminal


@pytest.fixture
def hsl(database_address: str, tmp_path: Path) -> Terminal:
    return Terminal(database_address, tmp_path)


@pytest.fixture
def school(tmp_path: Path) -> Path:
    """Another database of ten people."""
    path = tmp_path / "school.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (tg INTEGER, name TEXT, stream TEXT)")
        connection.executemany(
            "INSERT INTO people VALUES (?, 'N', '4th')", [(i,) for i in range(1, 11)]
        )
    return path


def test_a_source_from_its_beginning_to_its_end(
    hsl: Terminal, school: Path, engine: Engine
) -> None:
    added = hsl(
        "source", "add", "school", "--sql", f"sqlite:///{school}",
        "--query", "SELECT * FROM people",
        "--map", "tg=user_id", "--map", "name=", "--every", "15",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    assert "every 15 min" in added.stdout

    looked = json.loads(hsl("source", "preview", "school", "--json").stdout)
    assert looked["columns"] == {"tg": "user_id", "name": "left out", "stream": "stream"}
    assert looked["rows"][0]["user_id"] == "1"
    assert "10 rows looked at, 0 would be rejected" in hsl("source", "preview", "school").stdout

    done = json.loads(hsl("source", "run", "school", "--json").stdout)
    assert (done["added"], done["left"], done["error"]) == (10, 0, None)

    with sqlite3.connect(school) as connection:
        connection.execute("DELETE FROM people WHERE tg > 2")
    refused = hsl("source", "run", "school")
    assert refused.returncode == 1
    assert "Only 2 people came, after 10" in refused.stderr
    listed = json.loads(hsl("source", "list", "--json").stdout)
    assert listed[0]["last_run"]["error"] in refused.stderr
    doctor = json.loads(hsl("doctor", "--json").stdout)
    found = next(check for check in doctor if check["name"] == "sources")
    assert not found["ok"] and "school: Only 2 people came" in found["detail"]

    taken = hsl("source", "run", "school", "--accept-shrink")
    assert taken.returncode == 0 and "8 left" in taken.stdout

    assert hsl("source", "remove", "school").returncode == 0
    assert json.loads(hsl("source", "list", "--json").stdout) == []


def test_single_parts_are_changed_and_the_rest_is_kept(
    hsl: Terminal, school: Path, engine: Engine
) -> None:
    before = definitions.define(
        name="school",
        kind="sql",
        address=f"sqlite:///{school}",
        query="SELECT * FROM people",
        mapping={"tg": "user_id", "name": ""},
        every_minutes=15,
        mark_left=False,
    )
    registry.add(engine, before, actor="anna")
    for words, parts in (
        (("--query", "SELECT tg, name FROM people", "--map", "name=first_name", "--mark-left"),
         {"query": "SELECT tg, name FROM people", "mark_left": True,
          "mapping": {"tg": "user_id", "name": "first_name"}}),
        (("--files", "/people.csv", "--which", "all", "--unmap", "name", "--by-hand"),
         {"kind": "files", "address": "/people.csv", "query": None, "which": "all",
          "mapping": {"tg": "user_id"}, "every_minutes": None}),
    ):  # fmt: skip
        changed = hsl("source", "edit", "school", *words)
        assert changed.returncode == 0, changed.stderr
        before = before.model_copy(update=parts)
        assert registry.named(engine, "school").definition == before


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("add", "s", "--sql", "sqlite:////none.db", "--query", "SELECT 1"), 1, "no such file"),
        (("add", "s", "--sql", "postgresql://h/d"), 2, "needs --query"),
        (("add", "s", "--sql", "postgresql://u:s3cret@h/d", "--query", "SELECT 1"), 1, "env:"),
        (("add", "s", "--files", "x.csv", "--map", "nonsense"), 2, "THEIRS=OURS"),
        (("add", "s", "--files", "x.csv", "--every", "0"), 1, "every_minutes"),
        (("edit", "nobody", "--every", "5"), 1, "no source nobody"),
        (("edit", "nobody"), 2, "edit needs what is to be changed"),
        (("run", "nobody"), 1, "no source nobody"),
        (("remove", "nobody"), 1, "no source nobody"),
    ],
)
@pytest.mark.usefixtures("engine")
def test_what_does_not_fit_is_said_in_one_line(
    hsl: Terminal, words: tuple[str, ...], status: int, said: str
) -> None:
    found = hsl("source", *words)
    assert found.returncode == status
    assert said in found.stderr
    assert found.stderr.count("\n") == 1
    assert "s3cret" not in found.stderr
