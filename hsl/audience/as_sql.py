"""A cohort as SQL that can be taken along: one SELECT with every value written out."""

from typing import Any

from sqlalchemy import Engine, Select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from hsl import database
from hsl.audience import expanding
from hsl.audience.cohort import Audience, Cohort

# Without parameters a driver leaves per cent signs alone, so they are written once.
_DIALECTS: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(),
    "postgresql": postgresql.dialect(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
}


def write(chosen: Select[Any], target: str) -> str:
    """The statement that `segments.people` or `resolve.people` makes for "sqlite" or "postgresql".

    On SQLite, conditions on names in any case, numbers, days, lists and random groups call this
    program's functions, whose names begin with `hsl_`: other programs lack them.
    """
    compiled = chosen.compile(dialect=_DIALECTS[target], compile_kwargs={"literal_binds": True})
    return str(compiled)


def of(engine: Engine, chosen: Cohort | Audience) -> str:
    """The statement by which the main database finds them now. Raises SegmentError."""
    with database.read_only(engine).begin() as connection:
        return write(expanding.people(connection, chosen), engine.dialect.name)
