"""The people of a message as a select: user_id, username, and perhaps `rule`.

`rule` names what leaves a person out (a do-not-message mark, an exclusion list, the frequency cap);
it is NULL for the recipients. Who makes the select decides by which rules; here it is only heeded.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    String,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    select,
)

from hsl import models
from hsl.models import DeliveryStatus

Recipients = models.message_recipients
MARKED = models.DO_NOT_MESSAGE  # the rule that also holds for what waits already


@dataclass(frozen=True)
class Chosen:
    """How many become recipients, and how many each rule leaves out."""

    recipients: int
    left_out: dict[str, int]


def rule_of(found: FromClause) -> ColumnElement[Any]:
    """The column that says what leaves a person out; NULL where there are no rules."""
    return found.c.rule if "rule" in found.c else cast(null(), String)


def left_out(connection: Connection, found: FromClause) -> dict[str, int]:
    """How many each rule leaves out."""
    return _chosen(_by_rule(connection, found)).left_out


def count(connection: Connection, people: Select[Any]) -> Chosen:
    """How many would become recipients, and how many each rule would leave out."""
    return _chosen(_by_rule(connection, people.order_by(None).subquery()))


def write(connection: Connection, message_id: int, people: Select[Any]) -> Chosen:
    """Make everybody whom no rule leaves out a recipient of the message."""
    if connection.dialect.name == "sqlite":
        # Nobody else writes within this transaction, so both statements see the same people.
        found = people.order_by(None).subquery()
        chosen = count(connection, people)
        connection.execute(_added(message_id, found))
        return chosen
    # On PostgreSQL two statements may see two states, and the sum would not hold.
    ruled = people.order_by(None).cte("ruled")
    added = _added(message_id, ruled).cte("added")
    return _chosen(connection.execute(_rules(ruled).add_cte(added)).all())


def settled(connection: Connection, message_id: int, left_out: dict[str, int]) -> Chosen:
    """What came of recipients that were written in steps; whoever was marked meanwhile is out."""
    marked = connection.execute(
        delete(Recipients).where(
            Recipients.c.message_id == message_id,
            Recipients.c.user_id.in_(select(models.suppressions.c.user_id)),
        )
    ).rowcount
    if marked:
        left_out = {**left_out, MARKED: left_out.get(MARKED, 0) + marked}
    recipients = select(func.count()).where(Recipients.c.message_id == message_id)
    return Chosen(int(connection.execute(recipients).scalar_one()), left_out)


def _added(message_id: int, found: FromClause) -> Any:
    return insert(Recipients).from_select(
        ["message_id", "user_id", "username", "delivery_status", "attempts"],
        select(
            literal(message_id, models.RowId),
            found.c.user_id,
            found.c.username,
            literal(DeliveryStatus.PENDING.value),
            literal(0),
        ).where(rule_of(found).is_(None)),
    )


def _rules(found: FromClause) -> Select[Any]:
    inner = select(rule_of(found).label("rule")).select_from(found).subquery("by_rule")
    return (
        select(inner.c.rule, func.count().label("people"))
        .group_by(inner.c.rule)
        .order_by(inner.c.rule)
    )


def _by_rule(connection: Connection, found: FromClause) -> Any:
    return connection.execute(_rules(found)).all()


def _chosen(rows: Any) -> Chosen:
    people = {row.rule: int(row.people) for row in rows}
    return Chosen(people.pop(None, 0), people)
