"""From a cohort that names segments to one that any engine can look up by itself."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Row, Select, select

from hsl import database, models
from hsl.audience import archived, conditions, resolve, usage
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.policy import Exclusion
from hsl.errors import PlainError
from hsl.models import SegmentMode
from hsl.words import _

Saved = models.segments
Chosen = TypeVar("Chosen", Cohort, Audience)
MOST_CONDITIONS = 500  # of a cohort with everything that its segments stand for
MOST_CHAINED = 40  # segments of which each names the next


class SegmentError(PlainError, ValueError):
    """A cohort cannot be looked up, or a segment not be changed as asked; nothing was changed."""


@dataclass(frozen=True)
class Segment:
    """A saved cohort; `people` is its size when it was last counted."""

    id: int
    name: str
    owner: str
    description: str
    cohort: Cohort
    mode: SegmentMode
    is_exclusion: bool
    created_at: datetime
    updated_at: datetime
    people: int | None = None

    def sentence(self) -> str:
        """What it holds, in words."""
        return self.cohort.sentence()


def expand(connection: Connection, chosen: Chosen) -> Chosen:
    """The same people with a condition of its own in the place of each segment.

    Dynamic ones are replaced by their cohorts' condition, frozen ones by membership. Raises
    SegmentError for a segment that is not there, that contains itself, or that comes to too much.
    """
    if not _names_a_segment(chosen):
        return chosen
    expansion = _Expansion(known_segments(connection))
    if isinstance(chosen, Cohort):
        return expansion.of(chosen)
    return chosen.model_copy(
        update={
            "include": tuple(expansion.of(cohort) for cohort in chosen.include),
            "exclude": tuple(expansion.of(cohort) for cohort in chosen.exclude),
        }
    )


def expanded(engine: Engine, chosen: Cohort | Audience) -> Cohort | Audience:
    """`expand` in a transaction of its own, and none where no segment is named.

    A segment that cannot be looked up is nobody here, as a page must not fail for it; whatever
    sends asks `expand`, which refuses it.
    """
    if not _names_a_segment(chosen):
        return chosen
    try:
        with database.read_only(engine).begin() as connection:
            if isinstance(chosen, Cohort):
                return expand(connection, chosen)
            return expand(connection, chosen)
    except SegmentError:
        return Cohort()


def people(connection: Connection, chosen: Cohort | Audience) -> Select[Any]:
    """A select of user_id and username of everybody in `chosen`, segments expanded.

    Raises SegmentError also where it hangs on messages whose recipients are archived.
    """
    return _found(connection, _meant(connection, chosen))


def _found(connection: Connection, meant: Cohort | Audience, words: str = "") -> Select[Any]:
    unknown = archived.missing(connection, meant, now=models.utc_now())
    if unknown is not None:
        raise SegmentError(words + unknown)
    return resolve.people(meant, connection.dialect.name)


def _meant(connection: Connection, chosen: Cohort | Audience) -> Cohort | Audience:
    if isinstance(chosen, Cohort):
        return expand(connection, chosen)
    return expand(connection, chosen)


def exclusions(connection: Connection) -> list[Exclusion]:
    """The exclusion lists by name: nobody on them gets any message.

    Raises SegmentError as `people`, as whoever is not found would get it.
    """
    known = known_segments(connection)
    expansion = _Expansion(known)
    return [
        Exclusion(
            name,
            _found(
                connection, expansion.of(by_name(name)), _("The exclusion list {name}: ", name=name)
            ),
        )
        for name, segment in sorted(known.items())
        if segment.is_exclusion
    ]


def of_audience(chosen: Audience) -> Cohort:
    """An audience as one cohort: in any of what it includes, and in none of what it excludes."""
    included = [cohort.where for cohort in chosen.include if cohort.where is not None]
    if not included:
        return Cohort()
    excluded = [
        conditions.Not(of=cohort.where) for cohort in chosen.exclude if cohort.where is not None
    ]
    return Cohort(where=conditions.all_of(conditions.any_of(*included), *excluded))  # type: ignore[arg-type]


def by_name(name: str) -> Cohort:
    """Everybody in the segment of this name."""
    return Cohort(where=conditions.Segment(name=name))


def _names_a_segment(chosen: Cohort | Audience) -> bool:
    return any(True for cohort in _cohorts(chosen) for _ in usage.names(cohort))


def _cohorts(chosen: Cohort | Audience) -> Iterator[Cohort]:
    if isinstance(chosen, Cohort):
        yield chosen
        return
    yield from chosen.include
    yield from chosen.exclude


class _Expansion:
    """Puts conditions in the place of segments, each of which is made once however often named."""

    def __init__(self, known: Mapping[str, Segment]) -> None:
        self._known = known
        self._made: dict[str, conditions.Condition] = {}
        self._depth: dict[str, int] = {}  # segments on the longest way down from each

    def of(self, cohort: Cohort) -> Cohort:
        """The cohort without segments. Raises SegmentError."""
        if cohort.where is None:
            return cohort
        return Cohort(where=self._expanded(cohort.where, (), "It"))

    def _expanded(
        self, where: conditions.Condition, chain: tuple[str, ...], called: str
    ) -> conditions.Condition:
        found = _replaced(where, lambda name: self._in_place_of(name, chain))
        if sum(1 for _ in islice(conditions.leaves(found), MOST_CONDITIONS + 1)) > MOST_CONDITIONS:
            raise SegmentError(
                _(
                    "{called} comes to more than {most_conditions} conditions with the segments "
                    "that it uses. Let it use fewer, or freeze one of them.",
                    called=called,
                    most_conditions=MOST_CONDITIONS,
                )
            )
        return found

    def _in_place_of(self, name: str, chain: tuple[str, ...]) -> conditions.Condition:
        if name in chain:
            raise SegmentError(_cycle((*chain[chain.index(name) :], name)))
        if name not in self._made:
            segment = among(self._known, name)
            self._require_short(name, len(chain) + 1)
            self._made[name] = self._condition(segment, (*chain, name))
            below = (self._depth.get(inner, 0) for inner in usage.names(segment.cohort))
            self._depth[name] = 1 + max(below, default=0)
            self._require_short(name, self._depth[name])
        return self._made[name]

    def _require_short(self, name: str, segments: int) -> None:
        if segments > MOST_CHAINED:
            raise SegmentError(
                _(
                    "With the segment {name} more than {most_chained} segments use each other in "
                    "one chain. Write the condition of one of them out, or freeze it.",
                    name=name,
                    most_chained=MOST_CHAINED,
                )
            )

    def _condition(self, segment: Segment, chain: tuple[str, ...]) -> conditions.Condition:
        if segment.mode is SegmentMode.FROZEN:
            return conditions.Members(segment_id=segment.id)
        if segment.cohort.where is None:
            return conditions.NOBODY
        return self._expanded(
            segment.cohort.where, chain, _("The segment {name}", name=segment.name)
        )


def _replaced(
    condition: conditions.Condition, in_place_of: Callable[[str], conditions.Condition]
) -> conditions.Condition:
    match condition:
        case conditions.Segment():
            return in_place_of(condition.name)
        case conditions.Not():
            return conditions.Not(of=_replaced(condition.of, in_place_of))
        case conditions.All() | conditions.AnyOf():
            return type(condition)(of=tuple(_replaced(c, in_place_of) for c in condition.of))
    return condition


def check_cycles(cohorts: dict[str, Cohort], changed: str) -> None:
    """Raise SegmentError where `changed` names a segment that is not there, or comes to itself."""
    clear: set[str] = set()

    def walk(name: str, chain: tuple[str, ...]) -> None:
        for inner in dict.fromkeys(usage.names(cohorts[name])):
            if inner not in cohorts:
                raise SegmentError(missing(inner))
            if inner in chain:
                raise SegmentError(_cycle((*chain[chain.index(inner) :], inner)))
            if inner not in clear:
                walk(inner, (*chain, inner))
        clear.add(name)

    walk(changed, (changed,))


def known_segments(connection: Connection) -> dict[str, Segment]:
    """All segments by their names, without sizes."""
    return {row.name: segment_of(row) for row in connection.execute(select(Saved))}


def among(known: Mapping[str, Segment], name: str) -> Segment:
    """The segment of this name. Raises SegmentError."""
    if name not in known:
        raise SegmentError(missing(name))
    return known[name]


def segment_of(row: Row[Any], size: int | None = None) -> Segment:
    """A segment from its row."""
    return Segment(
        id=row.id,
        name=row.name,
        owner=row.owner,
        description=row.description,
        cohort=Cohort.model_validate(row.cohort),
        mode=SegmentMode(row.mode),
        is_exclusion=row.is_exclusion,
        created_at=row.created_at,
        updated_at=row.updated_at,
        people=size,
    )


def missing(name: str) -> str:
    """What to say of a segment that is not there."""
    return _("There is no segment {name}. `python -m hsl segment list` shows them.", name=name)


def _cycle(chain: tuple[str, ...]) -> str:
    return _(
        "A segment cannot contain itself: {chain}. Take one of them out of another.",
        chain=" → ".join(chain),
    )
