"""Channels of a mark that are one value, or one of two values.

`alt.value` and `alt.condition` say the same, but Altair then looks through its whole schema for the
channel that is meant, anew each time (`SchemaBase.from_dict`): longer than all the rest of a chart.
"""

from typing import Any, TypeVar

import altair as alt

C = TypeVar("C")


def fixed(channel: type[C], value: object) -> C:
    """`value` for every row."""
    make: Any = channel  # some of Altair's classes say nothing of what they take
    made: C = make(value)
    return made


def where(channel: type[C], test: str | dict[str, object], value: object, otherwise: object) -> C:
    """`value` where `test`, an expression or a predicate, holds for a row, else `otherwise`."""
    make: Any = channel
    made: C = make(otherwise, condition={"test": test, "value": value})
    return made


def where_small(channel: type[C], value: object, otherwise: object) -> C:
    """`value` where a row is of too few to say anything."""
    return where(channel, "datum.small", value, otherwise)


def where_chosen(channel: type[C], chosen: alt.Parameter, value: object, otherwise: object) -> C:
    """`value` where a row was chosen, else `otherwise`, which all are while none is."""
    make: Any = channel
    made: C = make(otherwise, condition={"param": chosen.name, "empty": False, "value": value})
    return made
