"""docs/api.md: every curl in it is run as it stands, by a shell, against the API."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from api_served import Served

from hsl.settings import ROOT

DOCUMENT = ROOT / "docs" / "api.md"


def commands() -> list[str]:
    """The commands of the document's sh blocks, each with its continued lines."""
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.M | re.S)
    return re.findall(r"^curl .*?(?=^curl |\Z)", "".join(blocks), re.M | re.S)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_every_example_works(shared: Served, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("user_id,first_name\n7001,Vera\n")
    found = commands()
    assert len(found) > 18
    for command in found:
        ended = subprocess.run(
            ["sh", "-c", f"{command.strip()} -w '\\n%{{http_code}}'"],
            env={"HSL": shared.address, "KEY": shared.secret, "PATH": "/usr/bin:/bin"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        body, _, status = ended.stdout.rpartition("\n")
        assert status in {"200", "201", "204"}, f"{command}\n{body}"
        if status != "204":
            json.loads(body)
