"""Whatever the database keeps sealed, sealed with the first key, so that the others can go."""

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from hsl import bots, database, models, outward
from hsl.accounts import second_factor
from hsl.accounts.tables import accounts
from hsl.acting import Permission, needs
from hsl.settings import Settings
from hsl.webhooks import kept


@dataclass(frozen=True)
class Sealed:
    """How many of each are sealed with the first key."""

    bots: int
    webhooks: int
    second_factors: int


@dataclass(frozen=True)
class Kept:
    """How many secrets the database keeps: sealed, and as they are."""

    sealed: int
    plain: int


def kept_secrets(engine: Engine) -> Kept:
    """Count them; bots and webhooks have sealed ones alone, as they are not taken without a key."""
    columns = (
        models.bots.c.sealed_token,
        outward.webhooks.c.sealed_secret,
        accounts.c.totp_secret,
    )
    with database.read_only(engine).begin() as connection:
        plain = second_factor.plain(connection)
        each = [connection.execute(select(func.count(column))).scalar_one() for column in columns]
    return Kept(sealed=sum(each) - plain, plain=plain)


@needs(Permission.MANAGE)
def seal_all(engine: Engine, settings: Settings, *, actor: str) -> Sealed:
    """Seal all of it with the first key, also second factors from before there was one.

    Raises SealError where there is no key or something does not open, and then nothing is changed.
    """
    with engine.begin() as connection:
        return Sealed(
            bots=bots.seal_within(connection, settings, actor=actor),
            webhooks=kept.seal_within(connection, settings, actor=actor),
            second_factors=second_factor.seal_within(connection, settings, actor=actor),
        )
