"""Runs results.ipynb on the sample and keeps it with its pictures: `python -m notebooks.run`."""

import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from hsl.settings import ROOT
from notebooks import sample

NOTEBOOK = ROOT / "notebooks" / "results.ipynb"
PATIENCE = 120  # seconds a cell


def run(house: Path) -> Any:
    """The notebook as it comes out on this house. Raises where a cell fails."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    os.environ |= {"HSL_DATA_DIR": str(house), "PYTHONPATH": str(ROOT)}
    NotebookClient(
        notebook, timeout=PATIENCE, kernel_name="python3", resources={"metadata": {"path": ROOT}}
    ).execute()
    for cell in notebook.cells:
        cell.metadata = {}  # when it ran differs each time
    return notebook


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sample.make(Path(folder))
        nbformat.write(run(Path(folder)), NOTEBOOK)
