"""What the settings were at each start: the audit says which were changed between two starts.

They stand in the environment, where nothing writes down who changes them. So each process that is
started compares them with what the audit says they were when one of its kind was last started, and
adds what differs: the pages and the scheduler may well be given different ones.
"""

import re
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, or_, select

from hsl import acting, audit, database, models
from hsl.settings import Settings

CHANGED = "settings_changed"
PAGES, SCHEDULER = "web", "scheduler"  # the kinds of processes, as they are started
TURN = 7_201_014  # of whoever compares them
# What is of one machine or process, and differs between those of one house.
LOCAL = {
    "HSL_BASE_PATH", "HSL_BATCH_SIZE", "HSL_DATA_DIR", "HSL_HOST", "HSL_INDEX_MEMORY",
    "HSL_LOG_FORMAT", "HSL_PORT", "HSL_SANDBOX_PORT", "HSL_SECRET_KEY_FILE",
}  # fmt: skip
IN_ADDRESS = re.compile(r"://[^/@]*@")  # a name and password


def note(engine: Engine, settings: Settings, *, process: str) -> None:
    """Write down what differs from the last start's, or at the first one from the defaults."""
    with engine.begin() as connection:
        database.take_turns(connection, TURN)
        before, after = _last(connection, process), _given(settings)
        names = sorted(name for name in {**before, **after} if before.get(name) != after.get(name))
        if not names:
            return
        audit.record(
            connection,
            actor=acting.current().name,
            action=CHANGED,
            object_type="settings",
            object_id=process,
            details={
                "before": {name: before[name] for name in names if name in before},
                "after": {name: after[name] for name in names if name in after},
            },
        )


def _given(settings: Settings) -> dict[str, Any]:
    """What is not as by default, by the names of the settings; of a secret, that it is set."""
    found = {}
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if str(field.alias) not in LOCAL and value != field.default:
            found[str(field.alias)] = _told(value)
    if not settings.is_sandbox:
        found["BOT_TOKEN"] = settings.bot_id  # the part of a token that is no secret
    return found


def _told(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return True
    if isinstance(value, bool | int | float):
        return value
    return IN_ADDRESS.sub("://", str(value))


def _last(connection: Connection, process: str) -> dict[str, Any]:
    """What the entries up to now say that it is for such a process.

    Those of no process are older than this: they were of all.
    """
    log = models.audit_log.c
    found: dict[str, Any] = {}
    told = select(log.details).where(
        log.action == CHANGED, or_(log.object_id.is_(None), log.object_id == process)
    )
    for row in connection.execute(told.order_by(log.id)):
        for name in row.details["before"]:
            found.pop(name, None)
        found.update(row.details["after"])
    return found
