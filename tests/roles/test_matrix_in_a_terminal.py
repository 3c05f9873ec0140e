"""Every command, as whoever acts: who may not is refused in one line, and nothing is done.

A terminal's own actor is the operator, who may everything; the deeds ask all the same, so that a
command can do nothing past them. A new command fails here until it stands in one of the lists.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hsl import acting, cli, database, dispatch, models, settings
from hsl.acting import NOBODY, ROLES, Actor, Permission, Role
from hsl.audience.cohort import Audience, Cohort
from hsl.message.content import Content
from tests.api.api_served import add_people

LOOK, NAMES, WRITE, SEND, MANAGE = Permission
# What it needs, and words that come as far as its deed; FILE is a file of one person.
NEEDS: dict[str, tuple[Permission, str]] = {
    "import": (MANAGE, "import FILE"),
    "people": (NAMES, "people"),
    "source": (MANAGE, "source remove crm"),
    "send": (SEND, "send --all --text Hi --yes"),
    "pause": (SEND, "pause 1"),
    "resume": (SEND, "resume 1"),
    "cancel": (SEND, "cancel 1"),
    "retry": (SEND, "retry 1"),
    "approve": (SEND, "approve 1"),
    "reject": (SEND, "reject 1 --why no"),
    "uncertain": (NAMES, "uncertain 1"),
    "edit": (SEND, "edit 1 --text Hi"),
    "delete": (SEND, "delete 1 --yes"),
    "stop": (SEND, "stop 1"),
    "segment": (WRITE, "segment remove fourth"),
    "suppress": (SEND, "suppress 100 --reason asked"),
    "unsuppress": (SEND, "unsuppress 100"),
    "import-presses": (MANAGE, "import-presses FILE"),
    "migrate-to": (MANAGE, "migrate-to postgresql+psycopg://localhost:1/nowhere"),
    "archive": (MANAGE, "archive --before 2001-01-01"),
    "report": (LOOK, "report --since 2026-01-01 --until 2026-02-01 --out report.html"),
    "person": (NAMES, "person 100"),
    "audit": (NAMES, "audit export"),
    "user": (MANAGE, "user list"),
    "backup": (MANAGE, "backup --to backups"),
    "restore": (MANAGE, "restore FILE"),
    "bot": (MANAGE, "bot use club"),
    "key": (MANAGE, "key revoke crm"),
    "webhook": (MANAGE, "webhook remove 1"),
}
# States and figures, which every account may look at, and nobody without one comes to a terminal.
FOR_ALL = {"status", "rules", "experiment"}
# They run, look at or make up what is the server's own, and touch nothing of the house's people.
OF_THE_SERVER = {"up", "web", "scheduler", "sandbox", "secret-key", "doctor"}
ACTORS = {
    "nobody": NOBODY,
    "viewer without names": Actor("Vera", frozenset({LOOK})),
    **{str(role): Actor("Vera", ROLES[role]) for role in Role},
}


@pytest.fixture
def folder(tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data folder of a house with thirty people and a message to all of them."""
    monkeypatch.setenv("HSL_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("BOT_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    settings.get_settings.cache_clear()
    shutil.copyfile(migrated_file, tmp_path / "hsl.db")
    (tmp_path / "file.csv").write_text("user_id\n500\n")
    found = settings.get_settings()
    engine = database.engine_for(found)
    add_people(engine)
    dispatch.send(
        engine, found, content=Content(text="Hi"),
        audience=Audience(include=(Cohort(everyone=True),)), author="anna",
    )  # fmt: skip
    yield tmp_path
    acting.acted_by(None)
    engine.dispose()
    settings.get_settings.cache_clear()


def entries() -> int:
    with database.engine_for(settings.get_settings()).begin() as connection:
        counted = select(func.count()).select_from(models.audit_log)
        return int(connection.execute(counted).scalar_one())


def test_every_command_says_what_it_needs() -> None:
    assert set(NEEDS) | FOR_ALL | OF_THE_SERVER == set(cli.COMMANDS)
    assert not (set(NEEDS) & FOR_ALL or (set(NEEDS) | FOR_ALL) & OF_THE_SERVER)


@pytest.mark.parametrize("command", NEEDS)
def test_a_command_is_refused_to_all_who_may_not(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needed, typed = NEEDS[command]
    words = typed.replace("FILE", str(folder / "file.csv")).split()
    before = entries()
    for actor in ACTORS.values():
        if not actor.may(needed):
            acting.acted_by(lambda actor=actor: actor)  # type: ignore[misc]
            assert cli.main(words) == 1
            said = capsys.readouterr().err
            assert said.startswith(f"hsl: {actor.name} may not "), said
            assert said.count("\n") == 1
    assert entries() == before


@pytest.mark.parametrize("command", sorted(FOR_ALL))
def test_what_all_may_look_at_is_refused_to_no_account(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    acting.acted_by(lambda: ACTORS["viewer without names"])
    assert cli.main([command]) == 0, capsys.readouterr().err
