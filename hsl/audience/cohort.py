"""Who is meant, as typed values: a cohort (what an analyst filtered by), and sums of cohorts."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Cohort(BaseModel):
    """Conditions on people; all hold together, and an empty cohort is nobody.

    `streams` are joined by `match` (any: a union, all: an intersection); with any, `not_enrolled`
    adds those in no stream. `attributes` maps a name to the values of which one must hold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    streams: tuple[str, ...] = ()
    match: Literal["any", "all"] = "any"
    not_enrolled: bool = False
    languages: tuple[str, ...] = ()
    registered_from: date | None = None
    registered_to: date | None = None
    reachable: bool | None = None
    attributes: dict[str, tuple[str, ...]] = {}
    search: str = ""
    user_ids: tuple[int, ...] = ()
    everyone: bool = False
    got_message: int | None = None
    missed_message: int | None = None

    @property
    def is_empty(self) -> bool:
        """True when nothing was chosen, which means nobody."""
        return self == Cohort(match=self.match)

    def sentence(self) -> str:
        """The cohort in words, such as "in 4th_stream, reachable"."""
        if self.is_empty:
            return "nobody"
        joiner = " or " if self.match == "any" else " and "
        places = [f"in {stream}" for stream in self.streams]
        places += ["not enrolled"] if self.not_enrolled else []
        parts = [joiner.join(places)] if places else []
        parts += [f"speaking {' or '.join(self.languages)}"] if self.languages else []
        parts += [f"registered from {self.registered_from}"] if self.registered_from else []
        parts += [f"registered until {self.registered_to}"] if self.registered_to else []
        if self.reachable is not None:
            parts.append("reachable" if self.reachable else "unreachable")
        parts += [
            f"{name} is {' or '.join(values)}" for name, values in sorted(self.attributes.items())
        ]
        parts += [f"found by “{self.search}”"] if self.search else []
        parts += [f"{len(self.user_ids):,} chosen by name"] if self.user_ids else []
        parts += [f"who got message {self.got_message}"] if self.got_message else []
        parts += [f"who did not get message {self.missed_message}"] if self.missed_message else []
        return ", ".join(parts) or "everybody"


class Audience(BaseModel):
    """Everybody in any of `include` and in none of `exclude`; nobody is in it twice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    include: tuple[Cohort, ...] = ()
    exclude: tuple[Cohort, ...] = ()
    ignore_cap: str = ""  # why the frequency cap does not hold for what is sent to it

    @property
    def is_empty(self) -> bool:
        """True when nothing was chosen, which means nobody."""
        return all(cohort.is_empty for cohort in self.include)

    @property
    def user_ids(self) -> tuple[int, ...]:
        """The ids that were named one by one, each once."""
        return tuple(dict.fromkeys(i for cohort in self.include for i in cohort.user_ids))

    @property
    def is_individual(self) -> bool:
        """True when everybody in it was chosen by name or id."""
        return all(cohort == Cohort(user_ids=cohort.user_ids) for cohort in self.include)

    def sentence(self) -> str:
        """The audience in words, such as "in 4th_stream, and 2 chosen by name"."""
        chosen = "; and ".join(c.sentence() for c in self.include if not c.is_empty)
        without = "; and ".join(c.sentence() for c in self.exclude if not c.is_empty)
        return (chosen or "nobody") + (f"; without {without}" if without else "")
