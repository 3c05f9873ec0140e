"""`python -m hsl up`: everything from one command, and everything ended with it."""

import os
import signal
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

from sqlalchemy import exists, func, select

from hsl import bots, database, first_steps, models
from hsl.accounts import opening
from hsl.backups import upgrading
from hsl.settings import ROOT, Settings

PATIENCE = 60.0  # seconds for the pages to answer
GRACE = 20.0  # seconds for a child to end after SIGTERM


def run(settings: Settings, *, setup_link: bool = False) -> int:
    """Migrate, start the children, print the address, and wait for Ctrl-C. Returns exit status.

    With `setup_link` it prints where the first admin is set up.
    """
    engine = database.engine_for(settings)
    backup = upgrading.migrate(engine, settings)
    if backup is not None:
        _say(f"The schema was of an older program; as it was, it is kept in {backup.path}.")
    link = opening.first_link(engine, settings) if setup_link else None
    opening.require_somebody(engine, settings)
    settings = bots.speaking(engine, settings)
    ports = [settings.port, *([settings.sandbox_port] if settings.is_sandbox else [])]
    for port in ports:
        _require_free(settings.host if port == settings.port else "127.0.0.1", port)
    if settings.is_sandbox:
        _add_sample_people(settings)
    engine.dispose()
    commands = ["sandbox"] if settings.is_sandbox else []
    commands += ["scheduler", "web"]
    stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: stop.append(received))
    children = {name: _start(name) for name in commands}
    try:
        return _watch(settings, children, stop, link)
    finally:
        _end(children)


def _start(name: str) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches this process alone, which ends its children in order.
    return subprocess.Popen(
        [sys.executable, "-m", "hsl", name],
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
    )


def _watch(
    settings: Settings,
    children: dict[str, subprocess.Popen[bytes]],
    stop: list[int],
    link: str | None,
) -> int:
    address = f"http://{settings.host}:{settings.port}"
    announced, began = False, time.monotonic()
    while not stop:
        for name, child in children.items():
            if child.poll() is not None:
                _say(f"hsl {name} ended with status {child.returncode}; everything is stopped.")
                return 1
        if not announced and _answers(f"{address}/healthz"):
            announced = True
            if settings.is_sandbox:
                _say("Sandbox: nothing leaves this machine.")
                _say(f"The people's phones: http://127.0.0.1:{settings.sandbox_port}")
            if link is not None:
                _say(f"Set up the first admin, once, within a day: {link}")
            _say(f"HSL Dashboard: {address}{settings.base_path} (Ctrl-C ends it)")
        if not announced and time.monotonic() - began > PATIENCE:
            _say(f"The pages did not answer at {address} within {PATIENCE:.0f} s.")
            return 1
        time.sleep(0.2)
    return 0


def _end(children: dict[str, subprocess.Popen[bytes]]) -> None:
    for child in reversed(children.values()):
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    for child in children.values():
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _add_sample_people(settings: Settings) -> None:
    engine = database.engine_for(settings)
    with database.read_only(engine).begin() as connection:
        people = connection.execute(select(func.count()).select_from(models.users)).scalar_one()
        removed = select(exists().where(models.audit_log.c.action == first_steps.REMOVED))
        were_removed = connection.execute(removed).scalar_one()
    if people == 0 and not were_removed:
        from hsl.audience import importer

        report = importer.import_file(
            engine,
            first_steps.SAMPLE_FILE,
            actor=first_steps.SAMPLE_ACTOR,
            rejects_dir=settings.data_dir,
        )
        _say(f"{report.added:,} made-up people were added to try it out.")
    engine.dispose()


def _require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(
                f"{host}:{port} is taken ({error.strerror}). End what uses it, or choose another: "
                "HSL_PORT for the pages, HSL_SANDBOX_PORT for the sandbox."
            ) from None


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=2) as answer:  # nosec B310 - our own pages, by HTTP
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
