"""The log of a process: as text, or one JSON object a line; secrets are taken out of either."""

import json
import logging
import os
import re
import socket
import sys
from datetime import UTC, datetime

from sqlalchemy.engine import make_url

from hsl.settings import Settings

TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
IDS = ("message_id", "recipient_id", "user_id")  # what a line may be about, as `extra`
MASK = "•••"
SHORTEST = 4  # characters; what is shorter is in many words by chance


def configure(settings: Settings) -> None:
    """Write this process's log to its standard error as the settings say."""
    handler = logging.StreamHandler(sys.stderr)
    known = secrets_of(settings)
    handler.setFormatter(Json(known) if settings.log_format == "json" else Plain(TEXT, known))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Every secret of the settings, the longest first, as a log must not have them."""
    found = {settings.token.partition(":")[2] if settings.bot_token else ""}
    found.add(make_url(settings.database_address).password or "")
    for secret in (settings.metrics_token, settings.oidc_client_secret):
        if secret is not None:
            found.add(secret.get_secret_value())
    if settings.secret_key is not None:
        found.update(re.split(r"[\s,]+", settings.secret_key.get_secret_value()))
    return tuple(sorted((s for s in found if len(s) >= SHORTEST), key=len, reverse=True))


class Plain(logging.Formatter):
    """Lines of text without the secrets."""

    def __init__(self, form: str, known: tuple[str, ...]) -> None:
        super().__init__(form)
        self._known = known

    def format(self, record: logging.LogRecord) -> str:
        """The line, with its traceback where there is one."""
        return _without(super().format(record), self._known)


class Json(logging.Formatter):
    """One JSON object a line, without the secrets."""

    def __init__(self, known: tuple[str, ...]) -> None:
        super().__init__()
        self._known = known
        self._worker = f"{socket.gethostname()}:{os.getpid()}"

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, words, worker, the ids that are known, and a fault."""
        facts: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "worker": self._worker,
        }
        facts |= {name: record.__dict__[name] for name in IDS if name in record.__dict__}
        if record.exc_info:
            facts["exception"] = self.formatException(record.exc_info)
        clean = {
            name: _without(value, self._known) if isinstance(value, str) else value
            for name, value in facts.items()
        }
        return json.dumps(clean, ensure_ascii=False)


def _without(words: str, known: tuple[str, ...]) -> str:
    for secret in known:
        words = words.replace(secret, MASK)
    return words
