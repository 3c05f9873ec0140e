"""Passwords are not kept, shown or logged."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from hsl import models
from hsl.audience.sources import addresses, definitions, preview, registry, runs
from hsl.audience.sources.errors import SourceError
from hsl.settings import Settings

SECRET = "s3cr/t#x"


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://reader:{SECRET}@db/school",
        "postgresql://reader:s3cret@db/school",
        "postgresql://db/school?password=s3cret",
        "mysql://db/school?PASSWD=s3cret",
        "https://user:s3cret@example.org/people.csv",
        "https://s3cret@example.org/people.csv",
        "https://example.org/people.csv?token=s3cret",
        "https://example.org/people.csv?X-Amz-Signature=s3cret",
        "https://example.org/people.csv?sig=s3cret",
    ],
)
def test_an_address_with_a_secret_is_refused_with_the_remedy(address: str) -> None:
    with pytest.raises(SourceError, match="environment variable") as refused:
        definitions.define(name="school", kind="files", address=address)
    assert "s3cr" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://reader@db/school",
        "postgresql+psycopg://postgres:@/postgres?host=/folder",
        "postgresql://db:5433/school?sslmode=require",
        "sqlite:////folder/school.db",
        "https://example.org:8443/people.csv?day=today",
        "/exports/people-*.csv",
        "env:SCHOOL_DATABASE",
    ],
)
def test_an_address_without_one_is_kept(address: str) -> None:
    addresses.refuse_secrets(address)


def test_a_relative_path_is_kept_as_an_absolute_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "school.db").touch()
    files = definitions.define(name="s", kind="files", address="exports/*.csv")
    assert files.address == f"{tmp_path}/exports/*.csv"
    sql = definitions.define(name="s", kind="sql", address="sqlite:///school.db", query="SELECT 1")
    assert sql.address == f"sqlite:///{tmp_path}/school.db"


def test_a_variable_is_looked_for_in_the_environment_and_in_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="SCHOOL_DB is not set"):
        addresses.resolve("env:SCHOOL_DB")
    (tmp_path / ".env").write_text(f"SCHOOL_DB=postgresql://r:{SECRET}@db/school\n", "utf-8")
    assert addresses.resolve("env:SCHOOL_DB").used.endswith("@db/school")
    monkeypatch.setenv("SCHOOL_DB", "postgresql://r:other@db/school")
    found = addresses.resolve("env:SCHOOL_DB")
    assert "other" in found.used
    assert found.shown == "env:SCHOOL_DB"
    assert "other" not in repr(found)


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(SourceError, match="not the name of an environment variable"):
        definitions.define(name="school", kind="files", address="env:SCHOOL DB")


@pytest.mark.parametrize("kind", ["sql", "files"])
def test_a_password_is_in_no_error_and_in_no_row(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, kind: str,
) -> None:  # fmt: skip
    address = {
        "sql": "postgresql://reader:s3cr%2Ft@127.0.0.1:1/school?password=s3cr%2Ft",
        "files": "http://127.0.0.1:1/people.csv?token=s3cr%2Ft",
    }[kind]
    monkeypatch.setenv("SCHOOL", address)
    query = {"query": "SELECT 1 AS user_id"} if kind == "sql" else {}
    definition = definitions.define(name="school", kind=kind, address="env:SCHOOL", **query)
    registry.add(engine, definition, actor="anna")
    with pytest.raises(SourceError, match="env:SCHOOL") as failed:
        runs.run(engine, "school", settings=settings, actor="anna")
    said = [str(failed.value), repr(failed.value), caplog.text, repr(registry.listing(engine))]
    with engine.begin() as connection:
        for table in (models.sources, models.source_runs, models.audit_log):
            said.append(repr(connection.execute(select(table)).all()))
    assert "s3cr" not in " ".join(said)


def test_a_drivers_words_are_scrubbed() -> None:
    address = addresses.Address("env:X", "postgresql://reader:s3cr%2Ft@db/school?password=other")
    words = "no s3cr/t, no s3cr%2Ft and no other at postgresql://reader:s3cr%2Ft@db/school"
    assert "s3cr" not in address.scrubbed(words)
    assert "other" not in address.scrubbed(words)


def test_only_databases_that_can_be_read_are_taken(tmp_path: Path) -> None:
    for address, words in (
        ("oracle://db/school", "of the kind oracle"),
        ("no address", "is not a database address"),
        (f"sqlite:///{tmp_path}/none.db", "there is no such file"),
        ("sqlite://", "there is no such file"),
    ):
        with pytest.raises(SourceError, match=words):
            definitions.define(name="s", kind="sql", address=address, query="SELECT 1")


TOKEN = "123456:AAsecret-token"


@pytest.mark.parametrize("name", ["BOT_TOKEN", "DATABASE_URL", "HSL_PASSWORD", "hsl_port"])
def test_our_own_variables_are_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "https://example.org/people.csv")
    with pytest.raises(SourceError, match=f"{name} is a setting of this program"):
        definitions.define(name="school", kind="files", address=f"env:{name}")
    with pytest.raises(SourceError, match=f"{name} is a setting of this program"):
        addresses.resolve(f"env:{name}")


@pytest.mark.parametrize(
    "value",
    [
        TOKEN,
        "s3://KEY:AAsecret@bucket/people.csv",
        "/AAsecret/people-*.csv",
        "AAsecret://db/school",
        "postgresql://reader:AAsecret@[db/school",
        "https://reader:AAsecret@db:AAsecret/people.csv",
        "https://AAsecret@127.0.0.1:1/people.csv",
        "http://127.0.0.1:1/AAsecret/people.csv",
        "http://127.0.0.1:1/AAsecret\x01/people.csv",
        "http://127.0.0.1:1/people.csv?AAsecret\x7f",
        "mysql://reader:AAsecret@127.0.0.1:1/school?AAsecret=AAsecret",
        "postgresql://reader@127.0.0.1:1/school?AAsecret=AAsecret",
        "postgresql://reader:AAsecret@127.0.0.1:AAsecret/school",
    ],
)
@pytest.mark.parametrize("kind", ["sql", "files"])
def test_nothing_behind_a_variable_is_ever_shown(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, kind: str, value: str,
) -> None:  # fmt: skip
    (settings.data_dir.parent / "s.db").touch()
    monkeypatch.setenv("SCHOOL", f"sqlite:///{settings.data_dir.parent}/s.db")
    query = {"query": "SELECT 1 AS user_id"} if kind == "sql" else {}
    definition = definitions.define(name="school", kind=kind, address="env:SCHOOL", **query)
    registry.add(engine, definition, actor="anna")
    monkeypatch.setenv("SCHOOL", value)
    with pytest.raises(SourceError, match="SCHOOL") as failed:
        runs.run(engine, "school", settings=settings, actor="anna")
    with pytest.raises(SourceError, match="SCHOOL") as looked:
        preview.preview(definition, settings)
    said = [str(failed.value), str(looked.value), caplog.text, repr(registry.listing(engine))]
    with engine.begin() as connection:
        for table in (models.sources, models.source_runs, models.audit_log):
            said.append(repr(connection.execute(select(table)).all()))
    assert "AAsecret" not in " ".join(said)
    assert "\n" not in str(failed.value)
