"""The command line as an operator types it, each command in a process of its own."""

import os
import subprocess
import tempfile
from pathlib import Path

from hsl.settings import ROOT
from tests import forked

PATIENCE = 120  # seconds


class Terminal:
    """Runs `python -m hsl …` on one database, in one folder."""

    def __init__(self, address: str, folder: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HSL_")}
        self.environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": address,
            "HSL_DATA_DIR": str(folder),
        }
        self.environment.pop("BOT_TOKEN", None)
        self._folder = folder

    def __call__(
        self, *words: str, stdin: str = "", **settings: str
    ) -> "subprocess.CompletedProcess[str]":
        """Type one command with these settings, give it `stdin`, and wait for its end."""
        with tempfile.TemporaryDirectory() as said:
            given, out, err = (Path(said, name) for name in ("in", "out", "err"))
            given.write_text(stdin, "utf-8")
            process = forked.start(
                *words,
                env={**self.environment, **settings},
                cwd=self._folder,
                given=given,
                out=out,
                err=err,
            )
            try:
                status = process.wait(PATIENCE)
            finally:
                process.kill()
            return subprocess.CompletedProcess(
                words, status, out.read_text("utf-8"), err.read_text("utf-8")
            )
