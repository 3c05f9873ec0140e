"""Which tables and columns of the main database the warehouse keeps.

Names are the main database's, so that one statement runs on SQLite, PostgreSQL and DuckDB. Of
`users`, the JSON of attributes becomes one text column `a:NAME` for each attribute.
"""

from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import BigInteger, Boolean, Column, Integer, Table

from hsl import models
from hsl.quoting import identifier

STATUS = "delivery_status"


@dataclass(frozen=True)
class Kept:
    """A table of the main database as the warehouse keeps it."""

    table: Table
    columns: tuple[str, ...]

    @property
    def name(self) -> str:
        """The table's name, the same on both sides."""
        return str(self.table.name)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema in which SQLite's rows are handed over: times are text there."""
        return pa.schema([(name, arrow_type(self.table.c[name])) for name in self.columns])

    def is_moment(self, name: str) -> bool:
        """True for a column of times."""
        return isinstance(self.table.c[name].type, models.UtcDateTime)


def arrow_type(column: Column[Any]) -> pa.DataType:
    """int64 for whole numbers, string for everything else."""
    number = isinstance(column.type, (Integer, BigInteger, Boolean))
    is_row_id = column.type is models.RowId
    return pa.int64() if number or is_row_id else pa.string()


USERS = Kept(
    models.users,
    (
        "user_id",
        "username",
        "first_name",
        "last_name",
        "language_code",
        "registered_at",
        "unreachable_reason",
        "unreachable_since",
        "updated_at",
        "attributes",
    ),
)
ENROLLMENTS = Kept(models.enrollments, ("user_id", "course_stream", "status", "enrolled_at"))
MESSAGES = Kept(
    models.message_history,
    (
        "id",
        "message_text",
        "message_type",
        "action",
        "author",
        "status",
        "recipient_group",
        "rule_id",
        "experiment_id",
        "arm",
        "created_at",
        "scheduled_at",
        "started_at",
        "finished_at",
        "archived_at",
        "total_recipients",
        "successful_deliveries",
        "failed_deliveries",
        "uncertain_deliveries",
        "cancelled_deliveries",
        "deleted_deliveries",
    ),
)
RECIPIENTS = Kept(
    models.message_recipients,
    ("message_id", "user_id", STATUS, "reason", "sending_at", "sent_at", "error_code"),
)
SUPPRESSIONS = Kept(models.suppressions, ("user_id", "reason", "marked_at"))
MEMBERS = Kept(models.segment_members, ("segment_id", "user_id"))
PRESSES = Kept(models.button_presses, ("message_id", "user_id", "button", "pressed_at"))
ALL = (USERS, ENROLLMENTS, MESSAGES, RECIPIENTS, SUPPRESSIONS, MEMBERS, PRESSES)
# Nobody sees the recipients of a message that is being prepared before all of them are there; those
# of an archived one are in its file, however many rows are not taken away yet.
VISIBLE = (
    "message_id NOT IN (SELECT message_id FROM message_preparations) "
    "AND message_id NOT IN (SELECT id FROM message_history WHERE archived_at IS NOT NULL)"
)


def attribute_column(name: str) -> str:
    """The column of `users` that holds this attribute, quoted."""
    return identifier(f"a:{name}")


def count(store: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many rows a table has."""
    row = store.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0
