"""Commands and functions in processes of their own, forked from one that has the program imported.

Importing it takes a second of a processor, and with the pages and their charts four, more than most
commands do. A forked process differs in nothing else: it has a folder, an environment, an input and
outputs of its own. What starts as it is written in the README is in tests/test_up.py,
tests/browser/test_road.py and wherever else `subprocess` is used.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from types import ModuleType

from hsl import cli
from hsl.settings import ROOT

# What is imported only by a command that goes on running, or by the first page that is opened.
RUNNING = (
    "hsl.up",
    "hsl.web",
    "hsl.scheduler",
    "hsl.archive.restoring",
    "hsl.warehouse.store",
    "hsl.charts.arrival",
    "hsl.charts.over_time",
)


class Forked:
    """A running command; it is asked and ended as a `subprocess.Popen` is."""

    def __init__(self, words: Sequence[str], process: ForkServerProcess) -> None:
        self._words, self._process = words, process

    @property
    def pid(self) -> int:
        """The id of the process."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; the exit status. Raises `subprocess.TimeoutExpired`."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(list(self._words), timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def start(
    *words: str,
    env: Mapping[str, str],
    cwd: Path,
    out: Path,
    err: Path | None = None,
    given: Path = Path(os.devnull),
) -> Forked:
    """Begin `python -m hsl words`; it reads `given`, and adds to the files `out` and `err`.

    Without `err` both go to `out`.
    """
    return _begun(words, dict(env), cwd, given, out, err or out, _type, words)


def call(
    function: Callable[..., object], *arguments: str, out: Path, err: Path | None = None
) -> Forked:
    """Begin a function of a module that can be imported; it adds to the files as `start` does.

    Its status is 0, or 1 where it raises.
    """
    name = function.__name__
    nothing = Path(os.devnull)
    return _begun((name,), dict(os.environ), ROOT, nothing, out, err or out, function, arguments)


def _begun(words: Sequence[str], *given: object) -> Forked:
    process = _forking().Process(target=_run, args=given)
    with _without_main():
        process.start()
    return Forked(words, process)


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
    # `psycopg` holds no connection by being imported, and the others no thread of Python.
    context.set_forkserver_preload([__name__, "psycopg", "hsl.database", *sorted(rooms), *RUNNING])
    return context


def _run(
    environment: dict[str, str],
    folder: Path,
    given: Path,
    out: Path,
    err: Path,
    function: Callable[..., object],
    arguments: tuple[str, ...],
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    os.dup2(os.open(given, os.O_RDONLY), 0)
    for file, number in ((out, 1), (err, 2)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    # The process that forks ignores Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    status = 0
    try:
        function(*arguments)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _type(*words: str) -> None:
    sys.argv = ["python -m hsl", *words]
    sys.exit(cli.main(list(words)))
