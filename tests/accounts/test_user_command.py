"""`python -m hsl user`, and what the pages print and refuse at their start."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from hsl import cli, settings
from hsl.settings import ROOT
from tests.accounts.conftest import PASSWORD
from tests.door.conftest import free_port


@pytest.fixture
def house(tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "hsl.db").write_bytes(migrated_file.read_bytes())
    monkeypatch.setenv("HSL_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings.get_settings.cache_clear()
    return tmp_path


def run(words: str, capsys: pytest.CaptureFixture[str], ends: int = 0) -> str:
    try:
        assert cli.main(["user", *words.split()]) == ends
    finally:
        settings.get_settings.cache_clear()
    said = capsys.readouterr()
    return said.out + said.err


def test_accounts_are_managed_in_a_terminal(
    house: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "the pages run open" in run("list", capsys)
    (house / "password").write_text(f"{PASSWORD}\n", "utf-8")
    said = run(f"add anna --role admin --password-file {house / 'password'}", capsys)
    assert said == "anna may sign in as admin.\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
    run("add boris --role editor --email boris@school.org --password-file -", capsys)
    said = run("add vera --role viewer --link", capsys)
    assert re.search(r"http://127\.0\.0\.1:8501/set-up/[\w-]{43}\n", said)
    run("role boris approver", capsys)
    run("disable boris", capsys)
    found = {one["name"]: one for one in json.loads(run("list --json", capsys))}
    assert [*found] == ["anna", "boris", "vera"]
    boris, vera = found["boris"], found["vera"]
    assert (boris["role"], boris["is_disabled"]) == ("approver", True)
    assert (vera["has_password"], vera["has_second_factor"]) == (False, False)
    for words in ("enable boris", "totp-reset boris", "sign-out boris", "email boris -"):
        run(words, capsys)
    assert run("sessions boris", capsys) == "boris is signed in nowhere.\n"
    assert PASSWORD not in run("list", capsys)


def test_what_cannot_be_is_one_line(
    house: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("x"))
    assert "Nobody can be asked" in run("add anna --role admin", capsys, 2)
    assert run("disable nobody-here", capsys, 1).startswith("hsl: There is no account")
    monkeypatch.setattr(sys, "stdin", io.StringIO("short"))
    assert "shorter than 12" in run("add anna --role admin --password-file -", capsys, 1)


def test_a_link_printed_at_the_start_makes_the_first_admin(house: Path) -> None:
    port = free_port()
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HSL_DATA_DIR": str(house),
        "HSL_PORT": str(port),
        "HSL_HOST": "0.0.0.0",
        "HSL_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    command = [sys.executable, "-m", "hsl", "web"]
    refused = subprocess.run(command, cwd=house, env=env, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "is open to others, and there is no account" in refused.stderr
    process = subprocess.Popen(
        [*command, "--setup-link"], cwd=house, env=env, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        link = process.stdout.readline().rpartition(" ")[2].strip()
        with httpx2.Client(transport=httpx2.HTTPTransport(retries=8), timeout=20) as client:
            origin = {"Origin": f"http://127.0.0.1:{port}"}
            assert client.get(origin["Origin"]).status_code == 401
            form = {"name": "anna", "password": PASSWORD, "again": PASSWORD}
            assert client.post(link, data=form, headers=origin).status_code == 303
            assert client.get(origin["Origin"]).status_code == 200
            assert client.get(link).status_code == 404
    finally:
        process.terminate()
        process.wait(20)
