"""What lies in deploy/ names what there is: metrics, commands, settings, files and ports."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from hsl import cli
from hsl.settings import ROOT, Settings
from hsl.watch import metrics
from tests.door.conftest import serving
from tests.door.lines import known_pages, run, stream, visit
from tests.watch.test_alarms import WELL

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
SETTINGS = {str(field.alias) for field in Settings.model_fields.values()}


def text(name: str) -> str:
    return (DEPLOY / name).read_text("utf-8")


def test_every_metric_that_is_asked_for_exists() -> None:
    known = {"hsl_database_up", "hsl_build"}
    for family in metrics.families(WELL):
        known.add(family.name + ("_total" if family.type == "counter" else ""))
    said = metrics.render(WELL).decode()
    board: dict[str, Any] = json.loads(text("grafana-dashboard.json"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    groups = yaml.safe_load(text("alerts.yml"))["groups"]
    asked += [rule["expr"] for group in groups for rule in group["rules"]]
    names = {name for expression in asked for name in re.findall(r"\bhsl_\w+", expression)}
    assert names <= known
    assert known - {"hsl_build", "hsl_backup_failed"} <= names
    for name in names:
        assert f"\n{name}" in f"\n{said}"


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_the_units_are_valid_and_hardened(unit: Path, tmp_path: Path) -> None:
    words = unit.read_text("utf-8")
    command = re.search(r"ExecStart=\S+ -m hsl (\w+)", words)
    assert command is not None and command[1] in cli.COMMANDS
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=hsl"):
        assert f"\n{line}\n" in words
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    # What it names is on a server, not here.
    here = re.sub(r"/opt/hsl/\.venv/bin/python", sys.executable, words)
    here = re.sub(r"(?m)^(User|Group|WorkingDirectory|EnvironmentFile)=.*\n", "", here)
    (tmp_path / unit.name).write_text(here)
    said = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / unit.name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    faults = [line for line in said.stderr.splitlines() if unit.name in line]
    assert faults == []


def test_compose_and_its_image_name_what_there_is() -> None:
    services = yaml.safe_load(text("compose.yaml"))["services"]
    image = text("Dockerfile")
    assert services.keys() == {"web", "scheduler", "database"}
    for name in ("web", "scheduler"):
        service = services[name]
        assert service["command"][0] in cli.COMMANDS
        given = {n for n in service["environment"] if n.startswith(("HSL_", "BOT_", "DATABASE"))}
        assert given <= SETTINGS
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).exists()
        assert service["env_file"] == [{"path": "hsl.env", "required": False}]
    # `status` succeeds as long as the database answers.
    assert services["scheduler"]["healthcheck"]["test"][-2:] == ["doctor", "--alive"]
    # Only this machine reaches the published port; a proxy is before it.
    assert services["web"]["ports"] == ["127.0.0.1:8501:8501"]
    assert "\nUSER hsl\n" in image
    assert "/readyz" in image
    assert re.search(r"^RUN pip install .*-c requirements.lock$", image, re.MULTILINE)
    client = re.search(r"postgresql-client-(\d+)", image)
    server = re.match(r"postgres:(\d+)", services["database"]["image"])
    assert client and server and int(client[1]) >= int(server[1])


def test_what_the_image_holds_is_enough(tmp_path: Path) -> None:
    """The files that it copies, and no other, serve every page."""
    held, data = tmp_path / "image", tmp_path / "data"
    for line in re.findall(r"^COPY (.+)$", text("Dockerfile"), re.MULTILINE):
        *names, to = line.split()
        for name in names:
            target = held / to / (Path(name).name if to.endswith("/") else "")
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, target)
            else:
                shutil.copy(ROOT / name, target)
    data.mkdir()
    with (
        serving(data, "-m", "hsl", "web", program=held) as served,
        served.browser() as client,
        stream(served.address, client) as socket,
    ):
        pages = known_pages(run(socket, visit()))
        assert len(pages) > 5
        for name, page in pages.items():
            frames = run(socket, visit(page))
            faults = [
                frame.delta.new_element.exception.message
                for frame in frames
                if frame.delta.new_element.HasField("exception")
            ]
            assert faults == [], name


def test_the_example_of_an_environment_names_settings() -> None:
    names = re.findall(r"^(\w+)=", text("hsl.env.example"), re.MULTILINE)
    assert len(names) > 4
    assert set(names) <= SETTINGS


@pytest.mark.parametrize("name", ["Caddyfile", "nginx.conf"])
def test_a_proxy_leads_to_the_port_and_shows_no_metrics(name: str) -> None:
    assert f"127.0.0.1:{Settings.model_fields['port'].default}" in text(name)
    assert "/hsl/metrics" in text(name)
