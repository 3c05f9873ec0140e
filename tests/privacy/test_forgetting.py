"""After forgetting nothing tells who they were: not the database, its files, nor the archive."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, insert, select, update

from hsl import acting, audit_chain, database, equality, models
from hsl.archive import restoring, storing
from hsl.audience import importer
from hsl.privacy import PrivacyError, forgetting, holding
from hsl.warehouse.store import Store
from tests.archive.past import MARCH, NOW, add_message
from tests.test_cli import Terminal

WHO = 105
WORDS = ("zebulonia", "Quetzalina", "Xanthopoulou", "zebu-attribute")
FILE = (
    "user_id,username,first_name,last_name,course_stream,city\n"
    f"{WHO},zebulonia,Quetzalina,Xanthopoulou,4th,zebu-attribute\n"
    "777,other,Other,One,4th,Paris\n"
)


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> Iterator[Engine]:
    """People, a message here and one in the archive, and all that names person WHO."""
    (tmp_path / "people.csv").write_text(FILE, "utf-8")
    importer.import_file(engine, tmp_path / "people.csv", actor="anna", rejects_dir=tmp_path)
    (tmp_path / "people.csv").unlink()
    old = add_message(engine, started_at=MARCH)
    new = add_message(engine, started_at=NOW, message_text="Dear Quetzalina Xanthopoulou")
    rows = models.message_recipients
    cohort = {"where": {"kind": "ids", "user_ids": [WHO, 777]}}
    searched = {"where": {"kind": "search", "words": "zebulonia"}}
    with engine.begin() as connection:
        connection.execute(
            update(rows)
            .where(rows.c.user_id == WHO)
            .values(username="zebulonia", error_description="no chat with Quetzalina")
        )
        for table, values in (
            (
                models.segments,
                {"name": "of Xanthopoulou", "owner": "anna", "mode": "frozen", "cohort": searched},
            ),
            (models.segment_members, {"segment_id": 1, "user_id": WHO}),
            (
                models.drafts,
                {"author": "anna", "content": {}, "audience": {"include": [cohort]}, "plan": {}},
            ),
            (models.selection_entries, {"author": "a", "label": "Quetzalina", "cohort": cohort}),
            (models.test_recipients, {"author": "anna", "user_id": WHO}),
            (
                models.suppressions,
                {"user_id": WHO, "reason": "Quetzalina asked", "marked_by": "anna"},
            ),
            (models.button_presses, {"message_id": new, "user_id": WHO, "button": "yes"}),
        ):
            connection.execute(insert(table).values(**values))
    storing.archive(engine, before=datetime(2025, 5, 1, tzinfo=UTC), actor="anna")
    assert old != new
    yield engine


def everything(engine: Engine) -> str:
    """All rows of all tables as text."""
    tables = models.SQLModel.metadata.sorted_tables
    with database.read_only(engine).begin() as connection:
        return "\n".join(repr(connection.execute(select(table)).all()) for table in tables)


def in_files(folder: Path) -> bytes:
    """All bytes of all files, and the text of Parquet files, which are compressed."""
    found = b""
    for path in folder.rglob("*"):
        if path.is_file():
            found += path.read_bytes()
            if path.suffix == ".parquet":
                found += str(pq.read_table(path).to_pylist()).encode()
    return found


@pytest.mark.parametrize("how", forgetting.How)
def test_nothing_is_left(house: Engine, tmp_path: Path, how: forgetting.How) -> None:
    store = Store(house, folder=tmp_path, refresh_after=300)
    store.refresh()
    before = everything(house)
    assert all(word in before for word in WORDS)
    assert b"zebulonia" in in_files(tmp_path / "archive")

    done = forgetting.forget(house, WHO, how=how, actor="anna", data_dir=tmp_path)
    assert (done.messages, done.files) == (2, 1)
    store.refresh()
    people = store.frame("SELECT user_id FROM users")["user_id"]
    assert WHO not in set(people)
    assert 777 in set(people)
    after = everything(house)
    assert [word for word in WORDS if word.lower() in after.lower()] == []
    house.dispose()
    files = in_files(tmp_path).lower()
    assert [word for word in WORDS if word.lower().encode() in files] == []

    # Every sum stays, in the database and in the archive.
    assert equality.compare(house).unequal == ()
    assert all(one.problem is None for one in restoring.verify(house))
    rows = models.message_recipients.c
    with house.begin() as connection:
        nobody = connection.execute(
            select(rows.user_id).where(rows.user_id >= models.FIRST_PSEUDONYM)
        ).scalars().all()  # fmt: skip
        pressed = connection.execute(select(models.button_presses.c.user_id)).scalars().all()
    assert nobody == pressed
    (archived,) = (tmp_path / "archive").rglob("*.parquet")
    ids = pq.read_table(archived)["user_id"].to_pylist()
    in_archive = [one for one in ids if one >= models.FIRST_PSEUDONYM]
    assert len(in_archive) == 1
    assert (in_archive == nobody) is (how is forgetting.How.PSEUDONYMISE)
    assert audit_chain.verify(house).is_whole


def test_no_import_brings_them_back(house: Engine, tmp_path: Path) -> None:
    forgetting.forget(house, WHO, actor="anna", data_dir=tmp_path)
    (tmp_path / "people.csv").write_text(FILE + "778,new,New,One,4th,Rome\n", "utf-8")
    report = importer.import_file(
        house, tmp_path / "people.csv", actor="anna", rejects_dir=tmp_path
    )
    assert (report.forgotten, report.added, report.unchanged, report.rejected) == (1, 1, 1, 0)
    assert "zebulonia" not in everything(house)


def test_what_is_held_is_told(house: Engine) -> None:
    found = holding.held_about(house, WHO)
    assert found["profile"]["username"] == "zebulonia"
    assert found["streams"][0]["course_stream"] == "4th"
    assert {one["archived"] for one in found["deliveries"]} == {True, False}
    assert "Dear Quetzalina" in found["deliveries"][1]["message"]["message_text"]
    assert (len(found["presses"]), len(found["do_not_message"])) == (1, 1)
    assert json.dumps(found)


def test_only_who_may_manages(house: Engine, tmp_path: Path) -> None:
    editor = acting.Actor("eve", acting.ROLES[acting.Role.EDITOR])
    with acting.acting_as(editor), pytest.raises(acting.NotAllowedError):
        forgetting.forget(house, WHO, actor="eve", data_dir=tmp_path)


def test_nobody_is_refused_and_so_is_one_on_the_way(house: Engine, tmp_path: Path) -> None:
    with pytest.raises(PrivacyError, match="Nothing is held"):
        forgetting.forget(house, 999, actor="anna", data_dir=tmp_path)
    rows = models.message_recipients
    with house.begin() as connection:
        connection.execute(
            update(rows).where(rows.c.user_id == WHO).values(delivery_status="sending")
        )
    with pytest.raises(PrivacyError, match="on its way"):
        forgetting.forget(house, WHO, actor="anna", data_dir=tmp_path)
    assert "zebulonia" in everything(house)


def test_the_commands(house: Engine, database_address: str, tmp_path: Path) -> None:
    hsl = Terminal(database_address, tmp_path)
    held = hsl("person", "export", str(WHO))
    assert json.loads(held.stdout)["profile"]["last_name"] == "Xanthopoulou", held.stderr
    assert hsl("person", str(WHO)).returncode == 0
    assert hsl("person", "forget", str(WHO)).returncode == 1
    assert "zebulonia" in everything(house)
    assert hsl("person", "lose", str(WHO)).returncode == 2
