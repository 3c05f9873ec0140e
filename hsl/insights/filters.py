"""Which deliveries a figure counts, and the statement's beginning that chooses them.

Counted is a delivery of a message that was sent (edits and deletions in the chats are no messages
of their own) and has started, once its request has left: sent, deleted later, failed or uncertain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pandas as pd

from hsl import models
from hsl.quoting import literal
from hsl.warehouse.streams import PLACES

GOT, TRIED = (  # as SQL takes them
    "(" + ", ".join(literal(status) for status in statuses) + ")"
    for statuses in (models.GOT, models.TRIED)
)
COUNTS = "action = 'send' AND started_at IS NOT NULL"


class Readable(Protocol):
    """What a figure needs of the store."""

    def frame(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        """The rows of a statement whose `?` are `values`."""


@dataclass(frozen=True)
class Filter:
    """Deliveries of messages that started in [since, until), of a type and an author (or of one
    message alone), to people who are in one of the streams today. What is left out does not limit.
    """

    since: datetime | None = None
    until: datetime | None = None
    streams: tuple[str, ...] = ()
    message_type: str | None = None
    author: str | None = None
    message_id: int | None = None

    def messages(self) -> tuple[str, list[object]]:
        """A select of the ids of the messages that fit, and its values."""
        fits, values = [COUNTS], list[object]()
        for condition, value in (
            ("started_at >= ?", self.since),
            ("started_at < ?", self.until),
            ("message_type = ?", self.message_type),
            ("author = ?", self.author),
            ("id = ?", self.message_id),
        ):
            if value is not None:
                fits.append(condition)
                values.append(value)
        return f"SELECT id FROM message_history WHERE {' AND '.join(fits)}", values

    def places(self, column: str = "course_stream") -> tuple[str, list[object]]:
        """A condition on a stream's name, and its values; true where streams do not limit."""
        if not self.streams:
            return "true", []
        return f"{column} IN (SELECT unnest(CAST(? AS VARCHAR[])))", [list(self.streams)]

    def people(self, column: str = "user_id") -> tuple[str, list[object]]:
        """A condition on a person's id, and its values; true where streams do not limit."""
        if not self.streams:
            return "true", []
        inside, values = self.places()
        return f"{column} IN (SELECT user_id FROM {PLACES} WHERE {inside})", values


def read(store: Readable, chosen: Filter, sql: str, *values: object) -> pd.DataFrame:
    """Run `sql` over `chosen` (ids of messages) and `tried` (deliveries that count).

    `tried` has message_id, user_id, delivery_status, reason (text), sending_at, sent_at and got.
    """
    messages, of_messages = chosen.messages()
    people, of_people = chosen.people()
    scope = f"""WITH chosen AS ({messages}),
    tried AS NOT MATERIALIZED (
        SELECT message_id, user_id, delivery_status, reason, sending_at, sent_at,
            delivery_status IN {GOT} AS got
        FROM message_recipients
        WHERE delivery_status IN {TRIED} AND sending_at IS NOT NULL
            AND message_id IN (SELECT id FROM chosen) AND {people})
    """
    return store.frame(scope + sql, [*of_messages, *of_people, *values])


def authors(store: Readable) -> list[str]:
    """Who wrote the messages that count, by name."""
    sql = f"SELECT DISTINCT author FROM message_history WHERE {COUNTS} ORDER BY author"
    return [str(name) for name in store.frame(sql)["author"]]
