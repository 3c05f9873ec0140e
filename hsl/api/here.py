"""What every address of the API stands on: the database, the settings, and who may use it."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import Engine

from hsl import acting, bots
from hsl.acting import Permission
from hsl.api.problems import ProblemError
from hsl.audience import written
from hsl.audience.cohort import Cohort
from hsl.settings import Settings


@dataclass(frozen=True)
class House:
    """The database and the settings that the API works on."""

    engine: Engine
    settings: Settings

    def through(self, bot: str | None = None) -> Settings:
        """The settings with the bot of this name; without one, with the bot in use.

        Raises BotError and SealError.
        """
        return bots.speaking(self.engine, self.settings, bot)


async def _house(request: Request) -> House:
    found: House = request.app.state.house
    return found


Here = Annotated[House, Depends(_house)]


async def refuse_unknown(request: Request) -> None:
    """A dependency: a parameter with a slip of the pen must not pass for one left out."""
    route = request.scope["route"]
    known = {parameter.alias for parameter in route.dependant.query_params}
    for name in request.query_params:
        if name not in known:
            expected = ", ".join(sorted(known)) or "none"
            raise ProblemError(
                422, f"“{name[:60]}” is no parameter of this address; there are: {expected}."
            )


def asks(permission: Permission) -> Any:
    """A dependency: the key must have this scope, or the answer is 403."""

    async def asked() -> None:
        actor = acting.current()
        if not actor.may(permission):
            raise ProblemError(
                403,
                f"The key {actor.name} has no scope “{permission}”. An admin can make one that has "
                "it.",
            )

    return Depends(asked)


def signed() -> str:
    """As whom a deed is signed."""
    return acting.current().name


def cohort_of(here: House, where: str | None, cohort: Cohort | None) -> Cohort:
    """The cohort of an expression, or the one that is given. Raises WhereError."""
    return written.cohort_of(here.engine, where) if where is not None else cohort or Cohort()
