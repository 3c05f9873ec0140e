"""The first rows as they would become people, and what their columns may mean."""

from pathlib import Path

import duckdb
import pytest

from hsl.audience import importer, reading
from hsl.audience.sources import definitions, guessing, preview
from hsl.audience.sources.errors import SourceError
from hsl.settings import Settings


def of(path: Path, words: str, *, propose: bool = False, **fields: object) -> preview.Preview:
    path.write_text(words, "utf-8")
    definition = definitions.define(name="school", kind="files", address=str(path), **fields)
    return preview.preview(definition, Settings(data_dir=path.parent), propose=propose)


def test_problems_are_named_row_by_row(tmp_path: Path) -> None:
    found = of(
        tmp_path / "p.csv",
        "user_id,username,registered_at,city\n"
        "1,@anna,2026-01-02T03:00:00+03:00,Omsk\n"
        "two,,,\n"
        "3,anna,,\n"
        "4,,2026-01-02 10:00,\n",
    )
    assert [row.problem for row in found.rows] == [
        None,
        "user_id is not a whole number",
        "username is another person's",
        "registered_at is not a date, or a time without its zone",
    ]
    assert found.rejected == 3
    assert found.rows[0].person == {
        "user_id": "1", "username": "anna", "registered_at": "2026-01-02",
    }  # fmt: skip
    assert found.rows[0].attributes == {"city": "Omsk"}
    assert found.rows[3].person["registered_at"] == "2026-01-02 10:00"


def test_it_looks_at_twenty_rows(tmp_path: Path) -> None:
    words = "user_id\n" + "".join(f"{number}\n" for number in range(1, 100))
    found = of(tmp_path / "p.csv", words)
    assert [row.line for row in found.rows] == list(range(2, 22))


def test_columns_are_told_apart(tmp_path: Path) -> None:
    found = of(
        tmp_path / "p.csv",
        "tg,City,note,stream\n1,Omsk,x,4th\n",
        mapping={"tg": "user_id", "note": ""},
    )
    assert {column.theirs: column.becomes for column in found.columns} == {
        "tg": "user_id", "City": "attribute city", "note": "left out", "stream": "stream",
    }  # fmt: skip


def test_without_ids_it_says_which_columns_there_are(tmp_path: Path) -> None:
    found = of(tmp_path / "p.csv", "person,city\n1,Omsk\n")
    assert found.problem is not None and "has no column user_id" in found.problem
    assert [column.theirs for column in found.columns] == ["person", "city"]
    assert found.rows == []


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is of an unknown kind"):
        of(tmp_path / "p.pdf", "%PDF")


def test_a_proposal_is_looked_at_at_once(tmp_path: Path) -> None:
    found = of(tmp_path / "p.csv", "telegram_id,name\n1,Anna\n", propose=True)
    assert found.mapping == {"telegram_id": "user_id", "name": "first_name"}
    assert found.rows[0].person == {"user_id": "1", "first_name": "Anna"}


@pytest.mark.parametrize(
    ("columns", "proposed"),
    [
        (
            ["id", "telegram_id", "telegram_name", "name", "surname", "language", "signed_up_on",
             "stream", "status", "booked_on", "city"],
            {"telegram_id": "user_id", "telegram_name": "username", "name": "first_name",
             "surname": "last_name", "language": "language_code", "signed_up_on": "registered_at",
             "booked_on": "enrolled_at"},
        ),
        (["user_id", "first_name"], {}),
        (["user_id", "TG_ID"], {"user_id": "", "TG_ID": "user_id"}),
        (["chat_id", "tg_id"], {"chat_id": "user_id"}),
        (["a", "b"], {}),
    ],
)  # fmt: skip
def test_meanings_are_proposed_by_name(columns: list[str], proposed: dict[str, str]) -> None:
    assert guessing.propose(columns) == proposed


@pytest.mark.parametrize("step", ["column_names", "read", "examine"])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (OSError("no space\nis left"), r"new cannot be looked at: no space\."),
        (duckdb.Error("Error: no more\nLINE 1:"), r"The file cannot be read: Error: no more\..*"),
    ],
)
def test_every_failure_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, fault: Exception, words: str
) -> None:
    def broken(*_given: object, **_named: object) -> None:
        raise fault

    monkeypatch.setattr(importer if step == "examine" else reading, step, broken)
    (tmp_path / "p.csv").write_text("user_id\n1\n", "utf-8")
    with pytest.raises(SourceError, match=rf"^{words}$"):
        preview.preview(
            definitions.define(name="new", kind="files", address=str(tmp_path / "p.csv")),
            Settings(data_dir=tmp_path),
        )
