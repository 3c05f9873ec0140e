"""RESULT of an experiment: its arms side by side, with intervals.

A share has Wilson's interval at 95 %, a difference of two shares Newcombe's (Newcombe 1998, method
10: made of the two Wilson intervals). Delivered is a share of those who were tried; pressed is a
share of those to whom it was delivered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import sqrt
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from hsl import database, models
from hsl.audience.cohort import Audience
from hsl.errors import PlainError
from hsl.insights import SMALL, wilson
from hsl.table import Column, Kind, Table
from hsl.words import N_, _, number

Experiments, History, Presses = models.experiments, models.message_history, models.button_presses
ANY_BUTTON = N_("any button")
RESULT_COLUMNS = (
    Column("arm"),
    Column("message_id", Kind.INTEGER),
    Column("status"),
    Column("people", Kind.INTEGER),
    Column("left_out", Kind.INTEGER),
    Column("measure"),
    Column("button"),
    Column("hits", Kind.INTEGER),
    Column("of", Kind.INTEGER),
    *(
        Column(name, Kind.NUMBER)
        for name in ("share", "low", "high", "difference", "difference_low", "difference_high")
    ),
)


def signed(value: float) -> str:
    """A number with one decimal and its sign."""
    return ("+" if value >= 0 else "-") + number(abs(value), decimals=1)


class ExperimentError(PlainError, ValueError):
    """There is no such experiment."""


@dataclass(frozen=True)
class Difference:
    """One share less the first arm's, in its interval at 95 %."""

    by: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """True where the interval leaves out zero."""
        return self.low > 0 or self.high < 0

    def sentence(self) -> str:
        """Such as "+1.2 points (-0.4 to +2.8)"."""
        by, low, high = (signed(100 * part) for part in (self.by, self.low, self.high))
        return _("{by} points ({low} to {high})", by=by, low=low, high=high)


@dataclass(frozen=True)
class Share:
    """`hits` of `of` people in its interval at 95 %, and its difference to the first arm's."""

    hits: int
    of: int
    share: float
    low: float
    high: float
    difference: Difference | None = None

    @property
    def is_small(self) -> bool:
        """True where there are too few people to say much."""
        return self.of < SMALL

    def sentence(self) -> str:
        """Such as "98.4 % of 1,204 (97.5 to 99.0)"."""
        if not self.of:
            return _("nobody yet")
        values = {
            "percent": number(100 * self.share, decimals=1),
            "whole": self.of,
            "low": number(100 * self.low, decimals=1),
            "high": number(100 * self.high, decimals=1),
        }
        if self.difference is None:
            return _("{percent} % of {whole} ({low} to {high})", **values)
        return _(
            "{percent} % of {whole} ({low} to {high}), {difference}",
            difference=self.difference.sentence(),
            **values,
        )


@dataclass(frozen=True)
class ArmResult:
    """An arm: its people, and what came of its message; a hold-out has none."""

    name: str
    share: float  # percent of the audience
    people: int
    left_out: dict[str, int]
    message_id: int | None
    status: str | None
    low: int
    high: int
    delivered: Share | None = None
    pressed: dict[str, Share] | None = None


@dataclass(frozen=True)
class Result:
    """An experiment with its arms in their order."""

    id: int
    name: str
    author: str
    salt: str
    audience: Audience
    created_at: datetime
    arms: tuple[ArmResult, ...]

    @property
    def has_presses(self) -> bool:
        """True where a press of any arm's button was recorded."""
        return any(share.hits for arm in self.arms for share in (arm.pressed or {}).values())

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        found = asdict(self)
        found["audience"] = self.audience.model_dump(mode="json")
        found["created_at"] = self.created_at.isoformat()
        return found

    def as_table(self) -> Table:
        """A line for each arm and measure: "delivered", and "pressed" with its button."""
        return Table(RESULT_COLUMNS, [line for arm in self.arms for line in _lines(arm)])

    def as_text(self) -> str:
        """For a terminal."""
        lines = [f"Experiment {self.id}: {self.name}, {self.audience.sentence()}"]
        for arm in self.arms:
            lines.append(f"{arm.name}: {arm.people:,} people ({arm.share:g} %)")
            if arm.delivered is None:
                lines.append("  no message (hold-out)")
                continue
            lines.append(f"  message {arm.message_id}, {arm.status}")
            lines.append(f"  delivered {arm.delivered.sentence()}")
            for button, share in (arm.pressed or {}).items():
                lines.append(f"  pressed {button}: {share.sentence()}")
        if not self.has_presses:
            lines.append("No presses are recorded. See `python -m hsl import-presses --help`.")
        return "\n".join(lines)


@dataclass(frozen=True)
class Listed:
    """An experiment in a list."""

    id: int
    name: str
    author: str
    created_at: datetime
    arms: tuple[ArmResult, ...]


def _lines(arm: ArmResult) -> Iterator[tuple[object, ...]]:
    left_out = sum(arm.left_out.values())
    about = (arm.name, arm.message_id, arm.status, arm.people, left_out)
    if arm.delivered is None:
        yield (*about, None, None, None, None, None, None, None, None, None, None)
        return
    measured: list[tuple[str, str | None, Share]] = [("delivered", None, arm.delivered)]
    measured += [("pressed", button, share) for button, share in (arm.pressed or {}).items()]
    for measure, button, share in measured:
        apart = share.difference
        yield (
            *(*about, measure, button, share.hits, share.of),
            *((share.share, share.low, share.high) if share.of else (None, None, None)),
            *((apart.by, apart.low, apart.high) if apart else (None, None, None)),
        )


def newcombe(hits: int, of: int, other_hits: int, other_of: int) -> tuple[float, float]:
    """The interval at 95 % of hits / of less other_hits / other_of; -1 to 1 where one is empty."""
    if not of or not other_of:
        return -1.0, 1.0
    share, other = hits / of, other_hits / other_of
    low, high = wilson(hits, of)
    other_low, other_high = wilson(other_hits, other_of)
    by = share - other
    return (
        by - sqrt((share - low) ** 2 + (other_high - other) ** 2),
        by + sqrt((high - share) ** 2 + (other - other_low) ** 2),
    )


def listing(engine: Engine) -> list[Listed]:
    """All experiments, the last first."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(select(Experiments).order_by(Experiments.c.id.desc())).all()
        messages = _messages(connection, [row.id for row in rows])
    return [
        Listed(row.id, row.name, row.author, row.created_at, _arms(row, messages, {}))
        for row in rows
    ]


def result(engine: Engine, experiment_id: int) -> Result:
    """An experiment's arms side by side. Raises ExperimentError."""
    with database.read_only(engine).begin() as connection:
        row = connection.execute(
            select(Experiments).where(Experiments.c.id == min(experiment_id, models.MAX_ROW_ID))
        ).one_or_none()
        if row is None:
            raise ExperimentError(
                _(
                    "There is no experiment {number}. `python -m hsl experiment` lists them.",
                    number=str(experiment_id),
                )
            )
        messages = _messages(connection, [row.id])
        pressed = _pressed(connection, list(messages))
    return Result(
        id=row.id,
        name=row.name,
        author=row.author,
        salt=row.salt,
        audience=Audience.model_validate(row.audience),
        created_at=row.created_at,
        arms=_arms(row, messages, pressed),
    )


def _messages(connection: Connection, experiment_ids: Sequence[int]) -> dict[int, Row[Any]]:
    rows = connection.execute(select(History).where(History.c.experiment_id.in_(experiment_ids)))
    return {row.id: row for row in rows}


def _pressed(connection: Connection, message_ids: list[int]) -> dict[int, dict[str, int]]:
    """By message: how many people pressed each button, and any."""
    theirs = Presses.c.message_id.in_(message_ids)
    people = func.count(Presses.c.user_id.distinct()).label("people")
    by_button = connection.execute(
        select(Presses.c.message_id, Presses.c.button, people)
        .where(theirs)
        .group_by(Presses.c.message_id, Presses.c.button)
        .order_by(Presses.c.button)
    ).all()
    in_all = connection.execute(
        select(Presses.c.message_id, people).where(theirs).group_by(Presses.c.message_id)
    ).all()
    found: dict[int, dict[str, int]] = {number: {} for number in message_ids}
    for row in by_button:
        found[row.message_id][row.button] = row.people
    for row in in_all:
        found[row.message_id][ANY_BUTTON] = row.people
    return found


def _arms(
    row: Row[Any], messages: dict[int, Row[Any]], pressed: dict[int, dict[str, int]]
) -> tuple[ArmResult, ...]:
    found: list[ArmResult] = []
    for stored in row.arms:
        message = messages.get(stored["message_id"] or 0)
        first = found[0] if found else None
        arm = ArmResult(
            name=stored["name"],
            share=stored["share"],
            people=stored.get("people", 0) if message is None else _people(message),
            left_out=stored.get("left_out", {}) if message is None else message.left_out,
            message_id=stored["message_id"],
            status=None if message is None else message.status,
            low=stored["low"],
            high=stored["high"],
            delivered=None if message is None else _delivered(message, first),
            pressed=(
                None if message is None else _presses(message, pressed.get(message.id, {}), first)
            ),
        )
        found.append(arm)
    return tuple(found)


def _people(message: Row[Any]) -> int:
    return int(message.total_recipients or message.audience_at_creation)


def _delivered(message: Row[Any], first: ArmResult | None) -> Share:
    got = message.successful_deliveries + message.deleted_deliveries
    tried = got + message.failed_deliveries + message.uncertain_deliveries
    return _share(got, tried, first.delivered if first else None)


def _presses(
    message: Row[Any], people: dict[str, int], first: ArmResult | None
) -> dict[str, Share]:
    got = message.successful_deliveries + message.deleted_deliveries
    offered = [
        button["callback_data"]
        for line in message.buttons
        for button in line
        if button.get("callback_data")
    ]
    names = [*dict.fromkeys([*offered, *(n for n in people if n != ANY_BUTTON)])]
    names += [ANY_BUTTON] if len(names) > 1 else []
    others = (first.pressed if first else None) or {}
    return {name: _share(min(people.get(name, 0), got), got, others.get(name)) for name in names}


def _share(hits: int, of: int, first: Share | None) -> Share:
    low, high = wilson(hits, of)
    difference = None
    if first is not None:
        apart = newcombe(hits, of, first.hits, first.of)
        by = hits / of - first.hits / first.of if of and first.of else 0.0
        difference = Difference(by, *apart)
    return Share(hits, of, hits / of if of else 0.0, low, high, difference)
