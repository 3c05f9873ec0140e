"""The doctor: what is well, what is not, and what to do about it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from hsl import audit, bots, database, equality, models, spans, words
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
from hsl.watch import alarms, vitals
from hsl.words import _, plural

SILENT_AFTER = timedelta(seconds=15)  # without a heartbeat
CLOCK_TOLERANCE = 5.0  # seconds
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
    from hsl import guarding  # which has its checks from here

    engine = database.engine_for(settings)
    served = bots.Served({settings.bot_id: settings}, {})
    try:
        checks = [_database(engine)]
        if checks[0].ok:
            checks += [_migrations(engine), _scheduler(engine)]
            served = bots.served(engine, settings) if checks[1].ok else served
            checks += [_pace(engine, each) for each in served.settings.values()]
            checks += [_messages(engine, settings, served), _sources(engine), _archive(engine)]
            checks.append(_reports(engine, settings))
            if checks[1].ok:
                checks += [*_alarms(engine, settings), _figures(engine), guarding.audited(engine)]
                checks += [guarding.kept(engine, settings), guarding.sealed(engine, settings)]
    finally:
        engine.dispose()
    checks += [Check("bot", False, f"{name}: {why}") for name, why in served.faults.items()]
    checks += [_bot(each) for each in served.settings.values()]
    return [*checks, _media(settings), _clock(settings), _disk(settings)]


def alive(settings: Settings) -> list[Check]:
    """Only whether the database answers and a scheduler gives signs, as a health check asks."""
    engine = database.engine_for(settings)
    try:
        found = _database(engine)
        return [found, _scheduler(engine)] if found.ok else [found]
    finally:
        engine.dispose()


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
            "database",
            False,
            f"{shown}: {cause}.",
            _("Check DATABASE_URL and that it is running."),
        )
    return Check("database", True, shown)


def _migrations(engine: Engine) -> Check:
    if database.is_current(engine):
        return Check("migrations", True, _("The schema is this program's."))
    return Check(
        "migrations",
        False,
        _("The schema is of another version."),
        _("Run `python -m hsl up`."),
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
            _("No scheduler is running, so nothing is sent."),
            _("Run `python -m hsl scheduler`, or `python -m hsl up`."),
        )
    if silent > SILENT_AFTER:
        return Check(
            "scheduler",
            False,
            _("Silent for {seconds} s.", seconds=round(silent.total_seconds())),
            _("Start `python -m hsl scheduler` again; what it left on its way shows as uncertain."),
        )
    return Check(
        "scheduler", True, _("Last sign {seconds} s ago.", seconds=round(silent.total_seconds()))
    )


def _pace(engine: Engine, settings: Settings) -> Check:
    try:
        bot = standing.of_bot(engine, settings)
    except SQLAlchemyError:
        return Check(
            "sending",
            True,
            _(
                "{rate} messages a second at most.",
                rate=words.number(settings.messages_per_second, decimals=1),
            ),
        )
    if bot.trouble:
        return Check(
            "sending",
            False,
            f"{bot.trouble}.",
            _(
                "Mend the cause. Telegram is asked again at {moment} while a scheduler runs, and "
                "what was paused goes on then.",
                moment=_moment(bot.next_look),
            )
            if bot.next_look
            else _(
                "Mend the cause. Telegram is asked again while a scheduler runs, and what was "
                "paused goes on then."
            ),
        )
    if bot.held_until is not None:
        return Check(
            "sending",
            False,
            _("Telegram asked to wait until {until}.", until=_moment(bot.held_until))
            if bot.asked_to_wait
            else _("Telegram cannot be reached."),
            _("It goes on by itself then, more slowly at first.")
            if bot.asked_to_wait
            else _("It is tried again every few seconds."),
        )
    return Check(
        "sending",
        True,
        _(
            "{rate} of {full} messages a second.",
            rate=words.number(bot.rate, decimals=1),
            full=words.number(bot.full_rate, decimals=1),
        ),
    )


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def _messages(engine: Engine, settings: Settings, served: bots.Served) -> Check:
    """Whether every message that is not over yet belongs to a bot whose token is there."""
    history = models.message_history.c
    others = (
        select(history.bot_id, func.count().label("messages"))
        .where(history.status.in_(UNFINISHED), history.bot_id.not_in(served.settings))
        .group_by(history.bot_id)
        .order_by(history.bot_id)
    )
    try:
        with database.read_only(engine).begin() as connection:
            rows = connection.execute(others).all()
    except SQLAlchemyError:
        rows = []
    if not rows:
        whole = _("All that are not over belong to bot {bot}.", bot=str(settings.bot_id))
        return Check("messages", True, whole)
    found = ", ".join(
        plural(
            "{n} message belongs to bot {bot}",
            "{n} messages belong to bot {bot}",
            row.messages,
            bot=str(row.bot_id),
        )
        for row in rows
    )
    return Check(
        "messages",
        False,
        _(
            "{found}, and the token is of bot {bot}: nobody sends them.",
            found=found,
            bot=str(settings.bot_id),
        ),
        _("Set that bot's BOT_TOKEN, or cancel them."),
    )


def _figures(engine: Engine) -> Check:
    try:
        found = equality.compare(engine)
    except (ArchiveError, SQLAlchemyError) as fault:
        cause = str(fault).splitlines()[0]
        return Check("figures", False, cause, _("Mend that, then look again."))
    if not found.unequal:
        return Check(
            "figures",
            True,
            plural(
                "Counted: {n} recipient, as the messages' counters say.",
                "Counted: {n} recipients, as the messages' counters say.",
                found.recipients,
            ),
        )
    first = found.unequal[0]
    numbers = sorted({unequal.message_id for unequal in found.unequal})
    said = _(
        "Message {number} says {written} {counter}, and there are {counted}.",
        number=str(first.message_id),
        written=first.written,
        counter=first.counter,
        counted=first.counted,
    )
    if len(numbers) > 1:
        more = plural(
            "So it is with {n} message in all.", "So it is with {n} messages in all.", len(numbers)
        )
        said = f"{said} {more}"
    return Check(
        "figures",
        False,
        said,
        _("Was a backup of one table alone restored? Restore a backup of all of the database."),
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
            _(
                "Mend the cause, then run `python -m hsl source run {name}`.",
                name=failed[0].name,
            ),
        )
    kept = plural("{n} kept.", "{n} kept.", len(sources)) if sources else _("There are none.")
    return Check("sources", True, kept)


def _archive(engine: Engine) -> Check:
    try:
        with database.read_only(engine).begin() as connection:
            listed = catalogue.listed(connection)
    except SQLAlchemyError:
        unknown = _("It is not known what is archived.")
        return Check("archive", False, unknown, _("See migrations."))
    missing = [file.path for file in listed if not file.path.exists()]
    if missing:
        return Check(
            "archive",
            False,
            _(
                "{missing} of {listed} files are not there, such as {path}.",
                missing=len(missing),
                listed=len(listed),
                path=str(missing[0]),
            ),
            _("Bring them back from a backup, or set HSL_DATA_DIR to where they are."),
        )
    left = storing.leftovers(engine)
    if left:
        return Check(
            "archive",
            False,
            plural(
                "A run was ended: rows of {n} archived message take up space.",
                "A run was ended: rows of {n} archived messages take up space.",
                len(left),
            ),
            _("Run `python -m hsl archive --before DATE` again; it goes on from there."),
        )
    rows = sum(file.rows for file in listed)
    strange = unlisted.whole(engine)
    remedy = unlisted.what_to_do(strange[0]) if strange else ""
    kept = _("{rows} rows in {files} files.", rows=rows, files=len(listed))
    return Check("archive", not strange, kept, remedy)


def _alarms(engine: Engine, settings: Settings) -> list[Check]:
    """The alarms that no other check asks about."""
    try:
        found = vitals.read(engine, settings)
    except SQLAlchemyError:
        return []
    well = {
        "many_failing": _many_failing(found),
        "backup_old": _("The last one is {span} old.", span=spans.words(found.backup_age))
        if found.backup_age is not None
        else _("None was made yet."),
    }
    names = {"many_failing": "deliveries", "backup_old": "backup"}
    return [
        Check(names[alarm.name], False, alarm.says(found), _(alarm.remedy))
        if alarm.holds(found)
        else Check(names[alarm.name], True, well[alarm.name])
        for alarm in alarms.ALARMS
        if alarm.name in names
    ]


def _many_failing(found: vitals.Vitals) -> str:
    return _("{failures} of the last {tried} failed.", failures=found.failures, tried=found.tried)


def _reports(engine: Engine, settings: Settings) -> Check:
    if settings.report_folder is None:
        return Check("reports", True, _("None is written by the clock."))
    try:
        found, _total = audit.entries(engine, object_type=schedule.OBJECT, limit=1)
    except SQLAlchemyError:
        found = []
    if not found:
        none = _("None was written into {folder} yet.", folder=str(settings.report_folder))
        return Check("reports", True, none)
    last = found[0]
    if last.action == schedule.FAILED:
        return Check(
            "reports",
            False,
            str(last.details["said"]),
            _("Mend the cause; a scheduler that is started anew tries at once."),
        )
    return Check("reports", True, _("The last one is {path}.", path=str(last.details["path"])))


def _bot(settings: Settings) -> Check:
    async def ask() -> Check:
        async with Gateway(settings.token, settings.api_url) as gateway:
            found = await asyncio.wait_for(gateway.call("getMe", {}), PATIENCE)
        if found.verdict is Verdict.SENT:
            bot = str(settings.bot_id)
            if settings.is_sandbox:
                return Check("bot", True, _("Bot {bot} is known to the sandbox.", bot=bot))
            known = _("Bot {bot} is known to {server}.", bot=bot, server=settings.api_url)
            return Check("bot", True, known)
        said = found.description or _("status {code}", code=str(found.error_code))
        if found.verdict is Verdict.BOT_FAULT:
            return Check("bot", False, f"{said}.", _("Set BOT_TOKEN as @BotFather shows it."))
        remedy = _("Check that {server} can be reached.", server=settings.api_url)
        return Check("bot", False, f"{said}.", remedy)

    try:
        return asyncio.run(ask())
    except TimeoutError:
        return Check(
            "bot",
            False,
            _("{server} does not answer.", server=settings.api_url),
            _("Check HSL_TELEGRAM_API_URL."),
        )


def _media(settings: Settings) -> Check:
    """Whether the chat that keeps uploaded files is set, and the bot sees it."""
    if settings.media_place is None:
        remedy = _("To upload files, set HSL_MEDIA_CHAT to a private channel of your team's.")
        return Check("files", True, _("No chat is set that keeps uploaded files."), remedy)
    try:
        name = place.check(settings)
    except MediaError as fault:
        return Check("files", False, str(fault))
    return Check("files", True, _("Uploaded files are kept in “{name}”.", name=name))


def _clock(settings: Settings) -> Check:
    try:
        asked = Request(settings.api_url, method="HEAD")  # HTTP only, as the setting requires
        with urlopen(asked, timeout=PATIENCE) as answer:  # nosec B310
            said = answer.headers["Date"]
    except HTTPError as answer:
        said = answer.headers["Date"]
    except (URLError, OSError):
        return Check(
            "clock",
            True,
            _("Not compared: the Bot API server does not answer."),
            _("See the bot check."),
        )
    if not said:
        return Check("clock", True, _("Not compared: the Bot API server names no time."))
    apart = abs((models.utc_now() - parsedate_to_datetime(said)).total_seconds())
    said = _("{seconds} s apart from the Bot API server's.", seconds=round(apart))
    if apart > CLOCK_TOLERANCE:
        remedy = _("Set this machine's clock by NTP; scheduled messages go by it.")
        return Check("clock", False, said, remedy)
    return Check("clock", True, said)


def _disk(settings: Settings) -> Check:
    free = vitals.free_space(settings.data_dir)
    said = _(
        "{space} GiB free for {folder}.",
        space=words.number(free / 2**30, decimals=1),
        folder=str(settings.data_dir),
    )
    if free < alarms.LOWEST_SPACE:
        remedy = _("Free some space: without it nothing can be recorded.")
        return Check("disk", False, said, remedy)
    return Check("disk", True, said)
