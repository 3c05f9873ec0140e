"""What somebody may not do ends a command with one line and exit status 1."""

import pytest

from hsl import acting, cli, database, settings
from hsl.acting import ROLES, Actor, Role


def test_a_refusal_is_one_line_and_status_1(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HSL_DATA_DIR", str(tmp_path))
    settings.get_settings.cache_clear()
    database.migrate(database.engine_for(settings.get_settings()))
    acting.acted_by(lambda: Actor("eva", ROLES[Role.EDITOR]))
    try:
        for words in (["pause", "1"], ["approve", "1"], ["reject", "1", "--why", "no"]):
            assert cli.main(words) == 1
            said = capsys.readouterr().err
            assert said.startswith("hsl: eva may not send.") and said.count("\n") == 1
    finally:
        acting.acted_by(None)
        settings.get_settings.cache_clear()
