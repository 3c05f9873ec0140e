"""What can be downloaded beside people, messages and audit: numbers of charts, segments, marks,
experiments, a person's history and a source's runs, with the kinds of their values."""

import io
from datetime import UTC, date, datetime, timedelta
from typing import IO, Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, insert

from hsl import comparing, dispatch, experiments, models, table
from hsl.audience import export, segments
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.sources import registry
from hsl.delivery import export as deliveries
from hsl.experiments import Arm
from hsl.message.content import Content
from hsl.settings import load_settings
from hsl.table import Format
from tests.archive.past import add_message

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def rows(file: IO[bytes]) -> list[dict[str, Any]]:
    with file:
        found: list[dict[str, Any]] = pq.read_table(io.BytesIO(file.read())).to_pylist()
    return found


@pytest.fixture
def people(engine: Engine) -> Engine:
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {"user_id": i, "first_name": f"N{i}", "attributes": {}, "updated_at": NOW}
                for i in range(1, 41)
            ],
        )
    return engine


def test_the_numbers_of_a_chart_keep_their_kinds() -> None:
    frame = pd.DataFrame(
        {
            "day": [pd.Timestamp("2026-11-24"), pd.NaT],
            "at": [pd.Timestamp(NOW), pd.NaT],
            "share": [0.5, None],
            "tried": [10, 20],
            "small": [True, False],
            "words": ["=1", None],
        }
    )
    expected = [(date(2026, 11, 24), NOW, 0.5, 10, True, "=1"), (None, None, None, 20, False, None)]
    found = rows(table.as_file(table.of_frame(frame), Format.PARQUET))
    assert [tuple(line.values()) for line in found] == expected
    text = table.as_file(table.of_frame(frame), Format.CSV).read().decode("utf-8-sig")
    assert text.splitlines()[1] == "2026-11-24,2026-11-24T09:00:00+00:00,0.5,10,True,'=1"
    assert table.as_file(table.of_frame(frame), Format.EXCEL).read()


def test_segments_and_their_sizes(people: Engine) -> None:
    segments.add(people, name="All", owner="anna", cohort=Cohort(everyone=True), frozen=True)
    (one,) = rows(export.listed_segments(people, Format.PARQUET))
    assert (one["name"], one["people"], one["mode"], one["who"]) == (
        "All", 40, "frozen", "everybody",
    )  # fmt: skip
    (size,) = rows(export.sizes(people, Format.PARQUET))
    assert (size["segment"], size["people"]) == ("All", 40)


def test_marks_also_of_somebody_who_is_not_there_yet(people: Engine) -> None:
    dispatch.suppress(people, [1, 99], reason="asked", actor="anna")
    found = {line["user_id"]: line for line in rows(export.marks(people, Format.PARQUET))}
    assert found.keys() == {1, 99}
    assert (found[1]["first_name"], found[1]["reason"], found[1]["marked_by"]) == (
        "N1", "asked", "anna",
    )  # fmt: skip
    assert found[99]["first_name"] is None


def test_an_experiment(people: Engine) -> None:
    number = experiments.create(
        people,
        load_settings(),
        name="Please",
        arms=(
            Arm("A", 40, Content(text="Come")),
            Arm("B", 40, Content(text="Please come")),
            Arm("hold-out", 20, None),
        ),
        audience=Audience(include=(Cohort(everyone=True),)),
        author="anna",
    )
    made = comparing.result(people, number).as_table()
    first, second, held = rows(table.as_file(made, Format.PARQUET))
    assert (first["arm"], first["measure"], first["of"], first["share"]) == (
        "A", "delivered", 0, None,
    )  # fmt: skip
    assert (held["arm"], held["measure"]) == ("hold-out", None)
    assert first["people"] + second["people"] + held["people"] == 40


def test_what_a_person_got(people: Engine) -> None:
    number = add_message(people, started_at=NOW - timedelta(days=1))
    with people.begin() as connection:
        user = connection.execute(
            models.message_recipients.select().where(
                models.message_recipients.c.message_id == number
            )
        ).first()
    assert user is not None
    (line,) = rows(deliveries.of_person(people, user.user_id, Format.PARQUET))
    assert (line["message_id"], line["archived"]) == (number, False)


def test_all_runs_of_a_source(people: Engine) -> None:
    with people.begin() as connection:
        connection.execute(
            insert(models.source_runs),
            [{"source_id": 1, "started_at": NOW, "added": i} for i in range(30)],
        )
    found = rows(table.as_file(registry.exported_runs(people, 1), Format.PARQUET))
    assert [line["added"] for line in found] == list(range(29, -1, -1))
    assert found[0]["started_at"] == NOW
