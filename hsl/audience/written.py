"""An expression as somebody writes it, with the attributes that people have at this moment."""

import difflib

from sqlalchemy import Connection, Engine, func, select, true

from hsl import database, models
from hsl.audience import conditions, resolve, where
from hsl.audience.cohort import Cohort

People = models.users


def cohort_of(engine: Engine, expression: str) -> Cohort:
    """The cohort that an expression says. Raises WhereError, also for an attribute of nobody."""
    cohort = where.parse(expression)
    with database.read_only(engine).begin() as connection:
        for unknown in _unknown(connection, cohort):
            raise where.WhereError(unknown)
    return cohort


def _unknown(connection: Connection, cohort: Cohort) -> list[str]:
    """A sentence for each attribute that the cohort names and nobody has."""
    if cohort.where is None:
        return []
    named = {
        leaf.name
        for leaf in conditions.leaves(cohort.where)
        if isinstance(leaf, conditions.Attribute)
    }
    dialect = connection.dialect.name
    missing = [
        name
        for name in sorted(named)
        if connection.execute(
            select(1)
            .select_from(People)  # an odd name is looked for by a subquery, which brings no table
            .where(resolve.attribute(name, dialect).is_not(None))
            .limit(1)
        ).first()
        is None
    ]
    if not missing:
        return []
    known = _attribute_names(connection)
    return [f"Nobody has an attribute {name}{_meant(name, known)}" for name in missing]


def _meant(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else "."


def _attribute_names(connection: Connection) -> list[str]:
    if connection.dialect.name == "postgresql":
        listed = func.jsonb_object_keys(People.c.attributes)
        keys = listed.table_valued("key").render_derived()
    else:
        keys = func.json_each(People.c.attributes).table_valued("key")
    statement = select(keys.c.key).select_from(People).join(keys, true()).distinct()
    return sorted(connection.execute(statement).scalars())
