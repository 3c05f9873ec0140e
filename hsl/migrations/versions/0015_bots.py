"""Several bots, each with its sealed token."""

import sqlalchemy as sa
from alembic import op

import hsl.models

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bots",
        sa.Column("bot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("sealed_token", sa.Text(), nullable=True),
        sa.Column("in_use", sa.Boolean(), nullable=False),
        sa.Column("added_at", hsl.models.UtcDateTime(), nullable=False),
        sa.Column("removed_at", hsl.models.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("bot_id"),
        sa.UniqueConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("bots")
