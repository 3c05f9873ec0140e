"""Alarms that somebody was told of, so that each is told once."""

import sqlalchemy as sa
from alembic import op

import hsl.models

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarms_told",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("since", hsl.models.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("alarms_told")
