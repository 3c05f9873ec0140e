"""hsl as a library: frames that are right, of one moment, and that change nothing."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError

from hsl import Workspace, database, models, moment, open_workspace
from hsl.archive import storing
from hsl.audience.cohort import Cohort
from hsl.audience.segments import SegmentError
from hsl.models import utc_now
from hsl.settings import ROOT, load_settings
from tests.archive.past import APRIL, Past


@pytest.fixture
def workspace(past: Past, database_address: str, tmp_path: Path) -> Iterator[Workspace]:
    with past.engine.begin() as connection:
        users = models.users
        connection.execute(
            update(users)
            .where(users.c.user_id < 110)
            .values(attributes={"city": "Omsk", "a/b": 3, 'q"': True})
        )
        connection.execute(
            insert(models.enrollments),
            [
                {"user_id": i, "course_stream": "4th_stream", "enrolled_at": APRIL}
                for i in range(105, 120)
            ],
        )
    with Workspace(load_settings(data_dir=tmp_path), database_address) as opened:
        yield opened


def test_people_have_their_attributes_as_columns(workspace: Workspace) -> None:
    people = workspace.people()
    assert len(people) == 40
    assert list(people.columns[-3:]) == ["a:a/b", "a:city", 'a:q"']
    first, last = people.iloc[0], people.iloc[-1]
    assert (first["user_id"], first["first_name"]) == (100, "P100")
    assert (first["a:city"], first["a:a/b"], first['a:q"']) == ("Omsk", "3", "true")
    assert pd.isna(last["a:city"])
    table = workspace.people(as_arrow=True)
    assert isinstance(table, pa.Table)
    assert table.schema.field("registered_at").type == moment.TIME


def test_enrollments_and_messages(workspace: Workspace, past: Past) -> None:
    places = workspace.enrollments()
    assert len(places) == 15
    assert places["enrolled_at"].iloc[0] == APRIL
    messages = workspace.messages().set_index("id")
    assert len(messages) == 5
    march = messages.loc[past.ids["march"]]
    assert (march["status"], march["successful_deliveries"]) == ("sent", 10)
    assert pd.isna(march["archived_at"])


def test_deliveries_are_the_same_archived_or_not(workspace: Workspace, past: Past) -> None:
    def read() -> pd.DataFrame:
        frame: pd.DataFrame = workspace.deliveries()
        ordered = frame.sort_values(["message_id", "user_id"], ignore_index=True)
        return ordered.astype({"delivery_status": "str", "reason": "object"})

    before = read()
    assert len(before) == 144
    assert (before["delivery_status"] == "sent").sum() == 48
    assert before["error_code"].dtype == "Int32"
    assert str(before["sending_at"].dtype) == "datetime64[us, UTC]"
    raw = sorted((row[1], row[2], row[4], row[7]) for row in past.rows() if row[7])
    plain = before[before["reason"].notna()]
    columns = ["message_id", "user_id", "delivery_status", "reason"]
    assert sorted(plain[columns].itertuples(index=False, name=None)) == raw
    storing.archive(past.engine, utc_now(), actor="anna")
    pd.testing.assert_frame_equal(read(), before)


def test_deliveries_of_a_period_or_a_message(workspace: Workspace, past: Past) -> None:
    storing.archive(past.engine, APRIL, actor="anna")
    assert len(workspace.deliveries(message=past.ids["march"])) == 30
    assert len(workspace.deliveries(since=APRIL)) == 24 + 30
    assert len(workspace.deliveries(since=APRIL, until=APRIL + timedelta(days=1))) == 24
    assert workspace.deliveries(message=999, as_arrow=True).num_rows == 0
    with pytest.raises(ValueError, match="has no time zone"):
        workspace.deliveries(since=datetime(2025, 1, 1))


def test_cohorts_by_condition_and_as_the_pages_know_them(workspace: Workspace, past: Past) -> None:
    omsk = workspace.cohort("\"a:city\" = 'Omsk' AND user_id IN (SELECT user_id FROM enrollments)")
    assert list(omsk["user_id"]) == [105, 106, 107, 108, 109]
    assert len(workspace.cohort(Cohort(streams=("4th_stream",)))) == 15
    failed = workspace.cohort(
        "user_id IN (SELECT user_id FROM message_recipients WHERE reason = 'blocked')"
    )
    assert len(workspace.cohort(Cohort(got_message=past.ids["march"]))) == 15
    storing.archive(past.engine, utc_now(), actor="anna")
    again = workspace.cohort(
        "user_id IN (SELECT user_id FROM message_recipients WHERE reason = 'blocked')"
    )
    assert list(again["user_id"]) == list(failed["user_id"])
    with pytest.raises(SegmentError, match="is archived"):
        workspace.cohort(Cohort(got_message=past.ids["march"]))


@pytest.mark.parametrize(
    "words",
    [
        "true) ; SELECT (1",
        "user_id IN (SELECT 1 FROM read_csv('/etc/passwd'))",
        "user_id IN (SELECT user_id FROM read_parquet('x.parquet'))",
        "user_id IN (SELECT user_id FROM 'x.csv')",
        "user_id IN (SELECT user_id FROM people)",  # a variable of the program
        "nothing = 1",
    ],
)
def test_a_condition_reads_these_tables_alone(workspace: Workspace, words: str) -> None:
    with pytest.raises(ValueError, match="condition"):
        workspace.cohort(words)


def test_nothing_can_be_written(workspace: Workspace) -> None:
    for change in (
        "DELETE FROM users",
        "CREATE TABLE t (i integer)",
        "UPDATE users SET username=1",
    ):
        with (
            pytest.raises(DBAPIError, match=r"read-?only|readonly"),
            workspace.engine.begin() as connection,
        ):
            connection.execute(text(change))
    assert len(workspace.people()) == 40


def test_it_reads_while_others_write(workspace: Workspace, past: Past) -> None:
    with past.engine.begin() as connection:
        connection.execute(update(models.users).values(username="changed"))
        frame = workspace.people()  # does not wait, and sees nothing of it
        assert "changed" not in set(frame["username"].dropna())
    assert set(workspace.people()["username"]) == {"changed"}


def test_a_moment_is_one_moment(workspace: Workspace, past: Past) -> None:
    with moment.moment(workspace.engine) as now:
        first = sum(b.num_rows for b in now.read("users", moment.PEOPLE))
        storing.archive(past.engine, utc_now(), actor="anna")
        rows = sum(b.num_rows for b in now.read("message_recipients", moment.DELIVERIES))
    assert (first, rows) == (40, 144)


def test_figures(workspace: Workspace, past: Past) -> None:
    found = workspace.figures.message(past.ids["april"])
    assert (found.figures.total.delivered, found.figures.total.tried) == (12, 24)
    period = workspace.figures.period(APRIL, APRIL + timedelta(days=1))
    assert period.figures.total == found.figures.total


def test_opening(tmp_path: Path) -> None:
    with pytest.raises(database.DatabaseError, match="There is no database"):
        open_workspace(data_dir=tmp_path)
    engine = database.open_engine(f"sqlite:///{tmp_path / 'hsl.db'}")
    database.migrate(engine)
    with open_workspace(data_dir=tmp_path) as workspace:
        assert len(workspace.people()) == 0
        assert len(workspace.deliveries()) == 0
        assert workspace.figures.period(datetime(2025, 1, 1, tzinfo=UTC), utc_now()).messages == ()


def test_importing_hsl_loads_nothing_heavy() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import hsl, sys; print(sorted({'pandas', 'duckdb', 'pyarrow', "
         "'sqlalchemy'} & set(sys.modules)))"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout == "[]\n"
