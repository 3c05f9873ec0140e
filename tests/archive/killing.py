"""Kills its process in the middle of what the archive does."""

import os
import signal
from pathlib import Path

from hsl import database, models
from hsl.archive import files, restoring, storing

ROOMS = {"storing": storing, "restoring": restoring, "files": files}


def run(
    address: str, folder: str, module: str, name: str, moment: str, nth: str, what: str
) -> None:
    """Archive or restore until `name` of `module` is called for the n-th time.

    The process is killed before or after that call.
    """
    place = ROOMS[module]
    real, calls = getattr(place, name), [0]

    def killed(*arguments: object, **named: object) -> object:
        calls[0] += 1
        last = calls[0] == int(nth)
        if last and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = real(*arguments, **named)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(place, name, killed)
    storing.DELETED_AT_ONCE = restoring.INSERTED_AT_ONCE = 7
    engine = database.open_engine(address, archive=Path(folder))
    if what == "restore":
        restoring.restore(engine, "2025-03", actor="anna")
    else:
        storing.archive(engine, models.utc_now(), actor="anna")
