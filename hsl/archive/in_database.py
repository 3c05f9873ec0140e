"""A message's rows as they stand in the database, read as Arrow."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from hsl import models
from hsl.archive import files

Recipients = models.message_recipients
READ_AT_ONCE = 50_000  # rows
Progress = Callable[[str, int], None]


def rows_of(
    connection: Connection, messages: Sequence[int], progress: Progress = lambda _s, _r: None
) -> Iterator[Any]:
    """The rows of these messages in the database as Arrow batches, by message and person."""
    gathered: list[Row[Any]] = []
    for number in messages:
        found = connection.execute(
            select(Recipients)
            .where(Recipients.c.message_id == number)
            .order_by(Recipients.c.user_id),
            execution_options={"yield_per": READ_AT_ONCE},
        )
        for some in found.partitions():
            progress("read", len(some))
            gathered += some
            if len(gathered) >= READ_AT_ONCE:  # many small messages go together
                yield files.batch(gathered)
                gathered = []
    if gathered:
        yield files.batch(gathered)
