"""How a bot stands with Telegram at this moment: its pace, a hold, its trouble."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select

from hsl import database, models
from hsl.delivery import pace
from hsl.models import MessageStatus
from hsl.settings import Settings

Bots, History = models.bot_pace, models.message_history


@dataclass(frozen=True)
class Standing:
    """`rate` of `full_rate` messages a second; the rest says what holds the bot, if anything does.

    `held_until` is the end of a hold, `asked_to_wait` whether Telegram asked for it (429) or could
    not be reached. While there is `trouble`, Telegram is asked for the bot at `next_look`, and
    `paused` messages wait for its answer.
    """

    rate: float
    full_rate: float
    refusals: int
    held_until: datetime | None
    asked_to_wait: bool
    trouble: str | None
    trouble_since: datetime | None
    next_look: datetime | None
    paused: int
    paid_refusal: str | None
    pays_again_at: datetime | None

    @property
    def is_well(self) -> bool:
        """True while nothing holds the bot or slows it down."""
        return not (self.trouble or self.held_until or self.paid_refusal)


def of_bot(engine: Engine, settings: Settings) -> Standing:
    """How the settings' bot stands, by the database's clock."""
    rhythm = pace.Rhythm.of(settings)
    bot = pace.state(engine, settings.bot_id)
    with database.read_only(engine).begin() as connection:
        now = database.now(connection)
        row = connection.execute(
            select(Bots.c.trouble_since, Bots.c.trouble_look_at).where(
                Bots.c.bot_id == settings.bot_id
            )
        ).one_or_none()
        paused = connection.execute(
            select(func.count()).where(
                History.c.bot_id == settings.bot_id,
                History.c.status == MessageStatus.PAUSED,
                History.c.status_reason == (bot.trouble if bot else None),
            )
        ).scalar_one()
    if bot is None or row is None:
        return Standing(rhythm.rate, rhythm.rate, 0, None, False, None, None, None, 0, None, None)
    held = bot.not_before if bot.not_before is not None and bot.not_before > now else None
    unpaid = bot.paid_refused_at if not bot.may_pay(now.timestamp()) else None
    return Standing(
        rate=pace.present_rate(bot, rhythm, now.timestamp()),
        full_rate=rhythm.rate,
        refusals=bot.refusals,
        held_until=held,
        asked_to_wait=held is not None and held == bot.rate_changed_at,
        trouble=bot.trouble,
        trouble_since=row.trouble_since if bot.trouble else None,
        next_look=row.trouble_look_at if bot.trouble else None,
        paused=int(paused) if bot.trouble else 0,
        paid_refusal=bot.paid_refusal if unpaid else None,
        pays_again_at=unpaid + timedelta(seconds=pace.PAID_AGAIN) if unpaid else None,
    )
