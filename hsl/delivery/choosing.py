"""The people of a message as a select: user_id, username, and perhaps `rule`.

`rule` names what leaves a person out (a do-not-message mark, an exclusion list, the frequency cap);
it is NULL for the recipients. Who makes the select decides by which rules; here it is only heeded.

What was found in one transaction may be untrue in the next one, so a `Choice` is asked within the
transaction that writes the recipients: before, for the select, and after, for whether what it
stands on was still there (an archive run may have taken rows away between two statements).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

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


class Choice(Protocol):
    """People chosen anew in each transaction. Raises OutboxError where they cannot be chosen."""

    def people(self, connection: Connection) -> Select[Any]:
        """A select of user_id, username and `rule`."""

    def hold(self, connection: Connection) -> None:
        """Keep others who are chosen by the same deliveries out, until the transaction ends."""

    def barred(
        self, connection: Connection, message_id: int, since: datetime
    ) -> list[tuple[str, Select[Any]]]:
        """By rule: a select of user_id of everybody whom it leaves out now.

        For recipients of the message, as they were chosen at `since`.
        """


People = Select[Any] | Choice  # a select where no rule but the marks holds


@dataclass(frozen=True)
class Chosen:
    """How many become recipients, and how many each rule leaves out."""

    recipients: int
    left_out: dict[str, int]


def resolved(connection: Connection, people: People) -> Select[Any]:
    """The people as a select, as they are in this transaction."""
    return people if isinstance(people, Select) else people.people(connection)


def hold(connection: Connection, people: People) -> None:
    """Wait for the turn of those who are chosen by what others get, before anything is locked."""
    if not isinstance(people, Select):
        people.hold(connection)


def check(connection: Connection, people: People) -> None:
    """After reading them: raise OutboxError where they could not be chosen any more."""
    resolved(connection, people)


def rule_of(found: FromClause) -> ColumnElement[Any]:
    """The column that says what leaves a person out; NULL where there are no rules."""
    return found.c.rule if "rule" in found.c else cast(null(), String)


def left_out(connection: Connection, found: FromClause) -> dict[str, int]:
    """How many each rule leaves out."""
    return _chosen(_by_rule(connection, found)).left_out


def count(connection: Connection, people: People) -> Chosen:
    """How many would become recipients, and how many each rule would leave out."""
    found = resolved(connection, people).order_by(None).subquery()
    chosen = _chosen(_by_rule(connection, found))
    check(connection, people)
    return chosen


def write(connection: Connection, message_id: int, people: People) -> Chosen:
    """Make everybody whom no rule leaves out a recipient of the message."""
    hold(connection, people)
    found = resolved(connection, people).order_by(None)
    if connection.dialect.name == "sqlite":
        # Nobody else writes within this transaction, so both statements see the same people.
        chosen = count(connection, found)
        connection.execute(_added(message_id, found.subquery()))
        return chosen
    # On PostgreSQL two statements may see two states, and the sum would not hold.
    ruled = found.cte("ruled")
    added = _added(message_id, ruled).cte("added")
    chosen = _chosen(connection.execute(_rules(ruled).add_cte(added)).all())
    check(connection, people)
    return chosen


def settled(
    connection: Connection,
    message_id: int,
    people: People,
    *,
    since: datetime,
    left_out: dict[str, int],
) -> Chosen:
    """What came of recipients that were chosen at `since` and written in steps.

    Whom a rule leaves out by now is none of them.
    """
    rules = [(models.DO_NOT_MESSAGE, select(models.suppressions.c.user_id))]
    hold(connection, people)
    if not isinstance(people, Select):
        rules += people.barred(connection, message_id, since)
    for rule, barred in rules:
        gone = connection.execute(
            delete(Recipients).where(
                Recipients.c.message_id == message_id, Recipients.c.user_id.in_(barred)
            )
        ).rowcount
        if gone:
            left_out = {**left_out, rule: left_out.get(rule, 0) + gone}
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
