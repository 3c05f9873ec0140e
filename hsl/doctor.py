"""The doctor: what is well, what is not, and what to do about it."""

import asyncio
import shutil
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from hsl import database, models
from hsl.archive import catalogue, storing
from hsl.delivery import pace
from hsl.delivery.gateway import Gateway
from hsl.delivery.outcome import Verdict
from hsl.settings import Settings

SILENT_AFTER = timedelta(seconds=15)  # without a heartbeat
CLOCK_TOLERANCE = 5.0  # seconds
LOWEST_SPACE = 500 * 2**20  # bytes
PATIENCE = 5.0  # seconds


@dataclass(frozen=True)
class Check:
    """One answer: `detail` says what was found, `remedy` what to do where it is not well."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(settings: Settings) -> list[Check]:
    """Look at database, migrations, scheduler, bot, clock and disk; nothing is changed."""
    engine = database.engine_for(settings)
    try:
        checks = [_database(engine)]
        if checks[0].ok:
            checks += [_migrations(engine), _scheduler(engine), _pace(engine, settings)]
            checks += [_archive(engine)]
    finally:
        engine.dispose()
    return [*checks, _bot(settings), _clock(settings), _disk(settings)]


def scheduler_silent_for(engine: Engine) -> timedelta | None:
    """How long no scheduler has given a sign; None when none ever did."""
    with database.read_only(engine).begin() as connection:
        row = connection.execute(
            select(func.max(models.workers.c.beat_at).label("beat")).where(
                models.workers.c.kind == "scheduler"
            )
        ).one()
        return None if row.beat is None else database.now(connection) - row.beat


def _database(engine: Engine) -> Check:
    shown = engine.url.render_as_string(hide_password=True)
    try:
        with database.read_only(engine).begin() as connection:
            connection.execute(select(1))
    except SQLAlchemyError as fault:
        cause = str(getattr(fault, "orig", fault)).splitlines()[0]
        return Check(
            "database", False, f"{shown}: {cause}.", "Check DATABASE_URL and that it is running."
        )
    return Check("database", True, shown)


def _migrations(engine: Engine) -> Check:
    if database.is_current(engine):
        return Check("migrations", True, "The schema is this program's.")
    return Check(
        "migrations", False, "The schema is of another version.", "Run `python -m hsl up`."
    )


def _scheduler(engine: Engine) -> Check:
    try:
        silent = scheduler_silent_for(engine)
    except SQLAlchemyError:
        silent = None
    if silent is None:
        return Check(
            "scheduler",
            False,
            "No scheduler is running, so nothing is sent.",
            "Run `python -m hsl scheduler`, or `python -m hsl up`.",
        )
    if silent > SILENT_AFTER:
        return Check(
            "scheduler",
            False,
            f"Silent for {silent.total_seconds():,.0f} s.",
            "Start `python -m hsl scheduler` again; what it left on its way shows as uncertain.",
        )
    return Check("scheduler", True, f"Last sign {silent.total_seconds():.0f} s ago.")


def _pace(engine: Engine, settings: Settings) -> Check:
    try:
        row = pace.state(engine, settings.bot_id)
    except SQLAlchemyError:
        row = None
    if row is not None and row.trouble:
        return Check(
            "sending",
            False,
            row.trouble,
            "Mend the cause. Telegram is asked again by itself, and what was paused goes on then.",
        )
    if row is not None and row.not_before is not None and row.is_held:
        return Check(
            "sending",
            False,
            f"Telegram asked to wait until {row.not_before:%Y-%m-%d %H:%M:%S} UTC.",
            "It goes on by itself then, more slowly at first.",
        )
    return Check("sending", True, f"{settings.messages_per_second:g} messages a second at most.")


def _archive(engine: Engine) -> Check:
    try:
        with database.read_only(engine).begin() as connection:
            listed = catalogue.listed(connection)
    except SQLAlchemyError:
        return Check("archive", False, "It is not known what is archived.", "See migrations.")
    missing = [file.path for file in listed if not file.path.exists()]
    if missing:
        return Check(
            "archive",
            False,
            f"{len(missing):,} of {len(listed):,} files are not there, such as {missing[0]}.",
            "Bring them back from a backup, or set HSL_DATA_DIR to where they are.",
        )
    left = storing.leftovers(engine)
    if left:
        return Check(
            "archive",
            False,
            f"A run was ended: rows of {len(left):,} archived messages take up space.",
            "Run `python -m hsl archive --before DATE` again; it goes on from there.",
        )
    rows = sum(file.rows for file in listed)
    return Check("archive", True, f"{rows:,} rows in {len(listed):,} files.")


def _bot(settings: Settings) -> Check:
    async def ask() -> Check:
        async with Gateway(settings.token, settings.api_url) as gateway:
            found = await asyncio.wait_for(gateway.call("getMe", {}), PATIENCE)
        if found.verdict is Verdict.SENT:
            where = "the sandbox" if settings.is_sandbox else settings.api_url
            return Check("bot", True, f"Bot {settings.bot_id} is known to {where}.")
        words = found.description or f"status {found.error_code}"
        if found.verdict is Verdict.BOT_FAULT:
            return Check("bot", False, f"{words}.", "Set BOT_TOKEN as @BotFather shows it.")
        return Check("bot", False, f"{words}.", f"Check that {settings.api_url} can be reached.")

    try:
        return asyncio.run(ask())
    except TimeoutError:
        return Check(
            "bot", False, f"{settings.api_url} does not answer.", "Check HSL_TELEGRAM_API_URL."
        )


def _clock(settings: Settings) -> Check:
    try:
        with urlopen(Request(settings.api_url, method="HEAD"), timeout=PATIENCE) as answer:
            said = answer.headers["Date"]
    except HTTPError as answer:
        said = answer.headers["Date"]
    except (URLError, OSError):
        return Check(
            "clock", True, "Not compared: the Bot API server does not answer.", "See the bot check."
        )
    if not said:
        return Check("clock", True, "Not compared: the Bot API server names no time.")
    apart = abs((models.utc_now() - parsedate_to_datetime(said)).total_seconds())
    if apart > CLOCK_TOLERANCE:
        return Check(
            "clock",
            False,
            f"{apart:.0f} s apart from the Bot API server's.",
            "Set this machine's clock by NTP; scheduled messages go by it.",
        )
    return Check("clock", True, f"{apart:.0f} s apart from the Bot API server's.")


def _disk(settings: Settings) -> Check:
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    words = f"{free / 2**30:,.1f} GiB free for {settings.data_dir}."
    if free < LOWEST_SPACE:
        return Check("disk", False, words, "Free some space: without it nothing can be recorded.")
    return Check("disk", True, words)
