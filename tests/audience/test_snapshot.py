"""The index of people: sorted pages, what there is to choose, and when it is read anew."""

import csv
import io
import json
import threading
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import Engine, insert, update

from hsl import models, table
from hsl.audience import conditions as c
from hsl.audience import export, importer
from hsl.audience.cohort import Cohort
from hsl.audience.snapshot import Snapshot
from hsl.warehouse.store import Store
from tests.audience.conftest import DAY

pytestmark = pytest.mark.usefixtures("four_people")
EVERYBODY = Cohort(everyone=True)


@pytest.fixture
def two_left(engine: Engine, four_people: None) -> None:
    """Борис has left both streams, and Björn_x the fifth."""
    place = models.enrollments
    with engine.begin() as connection:
        gone = update(place).where(place.c.user_id.in_((2, 3)))
        connection.execute(gone.values(status="left"))


def test_it_sorts_and_pages(engine: Engine) -> None:
    people = Snapshot(Store(engine, folder=None, refresh_after=300.0))
    first = people.page(EVERYBODY, sort="registered_at", descending=True, limit=2)
    second = people.page(EVERYBODY, sort="registered_at", descending=True, limit=2, offset=2)
    assert [*first["user_id"], *second["user_id"]] == [4, 3, 2, 1]
    assert people.page(Cohort(user_ids=(2,)))["streams"].tolist() == ["4th, 5th"]
    by_stream = people.page(EVERYBODY, sort="streams")
    assert by_stream["user_id"].tolist() == [1, 2, 3, 4]
    assert by_stream["streams"].tolist()[:3] == ["4th", "4th, 5th", "5th"]


def test_it_tells_what_there_is_to_choose(engine: Engine) -> None:
    facets = Snapshot(Store(engine, folder=None, refresh_after=300.0)).facets
    assert facets.streams == {"4th": 2, "5th": 2}
    assert facets.not_enrolled == 1
    assert facets.languages == {"en": 1, "ru": 1, "sv": 1}
    assert facets.attributes == {"city": ("Omsk", "Tomsk")}


def test_it_counts_by_stream(engine: Engine) -> None:
    found = Snapshot(Store(engine, folder=None, refresh_after=300.0)).by_stream(EVERYBODY)
    assert dict(zip(found["stream"], found["people"], strict=True)) == {
        "4th": 2,
        "5th": 2,
        "not enrolled": 1,
    }


def test_a_count_is_kept_no_longer_than_the_people_are_the_same(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(engine, folder=None, refresh_after=300.0)
    people = Snapshot(store)
    chosen = Cohort(streams=("4th",))
    assert people.count(chosen).people == 2
    assert people.by_stream(chosen)["people"].sum() == 3
    with monkeypatch.context() as patch:
        patch.setattr(store, "row", pytest.fail)
        patch.setattr(store, "frame", pytest.fail)
        assert people.count(chosen).people == 2
        assert people.by_stream(chosen)["people"].sum() == 3
    with engine.begin() as connection:
        connection.execute(
            insert(models.enrollments).values(user_id=4, course_stream="4th", status="active")
        )
    people.refresh()
    assert people.count(chosen).people == 3
    assert people.by_stream(chosen)["people"].sum() == 4


def test_a_segment_of_another_meaning_is_counted_anew(engine: Engine) -> None:
    meaning = [Cohort(streams=("4th",))]
    people = Snapshot(
        Store(engine, folder=None, refresh_after=300.0), expand=lambda _segment: meaning[0]
    )
    segment = Cohort(where=c.Segment(name="Ours"))
    assert people.count(segment).people == 2
    meaning[0] = EVERYBODY
    assert people.count(segment).people == 4


@pytest.mark.usefixtures("two_left")
def test_who_has_left_is_told_apart(engine: Engine) -> None:
    people = Snapshot(Store(engine, folder=None, refresh_after=300.0))
    assert people.facets.streams == {"4th": 1, "5th": 0}
    assert people.facets.left == {"4th": 1, "5th": 2}
    assert people.facets.not_enrolled == 3
    found = people.by_stream(EVERYBODY)
    assert dict(zip(found["stream"], found["people"], strict=True)) == {
        "4th": 1, "not enrolled": 3,
    }  # fmt: skip
    page = people.page(EVERYBODY, sort="streams")
    assert page["streams"].fillna("").tolist() == ["4th", "", "", ""]


@pytest.mark.usefixtures("two_left")
def test_a_list_of_people_names_the_streams_that_they_are_in(
    engine: Engine,
) -> None:
    with export.people(engine, EVERYBODY, table.Format.CSV) as file:
        rows = csv.DictReader(io.TextIOWrapper(file, "utf-8-sig", newline=""))
        assert [row["streams"] for row in rows] == ["4th", "", "", ""]


@pytest.mark.usefixtures("two_left")
def test_the_streams_of_whoever_changes_are_told_anew(engine: Engine, tmp_path: Path) -> None:
    people = Snapshot(Store(engine, folder=None, refresh_after=300.0))
    file = tmp_path / "more.csv"
    file.write_text("user_id,first_name,stream,status\n2,Boris,4th,left\n2,Boris,6th,paid\n")
    importer.import_file(engine, file, actor="anna", rejects_dir=tmp_path)
    assert people.fresh().page(Cohort(user_ids=(2,)))["streams"].tolist() == ["6th"]


def test_an_import_shows_at_once(engine: Engine, tmp_path: Path) -> None:
    people = Snapshot(Store(engine, folder=None, refresh_after=300.0))
    assert people.people == 4
    file = tmp_path / "more.csv"
    file.write_text("user_id,first_name,stream\n9,Nine,6th\n")
    importer.import_file(engine, file, actor="anna", rejects_dir=tmp_path)
    assert people.fresh().people == 5
    assert "6th" in people.facets.streams


def test_it_refreshes_by_itself_when_it_is_old(engine: Engine) -> None:
    now = [0.0]
    people = Snapshot(Store(engine, folder=None, refresh_after=300.0, clock=lambda: now[0]))
    assert people.people == 4
    with engine.begin() as connection:
        connection.execute(
            insert(models.users).values(
                user_id=9, attributes={}, updated_at=models.utc_now(), first_name="Nine"
            )
        )
    now[0] = 299.0
    assert people.fresh().people == 4
    now[0] = 301.0
    people.fresh()
    for thread in threading.enumerate():
        if thread.name == "store":
            thread.join(30)
    assert people.people == 5


def test_it_reads_no_file_and_takes_no_unknown_column(engine: Engine, tmp_path: Path) -> None:
    people = Snapshot(Store(engine, folder=None, refresh_after=300.0))
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with pytest.raises(duckdb.PermissionException):
        people._frame(f"SELECT * FROM read_csv('{secret}')", [])
    with pytest.raises(ValueError, match="no column to sort by"):
        people.page(EVERYBODY, sort="user_id; DROP TABLE users")


@pytest.mark.parametrize("words", ["'; DROP TABLE users; --", "$1", "%", "_", "\\", "Ж\u202e"])
def test_rubbish_in_the_search_finds_nobody_and_breaks_nothing(engine: Engine, words: str) -> None:
    people = Snapshot(Store(engine, folder=None, refresh_after=300.0))
    assert people.count(Cohort(search=words)).people == 0
    assert people.people == 4


def test_it_tells_the_values_of_every_type(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "typed.jsonl"
    lines = [
        {"user_id": 11, "score": 2.5, "born": "2001-05-06", "vip": True, "tags": ["a", "ж", 2.5]},
        {"user_id": 12, "score": -3, "born": "1999-01-02T10:00:00Z", "vip": False, "tags": ["a"]},
        {"user_id": 13, "score": 10, "tags": []},
    ]
    file.write_text("\n".join(json.dumps(line) for line in lines))
    importer.import_file(engine, file, actor="anna", rejects_dir=tmp_path)
    store = Store(engine, folder=None, refresh_after=300.0)
    people = Snapshot(store)
    kinds = {name: kind.value for name, kind in store.attributes.items()}
    assert kinds == {"born": "date", "city": "text", "score": "number", "tags": "list",
                     "vip": "boolean"}  # fmt: skip
    facets = people.facets
    assert facets.spans == {
        "score": (-3, 10),
        "born": (date(1999, 1, 2), date(2001, 5, 6)),
    }
    assert facets.column_spans["registered_at"] == (
        DAY.date() + timedelta(days=1),
        DAY.date() + timedelta(days=4),
    )
    assert facets.attributes["tags"] == ("a", "2.5", "ж")
    assert facets.attributes["vip"] == ("false", "true")
    for item in facets.attributes["tags"]:
        has = c.Attribute(name="tags", type="list", op="contains", values=(item,))
        assert people.count(Cohort(where=has)).people > 0
