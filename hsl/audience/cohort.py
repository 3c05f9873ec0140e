"""Who is meant, as typed values: a cohort (what an analyst filtered by), and sums of cohorts."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from hsl.audience import conditions, sentences
from hsl.audience.conditions import Condition
from hsl.words import N_, _, in_english


class _Flat(BaseModel):
    """The form in which cohorts were stored before they had conditions; it is read for ever."""

    model_config = ConfigDict(extra="forbid")

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

    def conditions(self) -> list[Condition]:
        """The same as conditions, in the order in which they are said."""
        found = self._places()
        if self.languages:
            found.append(conditions.Person(name="language_code", op="in", values=self.languages))
        for day, op in ((self.registered_from, "ge"), (self.registered_to, "le")):
            if day is not None:
                found.append(
                    conditions.Person.model_validate(
                        {"name": "registered_at", "op": op, "values": (day,)}
                    )
                )
        if self.reachable is not None:
            found.append(conditions.Reachable(reachable=self.reachable))
        for name, values in sorted(self.attributes.items()):
            found.append(
                conditions.Attribute(name=name, op="in", values=values)
                if values
                else conditions.NOBODY
            )
        if words := self.search.replace("\x00", "").strip():
            found.append(conditions.Search(words=words[: conditions.MOST_CHARACTERS]))
        if self.user_ids:
            found.append(conditions.Ids(ids=self.user_ids))
        if self.got_message is not None:
            found.append(conditions.MessageOutcome(message_id=self.got_message, outcome="got"))
        if self.missed_message is not None:
            found.append(
                conditions.MessageOutcome(message_id=self.missed_message, outcome="missed")
            )
        return found or ([conditions.Everyone()] if self.everyone else [])

    def _places(self) -> list[Condition]:
        inside = (
            [conditions.InStream(streams=self.streams, match=self.match)] if self.streams else []
        )
        outside = [conditions.NOT_ENROLLED] if self.not_enrolled else []
        if self.match == "all":
            return [*inside, *outside]
        places = conditions.any_of(*inside, *outside)
        return [] if places is None else [places]


class Cohort(BaseModel):
    """The people of whom `where` holds; without a condition it is nobody.

    The keywords are short for common conditions, joined by and; `streams` by `match`, and with
    "any", `not_enrolled` adds those in no stream. `attributes` maps a name to the texts of which
    one must be its value. Stored cohorts of that form are read too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    where: Condition | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            where: Condition | None = None,
            streams: tuple[str, ...] = (),
            match: Literal["any", "all"] = "any",
            not_enrolled: bool = False,
            languages: tuple[str, ...] = (),
            registered_from: date | None = None,
            registered_to: date | None = None,
            reachable: bool | None = None,
            attributes: Mapping[str, tuple[str, ...]] = {},
            search: str = "",
            user_ids: tuple[int, ...] = (),
            everyone: bool = False,
            got_message: int | None = None,
            missed_message: int | None = None,
        ) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _from_flat(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not given.keys() - {"where"}:
            return given
        first = cls.model_validate({"where": given.get("where")}).where
        flat = _Flat.model_validate({k: v for k, v in given.items() if k != "where"})
        parts = [] if first is None else [first]
        return {"where": conditions.all_of(*parts, *flat.conditions())}

    @property
    def is_empty(self) -> bool:
        """True when nothing was chosen, which means nobody."""
        return self.where is None

    @property
    def user_ids(self) -> tuple[int, ...]:
        """The ids of a cohort that was chosen one by one; else none."""
        return self.where.ids if isinstance(self.where, conditions.Ids) else ()

    def sentence(self) -> str:
        """The cohort in words, such as "in 4th_stream, reachable"."""
        return _("nobody") if self.where is None else sentences.sentence(self.where)

    def english(self) -> str:
        """The same in English, for what is stored: whoever reads it later."""
        with in_english():
            return self.sentence()


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
        return all(cohort.is_empty or cohort.user_ids for cohort in self.include)

    def sentence(self) -> str:
        """The audience in words, such as "in 4th_stream; and 2 chosen by name"."""
        both = N_("{one}; and {other}")
        chosen = sentences.joined(both, (c.sentence() for c in self.include if not c.is_empty))
        without = sentences.joined(both, (c.sentence() for c in self.exclude if not c.is_empty))
        chosen = chosen or _("nobody")
        return _("{chosen}; without {gone}", chosen=chosen, gone=without) if without else chosen

    def english(self) -> str:
        """The same in English, for what is stored: whoever reads it later."""
        with in_english():
            return self.sentence()
