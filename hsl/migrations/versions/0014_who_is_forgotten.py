"""Whom no import may bring back, as keyed hashes of their ids."""

import sqlalchemy as sa
from alembic import op

from hsl.models import RowId, UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forgotten_people",
        sa.Column("fingerprint", sa.String(), primary_key=True),
        sa.Column("forgotten_at", UtcDateTime(), nullable=False),
        sa.Column("forgotten_by", sa.String(), nullable=False),
    )
    op.create_table(
        "forgotten_key",
        sa.Column("id", RowId, primary_key=True, autoincrement=False),
        sa.Column("key", sa.String(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("forgotten_key")
    op.drop_table("forgotten_people")
