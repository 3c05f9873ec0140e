"""Several bots in one house: their tokens are kept sealed, and each message belongs to one bot.

Whatever sends or asks Telegram takes its bot from its settings. So a kept bot is the settings of
this process with that bot's token in them, and nothing else knows that there are several.
"""

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from hsl import audit, audit_changes, database, models, sealing
from hsl.acting import Permission, needs
from hsl.delivery.outcome import Verdict
from hsl.errors import PlainError
from hsl.models import MessageStatus, utc_now
from hsl.settings import Settings
from hsl.words import _

Bots, History = models.bots, models.message_history
UNFINISHED = [MessageStatus.SCHEDULED, MessageStatus.SENDING, MessageStatus.PAUSED]
LONGEST_NAME = 64  # characters


class BotError(PlainError):
    """A bot cannot be kept, found or removed; the message says why and what to do."""


@dataclass(frozen=True)
class Kept:
    """A bot whose token is kept; `waiting` are its messages that are not over."""

    bot_id: int
    name: str
    username: str
    in_use: bool
    added_at: datetime
    waiting: int


@dataclass(frozen=True)
class Speaker:
    """A bot through which can be written; the one `in_use` speaks where none is named."""

    bot_id: int
    name: str  # BOT_TOKEN for the one that is given by that alone
    username: str  # empty where only Telegram knows it
    in_use: bool


@dataclass(frozen=True)
class Served:
    """The settings of each bot that is to be served, and why others cannot be, as sentences."""

    settings: dict[int, Settings]
    faults: dict[str, str]


def listing(engine: Engine, settings: Settings) -> list[Kept]:
    """The kept bots by their names; `in_use` is the one that speaks where none is named."""
    waiting = (
        select(func.count())
        .where(History.c.bot_id == Bots.c.bot_id, History.c.status.in_(UNFINISHED))
        .scalar_subquery()
    )
    found = select(Bots, waiting.label("waiting")).where(Bots.c.removed_at.is_(None))
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(found.order_by(Bots.c.name)).all()
        speaking = _speaking(connection, settings, None)
    return [
        Kept(
            bot_id=row.bot_id,
            name=row.name,
            username=row.username,
            in_use=speaking is not None and row.bot_id == speaking.bot_id,
            added_at=row.added_at,
            waiting=row.waiting,
        )
        for row in rows
    ]


def speaking(engine: Engine, settings: Settings, name: str | None = None) -> Settings:
    """The settings of the bot with this name; without one, of the bot in use.

    Where none is in use BOT_TOKEN's bot speaks, and without that the first one that was kept.
    Raises BotError and SealError.
    """
    with database.read_only(engine).begin() as connection:
        found = _speaking(connection, settings, name)
    return settings if found is None else _settings_of(settings, found)


def speakers(engine: Engine, settings: Settings) -> list[Speaker]:
    """The bots that a message can go through, by their names: those kept, and BOT_TOKEN's."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(_kept().order_by(Bots.c.name)).all()
        found = _speaking(connection, settings, None)
    in_use = settings.bot_id if found is None else found.bot_id
    kept = [Speaker(row.bot_id, row.name, row.username, row.bot_id == in_use) for row in rows]
    if settings.is_sandbox or settings.bot_id in {one.bot_id for one in kept}:
        return kept
    return [*kept, Speaker(settings.bot_id, "BOT_TOKEN", "", settings.bot_id == in_use)]


def of_id(engine: Engine, settings: Settings, bot_id: int) -> Settings:
    """The settings of the bot of this id, kept or BOT_TOKEN's. Raises BotError and SealError."""
    with database.read_only(engine).begin() as connection:
        row = connection.execute(_kept(Bots.c.bot_id == bot_id)).one_or_none()
    if row is not None:
        return _settings_of(settings, row)
    if settings.bot_id != bot_id:
        raise BotError(
            _("Bot {bot}, which was chosen, is not kept any more. Choose another.", bot=str(bot_id))
        )
    return settings


def served(engine: Engine, settings: Settings) -> Served:
    """Every bot that a scheduler sends for: those kept, and BOT_TOKEN's.

    Without either it is the sandbox's. Of a bot that is in both, the kept token counts.
    """
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(_kept()).all()
    found, faults = {}, {}
    if not settings.is_sandbox or not rows:
        found[settings.bot_id] = settings
    for row in rows:
        try:
            found[row.bot_id] = _settings_of(settings, row)
        except sealing.SealError as fault:
            found.pop(row.bot_id, None)
            faults[row.name] = str(fault)
    return Served(found, faults)


@needs(Permission.MANAGE)
def add(engine: Engine, settings: Settings, name: str, token: str, *, actor: str) -> str:
    """Keep a bot under a name, its token sealed; its username, as Telegram tells it.

    Raises BotError and SealError, and then nothing is kept.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BotError(_("A bot's name has 1 to {most} printable characters.", most=LONGEST_NAME))
    username = _ask_who(settings, token)
    sealed, bot_id = sealing.seal(settings, token.encode()), _id_of(token)
    with engine.begin() as connection:
        rows = connection.execute(select(Bots).with_for_update()).all()
        kept = [row for row in rows if row.removed_at is None]
        for row in rows:
            if row.bot_id != bot_id and row.name == name:
                raise BotError(
                    _("There is a bot {name} already. Give this one another name.", name=name)
                )
        if any(row.bot_id == bot_id for row in kept):
            raise BotError(
                _(
                    "Bot {bot} is kept already. Give it a new token with "
                    "`python -m hsl bot rotate NAME`.",
                    bot=str(bot_id),
                )
            )
        values: dict[str, Any] = {
            "name": name,
            "username": username,
            "sealed_token": sealed,
            "in_use": False,
            "added_at": utc_now(),
            "removed_at": None,
        }
        if any(row.bot_id == bot_id for row in rows):
            connection.execute(update(Bots).where(Bots.c.bot_id == bot_id).values(values))
        else:
            connection.execute(insert(Bots).values(bot_id=bot_id, **values))
        _record(connection, actor, "bot_added", bot_id, name, username=username)
    return username


@needs(Permission.MANAGE)
def use(engine: Engine, name: str, *, actor: str) -> None:
    """Let this bot speak where none is named. Raises BotError."""
    with engine.begin() as connection:
        row = _locked(connection, name)
        before = connection.execute(_kept(Bots.c.in_use)).first()
        connection.execute(update(Bots).values(in_use=Bots.c.bot_id == row.bot_id))
        changed = audit_changes.between(
            {"in_use": None if before is None else before.name}, {"in_use": name}
        )
        _record(connection, actor, "bot_used", row.bot_id, name, **changed)


@needs(Permission.MANAGE)
def rotate(engine: Engine, settings: Settings, name: str, token: str, *, actor: str) -> None:
    """Give a kept bot its new token; schedulers take it within seconds. Raises BotError."""
    with database.read_only(engine).begin() as connection:
        row = connection.execute(_kept(Bots.c.name == name)).one_or_none()
        if row is None:
            raise _no_such(connection, name)
    username = _ask_who(settings, token)
    if _id_of(token) != row.bot_id:
        raise BotError(
            _(
                "This token is of bot {other}, and {name} is bot {bot}. Add the other one with "
                "`python -m hsl bot add NAME`.",
                other=str(_id_of(token)),
                name=name,
                bot=str(row.bot_id),
            )
        )
    sealed = sealing.seal(settings, token.encode())
    with engine.begin() as connection:
        row = _locked(connection, name)
        connection.execute(
            update(Bots)
            .where(Bots.c.bot_id == row.bot_id)
            .values(sealed_token=sealed, username=username)
        )
        changed = audit_changes.between({"username": row.username}, {"username": username})
        _record(connection, actor, "bot_rotated", row.bot_id, name, **changed)


def seal_within(connection: Connection, settings: Settings, *, actor: str) -> int:
    """Seal every kept token with the first key; how many there are. Raises SealError."""
    rows = connection.execute(_kept().with_for_update()).all()
    for row in rows:
        connection.execute(
            update(Bots)
            .where(Bots.c.bot_id == row.bot_id)
            .values(sealed_token=sealing.sealed_anew(settings, row.sealed_token))
        )
        _record(connection, actor, "bot_sealed_anew", row.bot_id, row.name)
    return len(rows)


@needs(Permission.MANAGE)
def remove(engine: Engine, name: str, *, actor: str, with_waiting: bool = False) -> None:
    """Forget a bot's token. Raises BotError, also while messages of it wait, unless told so."""
    with engine.begin() as connection:
        row = _locked(connection, name)
        of_it = History.c.bot_id == row.bot_id, History.c.status.in_(UNFINISHED)
        waiting = connection.execute(select(func.count()).where(*of_it)).scalar_one()
        if waiting and not with_waiting:
            raise BotError(
                _(
                    "{waiting} messages of {name} are not over, and nobody would send them. "
                    "Cancel them first, or add --yes.",
                    waiting=waiting,
                    name=name,
                )
            )
        connection.execute(
            update(Bots)
            .where(Bots.c.bot_id == row.bot_id)
            .values(sealed_token=None, in_use=False, removed_at=utc_now())
        )
        _record(connection, actor, "bot_removed", row.bot_id, name, waiting=waiting)


def _kept(*fits: Any) -> Any:
    return select(Bots).where(Bots.c.removed_at.is_(None), *fits)


def _speaking(connection: Connection, settings: Settings, name: str | None) -> Row[Any] | None:
    if name is not None:
        found = connection.execute(_kept(Bots.c.name == name)).one_or_none()
        if found is None:
            raise _no_such(connection, name)
        return found
    first = _kept().order_by(Bots.c.in_use.desc(), Bots.c.added_at, Bots.c.bot_id).limit(1)
    found = connection.execute(first).one_or_none()
    return found if found is not None and (found.in_use or settings.is_sandbox) else None


def _locked(connection: Connection, name: str) -> Row[Any]:
    row = connection.execute(_kept(Bots.c.name == name).with_for_update()).one_or_none()
    if row is None:
        raise _no_such(connection, name)
    return row


def _no_such(connection: Connection, name: str) -> BotError:
    names = [row.name for row in connection.execute(_kept().order_by(Bots.c.name))]
    known = ", ".join(names) or _("none yet; see `python -m hsl bot add NAME`")
    return BotError(_("There is no bot {name}. There are: {names}.", name=name, names=known))


def _settings_of(settings: Settings, row: Row[Any]) -> Settings:
    token = sealing.unseal(settings, row.sealed_token).decode()
    return settings.model_copy(update={"bot_token": SecretStr(token)})


def _id_of(token: str) -> int:
    return int(token.partition(":")[0])


def _ask_who(settings: Settings, token: str) -> str:
    """The username of the bot that has this token. Raises BotError."""
    # Telegram's library takes a while to load, and sending looks for its bot alone.
    from hsl.delivery.gateway import Gateway

    if not re.fullmatch(r"\d{1,19}:[\w-]+", token, re.ASCII):
        raise BotError(_("That is no bot's token (123456:ABC…), as @BotFather gives it."))
    asking = settings.model_copy(update={"bot_token": SecretStr(token)})

    async def ask() -> Any:
        async with Gateway(token, asking.api_url) as gateway:
            return await gateway.ask("getMe", {})

    answer = asyncio.run(ask())
    if answer.outcome.verdict is Verdict.SENT and isinstance(answer.result, dict):
        return str(answer.result.get("username") or "")
    if answer.outcome.verdict is Verdict.BOT_FAULT:
        raise BotError(
            _("Telegram does not know this token. Copy it again from @BotFather; nothing was kept.")
        )
    raise BotError(
        _(
            "{server} does not say whose token this is ({why}). Try again; nothing was kept.",
            server=asking.api_url,
            why=answer.outcome.description or str(answer.outcome.error_code),
        )
    )


def _record(
    connection: Connection, actor: str, action: str, bot_id: int, name: str, **details: Any
) -> None:
    audit.record(
        connection,
        actor=actor,
        action=action,
        object_type="bot",
        object_id=bot_id,
        details={"name": name, **details},
    )
