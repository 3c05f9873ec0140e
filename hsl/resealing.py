"""Whatever the database keeps sealed, sealed with the first key, so that the others can go."""

from dataclasses import dataclass

from sqlalchemy import Engine

from hsl import bots
from hsl.accounts import second_factor
from hsl.acting import Permission, needs
from hsl.settings import Settings
from hsl.webhooks import kept


@dataclass(frozen=True)
class Sealed:
    """How many of each are sealed with the first key."""

    bots: int
    webhooks: int
    second_factors: int


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
