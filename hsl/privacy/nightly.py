"""Once a night, what the settings keep no longer is let go of; in a thread of its own."""

import logging
import threading
from datetime import date

from sqlalchemy import Engine

from hsl import models
from hsl.privacy import sign_ins
from hsl.settings import Settings

HOURS = range(2, 6)  # of the school's night
logger = logging.getLogger(__name__)


class Nights:
    """Begins it once a night; what failed is tried again at the next look."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._done_on: date | None = None
        self._at_work: threading.Thread | None = None

    def look(self) -> None:
        """Begin where it is night, nothing was done in it, and a setting asks for it."""
        kept = self._settings
        now = models.utc_now().astimezone(kept.zone)
        if not (_of_people(kept) or kept.keep_sign_ins_days):
            return
        if now.hour not in HOURS or self._done_on == now.date():
            return
        if self._at_work is not None and self._at_work.is_alive():
            return
        self._at_work = threading.Thread(
            target=self._let_go, args=(now.date(),), name="retention", daemon=True
        )
        self._at_work.start()

    def wait(self) -> None:
        """Wait for what was begun."""
        if self._at_work is not None:
            self._at_work.join()

    def _let_go(self, day: date) -> None:
        now = models.utc_now()
        try:
            sign_ins.let_go(self._engine, self._settings, now)
            if _of_people(self._settings):
                # It brings DuckDB with it, which a scheduler need not load by day.
                from hsl.privacy import retention

                retention.let_go(self._engine, self._settings, now)
            self._done_on = day
        # Whatever it was, the thread's end would be silent; the doctor tells what is left.
        except Exception:
            logger.exception("What is kept no longer could not be let go of")


def _of_people(settings: Settings) -> bool:
    """Whether anything that is known of people goes some day."""
    return bool(
        settings.keep_recipients_days or settings.keep_presses_days or settings.keep_drafts_days
    )
