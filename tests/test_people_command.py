"""`people --where` and `send --where`: whom an expression means, from the terminal."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select

from hsl import models
from tests.typing_commands import Terminal


@pytest.fixture
def hsl(database_address: str, tmp_path: Path) -> Terminal:
    return Terminal(database_address, tmp_path)


@pytest.fixture
def thirty(engine: Engine) -> None:
    """Thirty people; the level of each is its id modulo 10, the first ten live in Omsk."""
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {
                    "user_id": i,
                    "first_name": "An\x1b[31mna",
                    "username": f"anna_{i}",
                    "attributes": {"level": i % 10} | ({"city": "Omsk"} if i <= 10 else {}),
                    "unreachable_reason": "blocked" if i == 9 else None,
                    "updated_at": models.utc_now(),
                }
                for i in range(1, 31)
            ],
        )


@pytest.mark.usefixtures("thirty")
def test_people_counts_and_lists(hsl: Terminal) -> None:
    said = hsl("people", "--where", "level >= 8 AND city = 'Omsk'")
    assert said.returncode == 0, said.stderr
    first, *lines = said.stdout.splitlines()
    assert first == "2 people: level is at least 8, city is Omsk; 1 of them unreachable"
    assert [line.split()[0] for line in lines] == ["8", "9"]
    assert "\x1b" not in said.stdout
    everybody = hsl("people", "--limit", "3").stdout.splitlines()
    assert everybody[0] == "30 people: everybody; 1 of them unreachable"
    assert everybody[-1] == "… and 27 more; --limit 30 shows all."


@pytest.mark.usefixtures("thirty")
def test_people_as_sql_finds_them_again(hsl: Terminal, engine: Engine) -> None:
    said = hsl("people", "--where", "level >= 8 AND language_code IS NULL", "--sql")
    assert (said.returncode, said.stderr) == (0, "")
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        found = sorted(row[0] for row in cursor.execute(said.stdout).fetchall())
    assert found == [8, 9, 18, 19, 28, 29]


@pytest.mark.usefixtures("thirty")
def test_people_as_json_names_everybody(hsl: Terminal) -> None:
    found = json.loads(hsl("people", "--where", "NOT level < 9", "--json").stdout)
    assert (found["people"], found["unreachable"]) == (3, 1)
    assert found["user_ids"] == [9, 19, 29]
    assert found["sentence"] == "not (level is under 9)"
    assert found["cohort"]["where"]["kind"] == "not"


@pytest.mark.usefixtures("thirty")
@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        ("level >= 3; DROP TABLE users", 2, "no semicolon. (line 1, character 11)"),
        ("levle >= 3", 2, "Nobody has an attribute levle; did you mean level?"),
        ("city IN (SELECT 1)", 2, "is not taken here"),
        ("segment('Alumni')", 1, "no segment Alumni"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    hsl: Terminal, words: str, status: int, complaint: str
) -> None:
    for said in (
        hsl("people", "--where", words),
        hsl("send", "--where", words, "--text", "Hi", "--yes"),
    ):
        assert said.returncode == status
        assert complaint in said.stderr
        assert len(said.stderr.splitlines()) == 1


@pytest.mark.usefixtures("thirty")
def test_send_goes_to_the_people_of_an_expression(hsl: Terminal, engine: Engine) -> None:
    words = ("send", "--where", "level IN (1, 2)", "--user", "30", "--text", "Hi")
    dry = hsl(*words, "--dry-run")
    assert "7 people: level is 1 or 2; and 1 chosen by name" in dry.stdout
    sent = hsl(*words, "--yes")
    assert sent.returncode == 0, sent.stderr
    recipients = models.message_recipients
    with engine.begin() as connection:
        ids = connection.execute(select(recipients.c.user_id)).scalars()
        assert sorted(ids) == [1, 2, 11, 12, 21, 22, 30]
        stored = connection.execute(select(models.message_history.c.audience)).scalar_one()
        assert connection.execute(select(func.count()).select_from(recipients)).scalar_one() == 7
    assert json.dumps(stored).count('"level"') == 1


@pytest.mark.usefixtures("thirty")
def test_send_joins_an_expression_and_streams(hsl: Terminal) -> None:
    said = hsl("send", "--where", "level > 3", "--stream", "4th", "--text", "Hi", "--dry-run")
    assert said.returncode == 1
    assert "Nobody is chosen." in said.stderr
