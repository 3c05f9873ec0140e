"""The people behind a mark of a chart, as cohorts that can be written to."""

from dataclasses import dataclass

from hsl.acting import Permission, needs
from hsl.audience import conditions as c
from hsl.audience.cohort import Cohort
from hsl.insights.filters import Filter, Readable, read
from hsl.insights.marks import SETS, Alike, Behind, Mark

MOST_NAMED = 10_000  # people of whom a cohort holds the ids
FEW_MESSAGES = 10  # that a condition names where the people could be named instead
MANY_MESSAGES = 200  # that it names where they could not


@dataclass(frozen=True)
class Door:
    """Some of the people behind a mark: how they are called, how many, and who; None where they
    are too many to be named and no condition says who they are, see `ids_behind`."""

    words: str
    people: int
    cohort: Cohort | None


def people_behind(store: Readable, mark: Mark) -> list[Door]:
    """The sets of people behind a mark, those of nobody left out.

    A cohort is a condition where one says exactly the same, as it can be read and stays true;
    else the ids of the people. Raises KeyError for a figure that has none, ValueError for a key
    that is not of its kind.
    """
    sets = SETS[mark.figure](mark)
    return [door for found in sets if (door := _door(store, mark.chosen, found)).people]


@needs(Permission.NAMES)
def ids_behind(store: Readable, mark: Mark, words: str) -> list[int]:
    """The ids, sorted, of everybody in the set of these words. Raises KeyError for other words."""
    found = {behind.words: behind for behind in SETS[mark.figure](mark)}[words]
    sql = f"SELECT user_id FROM ({found.sql}) ORDER BY user_id"
    ids = read(store, mark.chosen, sql, *found.values)["user_id"]
    return [int(number) for number in ids]


def _door(store: Readable, chosen: Filter, found: Behind) -> Door:
    if found.cohort is not None:
        counted = read(store, chosen, f"SELECT count(*) AS n FROM ({found.sql})", *found.values)
        return Door(found.words, int(counted["n"].iloc[0]), found.cohort)
    # One more than may be named tells that there are more; their number is counted then.
    rows = read(
        store,
        chosen,
        f"SELECT user_id, count(*) OVER () AS n FROM ({found.sql}) ORDER BY user_id "
        f"LIMIT {MOST_NAMED + 1}",
        *found.values,
    )
    people = int(rows["n"].iloc[0]) if len(rows) else 0
    condition = _condition(store, chosen, found.alike, people) if found.alike and people else None
    if condition is not None:
        return Door(found.words, people, Cohort(where=condition))
    if people > MOST_NAMED:
        return Door(found.words, people, None)
    return Door(found.words, people, Cohort(user_ids=tuple(int(i) for i in rows["user_id"])))


def _condition(store: Readable, chosen: Filter, alike: Alike, people: int) -> c.Condition | None:
    """What became of some messages, if that says exactly who is meant.

    Everybody behind the mark is among those for whom its messages came out so. If these are as
    many, they are the same. Of archived messages, a condition is nobody's whom one can write to.
    """
    most = MANY_MESSAGES if people > MOST_NAMED else FEW_MESSAGES
    rows = read(
        store,
        chosen,
        f"SELECT DISTINCT message_id FROM tried WHERE {alike.within} AND {alike.state} "
        f"ORDER BY message_id LIMIT {most + 1}",
        *alike.values,
    )
    messages = [int(number) for number in rows["message_id"]]
    if len(messages) > most or _has_archived(store, messages):
        return None
    streams = (alike.stream,) if alike.stream else chosen.streams
    inside, values = Filter(streams=streams).people()
    if alike.stream and chosen.streams and alike.stream not in chosen.streams:
        return None
    wide = store.frame(
        f"SELECT count(DISTINCT user_id) AS n FROM message_recipients "
        f"WHERE message_id IN (SELECT unnest(CAST(? AS BIGINT[]))) AND {alike.state} AND {inside}",
        [messages, *values],
    )
    if int(wide["n"].iloc[0]) != people:
        return None
    outcomes = [
        c.MessageOutcome(message_id=number, outcome=alike.outcome, reasons=alike.reasons)
        for number in messages
    ]
    place = [c.InStream(streams=streams)] if streams else []
    came_out = c.any_of(*outcomes)
    return c.all_of(*place, came_out) if came_out is not None else None


def _has_archived(store: Readable, messages: list[int]) -> bool:
    found = store.frame(
        "SELECT 1 FROM message_history WHERE archived_at IS NOT NULL "
        "AND id IN (SELECT unnest(CAST(? AS BIGINT[]))) LIMIT 1",
        [messages],
    )
    return len(found) > 0
