"""The document's course platform, on real databases: its tables, its query, its figures."""

import argparse
import re
import shlex
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from hsl import models
from hsl.audience.sources import preview, registry, runs
from hsl.commands import source
from hsl.settings import Settings
from tests.audience.sources.school import DOCUMENT, Platform, blocks


def as_written(platform: Platform, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    """Type the document's `source add`, with the query and the address that it names."""
    monkeypatch.setenv("PLATFORM_DATABASE", platform.address)
    typed = next(block for block in blocks("sh") if "source add platform" in block)
    words = shlex.split(typed.replace("\\\n", " ").splitlines()[0])
    words[words.index("--query") + 1] = blocks("sql")[2]
    parser = argparse.ArgumentParser()
    source.add(parser)
    parsed = parser.parse_args(words[words.index("source") + 1 :])
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    assert source.run(parsed, Settings()) == 0


def run(engine: Engine, settings: Settings) -> registry.Run:
    done = runs.run(engine, "platform", settings=settings, actor="anna")
    assert done is not None
    return done


def places(engine: Engine) -> list[tuple[Any, ...]]:
    users, enrollments = models.users.c, models.enrollments.c
    with engine.begin() as connection:
        rows = connection.execute(
            select(users.user_id, users.first_name, enrollments.course_stream, enrollments.status,
                   users.attributes)
            .select_from(models.users.outerjoin(
                models.enrollments, enrollments.user_id == users.user_id))
            .order_by(users.user_id, enrollments.course_stream)
        ).all()  # fmt: skip
    return [
        (str(row.user_id), row.first_name, row.course_stream or "", row.status or "",
         row.attributes.get("city", ""))
        for row in rows
    ]  # fmt: skip


def table_of_the_document() -> list[tuple[str, ...]]:
    lines = re.findall(r"^\| 7.*\|$", DOCUMENT, re.MULTILINE)
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


def test_the_document_comes_true(
    platform: Platform, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_written(platform, monkeypatch, engine)
    kept = registry.named(engine, "platform")
    assert kept.definition.address == "env:PLATFORM_DATABASE"

    first = run(engine, settings)
    assert first.sentence().startswith("4 added, 0 updated, 0 unchanged, 0 left, 0 rejected")
    assert first.sentence().rpartition(", in")[0] in DOCUMENT
    assert places(engine) == table_of_the_document()

    second = run(engine, settings)
    assert second.sentence().startswith("0 added, 0 updated, 4 unchanged, 0 left, 0 rejected")

    platform.do(blocks("sql")[3])
    third = run(engine, settings)
    assert (third.added, third.updated, third.unchanged, third.left_streams) == (0, 0, 4, 1)
    assert places(engine)[1] == ("700000001", "Anna", "5th_stream", "left", "Omsk")
    assert places(engine)[0] == ("700000001", "Anna", "4th_stream", "paid", "Omsk")

    platform.do(
        "INSERT INTO bookings (id, user_id, stream_id, status, booked_on)"
        " VALUES (6, 1, 2, 'paid', '2026-08-22')"
    )
    fourth = run(engine, settings)
    assert (fourth.updated, fourth.left_streams) == (1, 0)
    assert places(engine)[1][3] == "paid"


def test_the_times_and_names_are_ours(
    platform: Platform, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_written(platform, monkeypatch, engine)
    run(engine, settings)
    with engine.begin() as connection:
        anna = connection.execute(
            select(models.users).where(models.users.c.user_id == 700000001)
        ).one()
        booked = connection.execute(
            select(models.enrollments.c.enrolled_at).where(
                models.enrollments.c.user_id == 700000001,
                models.enrollments.c.course_stream == "4th_stream",
            )
        ).scalar_one()
    assert (anna.username, anna.last_name, anna.language_code) == ("anna", "Ivanova", "ru")
    assert anna.registered_at.isoformat() == "2026-01-10T00:00:00+00:00"
    assert booked.isoformat() == "2026-02-10T00:00:00+00:00"


def test_the_preview_says_what_would_become_of_it(
    platform: Platform, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_written(platform, monkeypatch, engine)
    found = preview.preview(registry.named(engine, "platform").definition, settings)
    becomes = {column.theirs: column.becomes for column in found.columns}
    assert becomes["telegram_id"] == "user_id"
    assert becomes["city"] == "attribute city"
    assert len(found.rows) == 5
    assert found.rows[0].person["registered_at"] == "2026-01-10"
    assert found.rows[0].person["username"] == "anna"
    assert found.rejected == 0
    assert places(engine) == []


def test_a_do_not_message_mark_is_never_touched(
    platform: Platform, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = {
        "user_id": 700000001,
        "reason": "asked to",
        "marked_by": "anna",
        "marked_at": models.utc_now(),
    }
    with engine.begin() as connection:
        connection.execute(insert(models.suppressions).values(**marked))
    as_written(platform, monkeypatch, engine)
    run(engine, settings)
    platform.do(blocks("sql")[3])
    run(engine, settings)
    with engine.begin() as connection:
        rows = connection.execute(select(models.suppressions)).all()
    assert [dict(row._mapping) for row in rows] == [marked]
