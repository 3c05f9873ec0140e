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

from hsl import audit, database, equality, models
from hsl.archive import ArchiveError, catalogue, storing, unlisted
from hsl.audience.sources import registry
from hsl.delivery import standing
from hsl.delivery.gateway import Gateway
from hsl.delivery.outcome import Verdict
from hsl.media import place
from hsl.media.errors import MediaError
from hsl.models import MessageStatus
from hsl.reports import schedule
from hsl.settings import Settings

SILENT_AFTER = timedelta(seconds=15)  # without a heartbeat
CLOCK_TOLERANCE = 5.0  # seconds
LOWEST_SPACE = 500 * 2**20  # bytes
PATIENCE = 5.0  # seconds
UNFINISHED = [MessageStatus.SCHEDULED, MessageStatus.SENDING, MessageStatus.PAUSED]


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
            checks += [_messages(engine, settings), _sources(engine), _archive(engine)]
            checks.append(_reports(engine, settings))
            checks += [_figures(engine)] if checks[1].ok else []
    finally:
        engine.dispose()
    return [*checks, _bot(settings), _media(settings), _clock(settings), _disk(settings)]


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
        bot = standing.of_bot(engine, settings)
    except SQLAlchemyError:
        return Check(
            "sending", True, f"{settings.messages_per_second:g} messages a second at most."
        )
    if bot.trouble:
        looked = f" at {bot.next_look:%Y-%m-%d %H:%M:%S} UTC" if bot.next_look else ""
        return Check(
            "sending",
            False,
            f"{bot.trouble}.",
            f"Mend the cause. Telegram is asked again{looked} while a scheduler runs, and what was "
            "paused goes on then.",
        )
    if bot.held_until is not None:
        until = f"{bot.held_until:%Y-%m-%d %H:%M:%S} UTC"
        return Check(
            "sending",
            False,
            f"Telegram asked to wait until {until}."
            if bot.asked_to_wait
            else "Telegram cannot be reached.",
            "It goes on by itself then, more slowly at first."
            if bot.asked_to_wait
            else "It is tried again every few seconds.",
        )
    return Check("sending", True, f"{bot.rate:.1f} of {bot.full_rate:.1f} messages a second.")


def _messages(engine: Engine, settings: Settings) -> Check:
    """Whether every message that is not over yet belongs to the bot whose token is set."""
    history = models.message_history.c
    others = (
        select(history.bot_id, func.count().label("messages"))
        .where(history.status.in_(UNFINISHED), history.bot_id != settings.bot_id)
        .group_by(history.bot_id)
        .order_by(history.bot_id)
    )
    try:
        with database.read_only(engine).begin() as connection:
            rows = connection.execute(others).all()
    except SQLAlchemyError:
        rows = []
    if not rows:
        return Check("messages", True, f"All that are not over belong to bot {settings.bot_id}.")
    found = ", ".join(
        f"{row.messages:,} {'message belongs' if row.messages == 1 else 'messages belong'} "
        f"to bot {row.bot_id}"
        for row in rows
    )
    return Check(
        "messages",
        False,
        f"{found}, and the token is of bot {settings.bot_id}: nobody sends them.",
        "Set that bot's BOT_TOKEN, or cancel them.",
    )


def _figures(engine: Engine) -> Check:
    try:
        found = equality.compare(engine)
    except (ArchiveError, SQLAlchemyError) as fault:
        words = str(fault).splitlines()[0]
        return Check("figures", False, words, "Mend that, then look again.")
    if not found.unequal:
        return Check(
            "figures",
            True,
            f"Counted: {found.recipients:,} recipients, as the messages' counters say.",
        )
    first = found.unequal[0]
    numbers = sorted({unequal.message_id for unequal in found.unequal})
    more = f" So it is with {len(numbers):,} messages in all." if len(numbers) > 1 else ""
    return Check(
        "figures",
        False,
        f"Message {first.message_id} says {first.written:,} {first.counter}, and there are "
        f"{first.counted:,}.{more}",
        "Was a backup of one table alone restored? Restore a backup of all of the database.",
    )


def _sources(engine: Engine) -> Check:
    try:
        sources = registry.listing(engine)
    except SQLAlchemyError:
        sources = []
    failed = [s for s in sources if s.last_run is not None and s.last_run.error is not None]
    if failed:
        said = " ".join(f"{s.name}: {s.last_run.sentence()}" for s in failed if s.last_run)
        return Check(
            "sources",
            False,
            said,
            f"Mend the cause, then run `python -m hsl source run {failed[0].name}`.",
        )
    return Check("sources", True, f"{len(sources)} kept." if sources else "There are none.")


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
    strange = unlisted.whole(engine)
    remedy = unlisted.what_to_do(strange[0]) if strange else ""
    return Check("archive", not strange, f"{rows:,} rows in {len(listed):,} files.", remedy)


def _reports(engine: Engine, settings: Settings) -> Check:
    if settings.report_folder is None:
        return Check("reports", True, "None is written by the clock.")
    try:
        found, _ = audit.entries(engine, object_type=schedule.OBJECT, limit=1)
    except SQLAlchemyError:
        found = []
    if not found:
        return Check("reports", True, f"None was written into {settings.report_folder} yet.")
    last = found[0]
    if last.action == schedule.FAILED:
        return Check(
            "reports",
            False,
            str(last.details["said"]),
            "Mend the cause; a scheduler that is started anew tries at once.",
        )
    return Check("reports", True, f"The last one is {last.details['path']}.")


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


def _media(settings: Settings) -> Check:
    """Whether the chat that keeps uploaded files is set, and the bot sees it."""
    if settings.media_place is None:
        remedy = "To upload files, set HSL_MEDIA_CHAT to a private channel of your team's."
        return Check("files", True, "No chat is set that keeps uploaded files.", remedy)
    try:
        name = place.check(settings)
    except MediaError as fault:
        return Check("files", False, str(fault))
    return Check("files", True, f"Uploaded files are kept in “{name}”.")


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
