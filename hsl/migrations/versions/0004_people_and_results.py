"""Segments, do-not-message marks, presses, experiments, sources of people, and the archive."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import hsl.models

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "archived_months",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("archived_at", hsl.models.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("month", "file"),
    )
    op.create_table(
        "button_presses",
        sa.Column("message_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("button", sa.Text(), nullable=False),
        sa.Column("pressed_at", hsl.models.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "user_id", "button"),
    )
    op.create_index("ix_button_presses_user_id", "button_presses", ["user_id"])
    op.create_table(
        "experiments",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("audience", JSON, nullable=False),
        sa.Column("arms", JSON, nullable=False),
        sa.Column("created_at", hsl.models.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "segment_members",
        sa.Column("segment_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("segment_id", "user_id"),
    )
    op.create_table(
        "segment_sizes",
        sa.Column("segment_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("segment_id", "day"),
    )
    op.create_table(
        "segments",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("cohort", JSON, nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("is_exclusion", sa.Boolean(), nullable=False),
        sa.Column("created_at", hsl.models.UtcDateTime(), nullable=False),
        sa.Column("updated_at", hsl.models.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "source_places",
        sa.Column("source_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("course_stream", sa.String(), nullable=False),
        sa.Column("run_id", ROW_ID, nullable=False),
        sa.PrimaryKeyConstraint("source_id", "user_id", "course_stream"),
    )
    op.create_table(
        "source_runs",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("started_at", hsl.models.UtcDateTime(), nullable=False),
        sa.Column("finished_at", hsl.models.UtcDateTime(), nullable=True),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("left_streams", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("rejects_file", sa.String(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_source_runs_source_id", "source_runs", ["source_id"])
    op.create_table(
        "sources",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=True),
        sa.Column("mapping", JSON, nullable=False),
        sa.Column("every_minutes", sa.Integer(), nullable=True),
        sa.Column("mark_left", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", hsl.models.UtcDateTime(), nullable=False),
        sa.Column("next_run_at", hsl.models.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sources_next_run_at", "sources", ["next_run_at"])
    op.create_table(
        "suppressions",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("marked_by", sa.String(), nullable=False),
        sa.Column("marked_at", hsl.models.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.add_column(
        "message_history", sa.Column("left_out", JSON, nullable=False, server_default="{}")
    )
    op.add_column("message_history", sa.Column("experiment_id", ROW_ID, nullable=True))
    op.add_column("message_history", sa.Column("arm", sa.String(), nullable=True))
    op.add_column(
        "message_history", sa.Column("archived_at", hsl.models.UtcDateTime(), nullable=True)
    )
    op.create_index("ix_message_history_experiment_id", "message_history", ["experiment_id"])
