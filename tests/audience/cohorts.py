"""Strategies that invent conditions over the small world."""

from datetime import date, timedelta

from hypothesis import strategies as st

from hsl.audience import conditions as c
from hsl.audience.cohort import Cohort
from tests.audience.world import BUTTONS, NAMES, NOW, REASONS, STATUSES, STREAMS, VALUES

TEXTS = [value for value in VALUES if isinstance(value, str)]
names = st.sampled_from([*NAMES, "nobody's"])
texts = st.sampled_from(TEXTS) | st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=3
)
numbers = st.sampled_from([3, 3.0, -2.5, 1000, 10, 9, 0, 0.1]) | st.floats(-1e6, 1e6)
days = st.sampled_from([date(2026, 2, 28), date(2026, 3, 1), NOW.date()]) | st.dates(
    NOW.date() - timedelta(days=40), NOW.date()
)
moving_days = days | st.builds(c.DaysAgo, days_ago=st.integers(0, 40))
by_type = {"number": numbers, "date": moving_days, "boolean": st.booleans(), "text": texts,
           "list": texts}  # fmt: skip


@st.composite
def attributes(draw: st.DrawFn) -> c.Attribute:
    kind = draw(st.sampled_from(list(c.OPS)))
    op = draw(st.sampled_from(c.OPS[kind]))
    return c.Attribute(name=draw(names), type=kind, op=op, values=draw(_values(kind, op)))


@st.composite
def columns(draw: st.DrawFn) -> c.Person:
    name = draw(st.sampled_from(list(c.COLUMN_TYPES)))
    op = draw(st.sampled_from(c.OPS[c.COLUMN_TYPES[name]]))
    return c.Person(name=name, op=op, values=draw(_values(c.COLUMN_TYPES[name], op)))


def _values(kind: str, op: str) -> st.SearchStrategy[tuple[c.Value, ...]]:
    low, high = {"known": (0, 0), "unknown": (0, 0), "between": (2, 2), "in": (1, 4)}.get(
        op, (1, 3) if kind == "list" else (1, 1)
    )
    return st.lists(by_type[kind], min_size=low, max_size=high).map(tuple)


def some(values: tuple[object, ...], most: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    words = [value for value in values if isinstance(value, str)]
    return st.lists(st.sampled_from(words), max_size=most, unique=True).map(tuple)


streams = st.builds(
    c.InStream,
    streams=some(STREAMS),
    match=st.sampled_from(["any", "all"]),
    statuses=st.lists(st.sampled_from(STATUSES), max_size=2, unique=True).map(tuple),
    since=st.none() | moving_days,
    until=st.none() | moving_days,
)
message_ids = st.integers(1, 8)
counts = st.builds(
    lambda what, window, op, count: c.MessageCount(what=what, op=op, count=count, **window),
    st.sampled_from(["got", "sent", "failed"]),
    st.fixed_dictionaries({"days": st.integers(1, 40)})
    | st.fixed_dictionaries({"last": st.integers(1, 5)})
    | st.just({}),
    st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]),
    st.integers(0, 4),
)
outcomes = st.builds(
    c.MessageOutcome, message_id=message_ids, outcome=st.sampled_from(["sent", "got", "missed",
                                                                      "uncertain"])
) | st.builds(
    c.MessageOutcome, message_id=message_ids, outcome=st.just("failed"), reasons=some(REASONS)
)  # fmt: skip
arms = st.builds(
    c.Arm, salt=st.text("абc1'", max_size=3), low=st.integers(0, 10_000),
    high=st.integers(0, 10_000),
)  # fmt: skip
search_words = st.sampled_from(["ann", "@ANN", "АНН", "o'h", "%", "_", "İ", "σας", "3", "бор",
                                "", "pet", "\\", "Пет", "anna_", "an", "@"])  # fmt: skip
searches = st.builds(
    c.Search,
    words=search_words | st.lists(search_words, min_size=2, max_size=4).map(" ".join),
)
leaves = st.one_of(
    st.just(c.Everyone()),
    streams,
    attributes(),
    attributes(),
    columns(),
    st.builds(c.Reachable),
    st.builds(c.Reachable, reachable=st.just(False), reasons=some(REASONS)),
    searches,
    st.builds(c.Ids, ids=st.lists(st.integers(1, 70), min_size=1, max_size=9).map(tuple)),
    outcomes,
    counts,
    st.builds(
        c.Pressed, message_id=st.none() | message_ids, button=st.none() | st.sampled_from(BUTTONS)
    ),
    st.builds(c.Members, segment_id=st.integers(1, 2)),
    arms,
)
conditions = st.recursive(
    leaves,
    lambda inner: (
        st.builds(c.Not, of=inner)
        | st.lists(inner, min_size=2, max_size=3).map(lambda of: c.All(of=tuple(of)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda of: c.AnyOf(of=tuple(of)))
    ),
    max_leaves=6,
)
segments = st.builds(c.Segment, name=texts.filter(bool))
said = st.recursive(  # also what only has a meaning beside stored segments
    leaves | segments,
    lambda inner: (
        st.builds(c.Not, of=inner)
        | st.lists(inner, min_size=2, max_size=3).map(lambda of: c.All(of=tuple(of)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda of: c.AnyOf(of=tuple(of)))
    ),
    max_leaves=8,
).map(lambda where: Cohort(where=where))
cohorts = conditions.map(lambda where: Cohort(where=where))
