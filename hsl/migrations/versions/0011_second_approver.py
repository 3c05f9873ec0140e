"""A message to many people waits until a second person approves it."""

import sqlalchemy as sa
from alembic import op

import hsl.models

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "approvals",
        sa.Column("id", row_id, primary_key=True, autoincrement=True),
        sa.Column("message_id", row_id, nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_as", sa.String(), nullable=False),
        sa.Column("asked_account", sa.Integer()),
        sa.Column("asked_at", hsl.models.UtcDateTime(), nullable=False),
        sa.Column("decision", sa.String()),
        sa.Column("decided_by", sa.String()),
        sa.Column("decided_account", sa.Integer()),
        sa.Column("decided_at", hsl.models.UtcDateTime()),
        sa.Column("reason", sa.String()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_approvals_message_id", "approvals", ["message_id"])


def downgrade() -> None:
    op.drop_table("approvals")
