"""From SQLite to PostgreSQL: all of it, equal, resumable, the source untouched."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, delete, insert, select, text, update

from hsl import audit, database, dispatch, models, moving
from hsl.audience import importer
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import starting
from hsl.message import drafts
from hsl.message.content import Content
from hsl.settings import ROOT, load_settings
from tests.typing_commands import Terminal


@pytest.fixture
def old(tmp_path: Path) -> Engine:
    """A small house as it was lived in: people, messages in every state, drafts, an audit log."""
    engine = database.open_engine(f"sqlite:///{tmp_path / 'hsl.db'}")
    database.migrate(engine)
    lines = (ROOT / "data" / "sample_users.csv").read_text("utf-8").splitlines()
    (tmp_path / "people.csv").write_text("\n".join(lines[:301]), "utf-8")
    importer.import_file(engine, tmp_path / "people.csv", actor="anna", rejects_dir=tmp_path)
    everybody = Audience(include=(Cohort(everyone=True),))
    for words in ("Hello 👋🏽 {first_name|друг}", "Здравствуйте & <b>all</b>"):
        dispatch.send(
            engine, load_settings(), content=Content(text=words), audience=everybody, author="anna"
        )
    starting.start_due(engine, now=models.utc_now(), resolve=lambda _: select())
    with engine.begin() as connection:
        rows = models.message_recipients
        connection.execute(
            update(rows)
            .where(rows.c.id % 3 == 0)
            .values(delivery_status="failed", reason="blocked", error_description="«Forbidden»")
        )
        connection.execute(
            update(rows)
            .where(rows.c.id % 3 == 1)
            .values(delivery_status="sent", sent_at=models.utc_now(), telegram_message_id=2**40)
        )
    gone = drafts.start(engine, "anna", content=Content(text="Draft"))
    drafts.start(engine, "boris", content=Content(text="Другой"))
    with engine.begin() as connection:
        connection.execute(delete(models.drafts).where(models.drafts.c.id == gone.id))
    return engine


@pytest.fixture
def new(postgres_address: str) -> Any:
    """An empty PostgreSQL database beside the one that other tests use."""
    server = create_engine(postgres_address, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS moved WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE moved"))
    engine = database.open_engine(
        server.url.set(database="moved").render_as_string(hide_password=False)
    )
    yield engine
    engine.dispose()
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE moved WITH (FORCE)"))
    server.dispose()


def everything(engine: Engine) -> dict[str, list[Any]]:
    with database.read_only(engine).begin() as connection:
        return {
            table.name: sorted(
                json.dumps(tuple(row), default=str, sort_keys=True)
                for row in connection.execute(select(table))
            )
            for table in moving._tables()
        }


def test_everything_arrives_and_the_source_stays(old: Engine, new: Engine) -> None:
    before = everything(old)
    moved = {found.name: found.rows for found in moving.move(old, new)}
    assert everything(new) == everything(old) == before
    assert moved["users"] == len(before["users"]) > 200
    assert moved["message_recipients"] == 2 * moved["users"]
    # Ids go on where they were, also after those of rows that are gone.
    assert drafts.start(new, "anna", content=Content()).id == 3
    with new.begin() as connection:
        audit.record(connection, actor="anna", action="moved")


def test_an_interrupted_move_goes_on(
    old: Engine, new: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "AT_ONCE", 70)
    copied: list[str] = []

    def pull_the_plug(table: str, _rows: int) -> None:
        copied.append(table)
        if copied.count("users") == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        moving.move(old, new, pull_the_plug)
    written: list[str] = []
    replace = moving._replace
    monkeypatch.setattr(
        moving, "_replace", lambda *found: (written.append(found[1].name), replace(*found))
    )
    moving.move(old, new)
    assert everything(new) == everything(old)
    assert "message_recipients" not in written
    assert written.count("users") == 3


def test_a_row_that_differs_is_found_and_mended(
    old: Engine, new: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = moving._copy

    def spoil(*found: Any) -> None:
        copy(*found)
        if found[2].name == "message_recipients":
            with new.begin() as connection:
                connection.execute(text("UPDATE message_recipients SET reason = 'x' WHERE id = 9"))

    monkeypatch.setattr(moving, "_copy", spoil)
    with pytest.raises(moving.MoveError, match="message_recipients differs at id 9"):
        moving.move(old, new)
    monkeypatch.setattr(moving, "_copy", copy)
    moving.move(old, new)
    assert everything(new) == everything(old)


def test_a_database_that_is_in_use_is_never_overwritten(old: Engine, new: Engine) -> None:
    moving.move(old, new)
    with pytest.raises(moving.MoveError, match="already has rows"):
        moving.move(old, new)


def test_it_does_not_move_under_a_working_scheduler(old: Engine, new: Engine) -> None:
    now = models.utc_now()
    with old.begin() as connection:
        connection.execute(
            insert(models.workers).values(
                name="w", kind="scheduler", host="h", pid=1, started_at=now, beat_at=now
            )
        )
    with pytest.raises(moving.MoveError, match="Stop it"):
        moving.move(old, new)


def test_writing_meanwhile_is_noticed(old: Engine, new: Engine) -> None:
    def write(table: str, _rows: int) -> None:
        if table == "audit_log":
            with old.begin() as connection:
                audit.record(connection, actor="boris", action="meanwhile")

    with pytest.raises(moving.MoveError, match="during the move"):
        moving.move(old, new, write)
    moving.move(old, new)
    assert everything(new) == everything(old)


def test_the_command(old: Engine, new: Engine, tmp_path: Path) -> None:
    hsl = Terminal(str(old.url), tmp_path)
    address = new.url.render_as_string(hide_password=False)
    assert hsl("migrate-to", "sqlite:///other.db").returncode == 2
    nowhere = hsl("migrate-to", "postgresql+psycopg://127.0.0.1:1/none")
    assert (nowhere.returncode, "Traceback" in nowhere.stderr) == (1, False)
    done = hsl("migrate-to", address, "--json")
    assert done.returncode == 0, done.stderr
    assert {found["name"]: found["rows"] for found in json.loads(done.stdout)}["users"] > 200
    again = hsl("migrate-to", address)
    assert again.returncode == 1
    assert "already has rows" in again.stderr
