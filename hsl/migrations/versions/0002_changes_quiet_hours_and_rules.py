"""Versions of a message, changes in the chats, quiet hours, recurring messages, paid fallback."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import hsl.models

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
# A plain ADD COLUMN copies no row on either database, however many recipients there are.
COLUMNS: tuple[tuple[str, sa.Column[Any]], ...] = (
    ("drafts", sa.Column("edits_message_id", ROW_ID, nullable=True)),
    ("message_history", sa.Column("version", sa.Integer(), nullable=False, server_default="1")),
    ("message_history", sa.Column("action", sa.Text(), nullable=False, server_default="send")),
    ("message_history", sa.Column("target_message_id", ROW_ID, nullable=True)),
    ("message_history", sa.Column("rule_id", ROW_ID, nullable=True)),
    (
        "message_history",
        sa.Column("keep_quiet", sa.Boolean(), nullable=False, server_default=sa.false()),
    ),
    ("message_recipients", sa.Column("version", sa.Integer(), nullable=True)),
    ("bot_pace", sa.Column("paid_refusal", sa.String(), nullable=True)),
    ("bot_pace", sa.Column("paid_refused_at", hsl.models.UtcDateTime(), nullable=True)),
)


def upgrade() -> None:
    for table, column in COLUMNS:
        op.add_column(table, column)
    op.create_index("ix_message_history_rule_id", "message_history", ["rule_id"])
    op.create_index(
        "ix_message_recipients_left",
        "message_recipients",
        ["sending_at", "message_id"],
        sqlite_where=sa.text("sending_at IS NOT NULL"),
        postgresql_where=sa.text("sending_at IS NOT NULL"),
    )
    op.create_table(
        "message_preparations",
        sa.Column("message_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("beat_at", hsl.models.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_table(
        "message_versions",
        sa.Column("message_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("replaced_at", hsl.models.UtcDateTime(), nullable=False),
        sa.Column("replaced_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "version"),
    )
    op.create_table(
        "recurring_messages",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("audience", JSON, nullable=False),
        sa.Column("weekdays", JSON, nullable=False),
        sa.Column("local_time", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("until", sa.String(), nullable=True),
        sa.Column("late_limit", sa.Float(), nullable=True),
        sa.Column("keep_quiet", sa.Boolean(), nullable=False),
        sa.Column("next_at", hsl.models.UtcDateTime(), nullable=True),
        sa.Column("created_at", hsl.models.UtcDateTime(), nullable=False),
        sa.Column("stopped_at", hsl.models.UtcDateTime(), nullable=True),
        sa.Column("stopped_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_recurring_messages_next_at", "recurring_messages", ["next_at"])


def downgrade() -> None:
    op.drop_table("recurring_messages")
    op.drop_table("message_versions")
    op.drop_table("message_preparations")
    op.drop_index("ix_message_recipients_left", "message_recipients")
    op.drop_index("ix_message_history_rule_id", "message_history")
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column.name)
