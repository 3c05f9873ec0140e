"""The command line as an operator types it, each command in a process of its own.

Importing the program takes a second of a processor, more than most commands do; the processes are
therefore forked from one that has it imported, and differ in nothing else.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import ModuleType

from hsl import cli
from hsl.settings import ROOT

PATIENCE = 60  # seconds


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
        environment = {**self.environment, **settings}
        with tempfile.TemporaryDirectory() as said:
            Path(said, "in").write_text(stdin, "utf-8")
            process = _forking().Process(
                target=_typed, args=(words, environment, str(self._folder), said)
            )
            with _without_main():
                process.start()
            process.join(PATIENCE)
            if process.exitcode is None:
                process.kill()
                process.join()
                raise subprocess.TimeoutExpired(words, PATIENCE)
            out, err = (Path(said, name).read_text("utf-8") for name in ("out", "err"))
            return subprocess.CompletedProcess(words, process.exitcode, out, err)


@contextmanager
def _without_main() -> Iterator[None]:
    """A child runs its parent's main module first, which Streamlit's tests make a page."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@cache
def _forking() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    rooms = {options.partition(":")[0] for options, _about in cli.COMMANDS.values()}
    # `psycopg` holds no connection by being imported, and the others no thread.
    context.set_forkserver_preload([__name__, "psycopg", "hsl.database", *sorted(rooms)])
    return context


def _typed(words: tuple[str, ...], environment: dict[str, str], folder: str, said: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for name, number in (("out", 1), ("err", 2)):
        file = os.open(Path(said, name), os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    given = os.open(Path(said, "in"), os.O_RDONLY)
    os.dup2(given, 0)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    sys.argv = ["python -m hsl", *words]
    try:
        status = cli.main(list(words))
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
