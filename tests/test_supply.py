"""What the program is made of is written down, and its own code has no fault that bandit knows."""

import json
import subprocess
import sys

from docs.bill_of_materials import locked
from hsl.settings import ROOT

LOCKED = locked((ROOT / "requirements.lock").read_text("utf-8"))
AGAIN = "Run `python docs/bill_of_materials.py`."


def test_the_bill_of_materials_names_what_is_locked() -> None:
    bill = json.loads((ROOT / "docs" / "sbom.json").read_text("utf-8"))
    listed = {part["name"].lower(): part["version"] for part in bill["components"]}
    assert listed == LOCKED, AGAIN
    assert all(part["licenses"] for part in bill["components"]), AGAIN


def test_the_licences_are_of_what_is_locked() -> None:
    lines = (ROOT / "docs" / "licences.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
    assert {name: version for name, version, _ in rows[2:]} == LOCKED, AGAIN


def test_bandit_finds_nothing() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "bandit",
            "-q",
            "-c",
            "pyproject.toml",
            "-r",
            "hsl",
            "pages",
            "app.py",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
