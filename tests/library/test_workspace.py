"""hsl as a library: frames that are right, of one moment, and that change nothing."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError

from hsl import Workspace, database, insights, models, moment, open_workspace
from hsl.archive import storing
from hsl.audience import segments
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.segments import SegmentError
from hsl.audience.where import WhereError
from hsl.insights import Filter
from hsl.models import utc_now
from hsl.settings import ROOT, load_settings
from hsl.warehouse import limits
from hsl.warehouse.errors import StoreError
from hsl.warehouse.store import Store
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


def test_people_by_the_language_of_the_pages_a_cohort_or_a_segment(
    workspace: Workspace, past: Past
) -> None:
    omsk = workspace.people("in_stream('4th_stream') AND city = 'Omsk'")
    assert list(omsk["user_id"]) == [105, 106, 107, 108, 109]
    assert list(omsk.columns) == list(workspace.people().columns)
    cohort = Cohort(streams=("4th_stream",))
    segments.add(past.engine, name="Fourth", owner="anna", cohort=cohort)
    everybody = list(range(105, 120))
    assert list(workspace.people(cohort)["user_id"]) == everybody
    assert list(workspace.people(Audience(include=(cohort,)))["user_id"]) == everybody
    assert list(workspace.people(segment="Fourth")["user_id"]) == everybody
    both = workspace.people("segment('Fourth') AND city = 'Omsk'", as_arrow=True)
    assert both.column("user_id").to_pylist() == [105, 106, 107, 108, 109]
    assert len(workspace.people(Cohort(got_message=past.ids["march"]))) == 15
    storing.archive(past.engine, utc_now(), actor="anna")
    with pytest.raises(SegmentError, match="is archived"):
        workspace.people(f"got({past.ids['march']})")


def test_what_is_no_condition_is_refused_in_one_sentence(workspace: Workspace) -> None:
    for words in ("lower(city) = 'omsk'", "town = 'Omsk'", "user_id IN (SELECT 1)", "x; y", ""):
        with pytest.raises(WhereError, match=r"^[^\n]+$"):
            workspace.people(words)
    with pytest.raises(SegmentError, match="no segment Fifth"):
        workspace.people(segment="Fifth")
    with pytest.raises(ValueError, match="where or segment"):
        workspace.people("reachable", segment="Fifth")


def test_sql_asks_the_same_rows_archived_or_not(workspace: Workspace, past: Past) -> None:
    asked = """WITH blocked AS (
            SELECT user_id, count(*) AS times FROM message_recipients
            WHERE reason = 'blocked' GROUP BY user_id)
        SELECT "a:city" AS city, count(*) AS people, max(times) AS times
        FROM blocked JOIN USERS USING (user_id) GROUP BY city ORDER BY people"""
    before = workspace.sql(asked)
    assert before["people"].sum() == 5
    assert before["people"].dtype == "Int64"
    storing.archive(past.engine, utc_now(), actor="anna")
    pd.testing.assert_frame_equal(workspace.sql(asked), before)
    assert workspace.sql("SELECT count(*) AS n FROM enrollments", as_arrow=True).num_rows == 1
    assert workspace.sql("SELECT count(*) AS n FROM message_history")["n"][0] == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("SELECT 1; SELECT 2", "one SELECT at a time"),
        ("DELETE FROM users", "one SELECT at a time"),
        ("CREATE TABLE t AS SELECT 1", "one SELECT at a time"),
        ("COPY users TO 'x.csv'", "one SELECT at a time"),
        ("SET memory_limit = '1TB'", "one SELECT at a time"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled"),
        ("SELECT * FROM 'x.parquet'", "cannot answer"),
        ("SELECT * FROM words", "cannot answer"),  # a variable of the program
        ("SELECT nothing FROM users", "nothing"),
        ("SELECT FROM", "cannot answer"),
        ("", "one SELECT at a time"),
    ],
)
def test_sql_reads_these_tables_alone(workspace: Workspace, words: str, said: str) -> None:
    with pytest.raises((ValueError, StoreError), match=said) as refused:
        workspace.sql(words)
    assert "\n" not in str(refused.value)


def test_sql_ends_in_time(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits.within.__wrapped__, "__defaults__", (0.3,))
    with pytest.raises(StoreError, match=r"took over 0\.3 s"):
        workspace.sql("SELECT count(*) FROM range(1000000000000) AS a, range(100000) AS b")


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
    assert (found.figures.total.part, found.figures.total.whole) == (12, 24)
    period = workspace.figures.period(APRIL, APRIL + timedelta(days=1))
    assert period.figures.total == found.figures.total
    result = workspace.figures.result(past.ids["april"])
    assert (result.tried, result.delivered) == (24, 12)


@pytest.mark.parametrize(
    "name",
    ["total", "by_stream", "by_message", "over_time", "by_hour", "reasons", "reasons_over_time",
     "reach", "churn", "fatigue", "speed", "comparison", "retention"],
)  # fmt: skip
def test_a_frame_of_each_figure_is_that_of_the_pages(
    workspace: Workspace, past: Past, name: str
) -> None:
    store = Store(past.engine, folder=None, refresh_after=60)
    zoned = name in {"over_time", "by_hour", "reasons_over_time", "retention"}
    zone = [ZoneInfo("UTC")] if zoned else []
    for chosen in (Filter(), Filter(streams=("4th_stream",)), Filter(since=APRIL)):
        options = {"now": utc_now()} if name == "retention" else {}
        expected = getattr(insights, name)(store, chosen, *zone, **options)
        for column in expected.select_dtypes("datetimetz"):  # the same zone by its other name
            expected[column] = expected[column].dt.tz_convert("UTC")
        found = getattr(workspace.figures, name)(chosen)
        pd.testing.assert_frame_equal(found, expected)
        table = getattr(workspace.figures, name)(chosen, as_arrow=True)
        assert isinstance(table, pa.Table)
        assert (table.num_rows, table.schema.names) == (len(expected), list(expected.columns))


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
