"""Other programs: keys of the API, answers that are kept for a while, webhooks and their events."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import hsl.models

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _time(name: str, *, nullable: bool = True) -> "sa.Column[Any]":
    return sa.Column(name, hsl.models.UtcDateTime(), nullable=nullable)


def _id() -> "sa.Column[Any]":
    return sa.Column("id", ROW_ID, primary_key=True, autoincrement=True)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.String(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "api_keys",
        _id(),
        _text("name"),
        _text("prefix"),
        _text("secret_hash"),
        sa.Column("scopes", JSON, nullable=False),
        _text("created_by"),
        _time("created_at", nullable=False),
        _time("expires_at"),
        _time("last_used_at"),
        _time("revoked_at"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("secret_hash"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "api_answers",
        _id(),
        sa.Column("api_key_id", ROW_ID, nullable=False),
        _text("idempotency_key"),
        _text("request_hash"),
        _text("owner"),
        _time("owned_until", nullable=False),
        _time("created_at", nullable=False),
        sa.Column("done", JSON),
        sa.Column("status", sa.Integer()),
        _text("content_type", nullable=True),
        sa.Column("body", sa.LargeBinary()),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ux_api_answers_key", "api_answers", ["api_key_id", "idempotency_key"], unique=True
    )
    op.create_index("ix_api_answers_created_at", "api_answers", ["created_at"])
    op.create_table(
        "webhooks",
        _id(),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("events", JSON, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        _text("created_by"),
        _time("created_at", nullable=False),
        sa.Column("trouble", sa.Text()),
        _time("trouble_since"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "webhook_deliveries",
        _id(),
        sa.Column("webhook_id", ROW_ID, nullable=False),
        _text("event_id"),
        _text("event"),
        sa.Column("body", sa.Text(), nullable=False),
        _time("created_at", nullable=False),
        _time("next_attempt_at", nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        _time("delivered_at"),
        _time("finished_at"),
        sa.Column("last_error", sa.Text()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhook_deliveries_webhook_id", "webhook_deliveries", ["webhook_id"])
    op.create_index(
        "ix_webhook_deliveries_due", "webhook_deliveries", ["finished_at", "next_attempt_at"]
    )


def downgrade() -> None:
    for table in ("webhook_deliveries", "webhooks", "api_answers", "api_keys"):
        op.drop_table(table)
