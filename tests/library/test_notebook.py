"""The example notebook runs on the sample data, and what is kept in it is what comes out."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from notebooks import run, sample


def outputs(notebook: Any) -> list[Any]:
    """What its cells show, in one order."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            shown = output.get("text") or sorted(output.get("data", {}).items())
            found.append((cell["id"], re.sub(r"0x[0-9a-f]+", "", str(shown))))
    return found


def test_it_runs_and_its_pictures_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "HSL_DATA_DIR", "PYTHONPATH", "HSL_TIME_ZONE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HSL_DATA_DIR", "")  # so that what the run sets is undone
    sample.make(tmp_path)
    done = run.run(tmp_path)
    kept = nbformat.read(run.NOTEBOOK, as_version=4)
    assert outputs(done) == outputs(kept)
    pictures = [shown for _, shown in outputs(done) if "image/svg+xml" in shown]
    assert len(pictures) == 4
