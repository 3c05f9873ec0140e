"""Real processes to be killed: a sandbox, schedulers, and a database between them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from sqlalchemy import Engine, func, insert, select

from hsl import database, dispatch, models
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import sums
from hsl.message.content import Content
from hsl.settings import ROOT, load_settings
from tests import forked

FIRST_ID = 1_000_000
Process = forked.Forked | subprocess.Popen[bytes]


class Arena:
    """One database, one sandbox with a log on disk, any number of schedulers, and the pages.

    `environment` is added to that of every process, and wins. Processes are forked from one that
    has the program imported; where they are measured, or another library is to be loaded before,
    `from_scratch` starts each as the README does.
    """

    def __init__(
        self,
        folder: Path,
        address: str,
        *,
        rate: float,
        latency: float = 0.05,
        from_scratch: bool = False,
        **environment: str,
    ) -> None:
        self.port, self.web_port = _free_port(), _free_port()
        self.folder, self.rate, self.latency = folder, rate, latency
        self._from_scratch = from_scratch
        self.log_file = folder / "accepted.jsonl"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HSL_")}
        self._environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": address,
            "HSL_DATA_DIR": str(folder),
            "HSL_SANDBOX_PORT": str(self.port),
            "HSL_MESSAGES_PER_SECOND": str(rate),
            "HSL_PORT": str(self.web_port),
            **environment,
        }
        self._environment.pop("BOT_TOKEN", None)
        self.engine: Engine = database.open_engine(address)
        database.migrate(self.engine)
        self.settings = load_settings(HSL_MESSAGES_PER_SECOND=rate)
        self.processes: list[Process] = []

    def start_sandbox(self, *words: str) -> Process:
        """A sandbox that reaches everybody and adds to the log; returns when it answers.

        `words` are further options of the command, which win.
        """
        process = self._start(
            "sandbox", "--port", str(self.port), "--log", str(self.log_file),
            "--rate", str(self.rate), "--latency", str(self.latency),
            "--blocked-share", "0", "--deactivated-share", "0", "--never-started-share", "0",
            *words,
        )  # fmt: skip
        wait_until(self._sandbox_answers, "the sandbox answers", patience=90)
        return process

    def pay(self) -> None:
        """Schedulers from now on send paid broadcasts."""
        self._environment["HSL_PAID_BROADCAST"] = "1"

    def start_scheduler(self, **environment: str) -> Process:
        """A scheduler process; its words go to a file in the folder."""
        return self._start("scheduler", **environment)

    def start_web(self, **environment: str) -> Process:
        """The pages, at `web_port`; their words go to a file in the folder."""
        return self._start("web", **environment)

    def _start(self, *words: str, **environment: str) -> Process:
        env, out = {**self._environment, **environment}, self.folder / f"{words[0]}.log"
        process: Process
        if self._from_scratch:
            with out.open("ab") as said:
                command = [sys.executable, "-m", "hsl", *words]
                process = subprocess.Popen(
                    command, env=env, cwd=self.folder, stdout=said, stderr=said
                )
        else:
            process = forked.start(*words, env=env, cwd=self.folder, out=out)
        self.processes.append(process)
        return process

    def _sandbox_answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/sandbox/stats", timeout=2):
                return True
        except (URLError, OSError):
            return False

    def kill(self, process: Process) -> None:
        """kill -9, as the machine would."""
        process.send_signal(signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        """End every process that was started here."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.engine.dispose()

    def add_people(self, people: int) -> None:
        """People with ids from FIRST_ID on."""
        with self.engine.begin() as connection:
            for start in range(0, people, 10_000):
                connection.execute(
                    insert(models.users),
                    [
                        {"user_id": FIRST_ID + i, "attributes": {}, "updated_at": models.utc_now()}
                        for i in range(start, min(start + 10_000, people))
                    ],
                )

    def send_to_all(self, text: str = "Hello") -> int:
        """A message to everybody, due now."""
        return self.send(text, Cohort(everyone=True))

    def send(self, text: str, cohort: Cohort) -> int:
        """A message to these people, due now."""
        return dispatch.send(
            self.engine,
            self.settings,
            content=Content(text=text),
            audience=Audience(include=(cohort,)),
            author="test",
        )

    def closing(self, message_id: int) -> sums.ClosingSum:
        """What became of it, counted."""
        with database.read_only(self.engine).begin() as connection:
            return sums.closing_sum(connection, message_id)

    def status(self, message_id: int) -> str:
        """The message's state."""
        history = models.message_history.c
        with database.read_only(self.engine).begin() as connection:
            row = connection.execute(select(history.status).where(history.id == message_id)).one()
        return str(row.status)

    def in_flight(self) -> int:
        """Rows whose intent is written and whose outcome is not."""
        status = models.message_recipients.c.delivery_status
        with database.read_only(self.engine).begin() as connection:
            found = connection.execute(select(func.count()).where(status == "sending"))
            return int(found.scalar_one())

    def accepted(self) -> "Counter[tuple[int, str]]":
        """How often the sandbox took each message for each chat."""
        counted: Counter[tuple[int, str]] = Counter()
        if self.log_file.exists():
            written = self.log_file.read_text("utf-8")
            # The last line may be being written.
            for line in written[: written.rfind("\n") + 1].splitlines():
                entry: dict[str, Any] = json.loads(line)
                counted[(entry["chat_id"], entry["text"])] += 1
        return counted


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], bool], words: str, *, patience: float) -> None:
    """Wait for a condition; `words` name it where it does not come true."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {words}"
        time.sleep(0.1)
