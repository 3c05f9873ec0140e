"""A message that was sent a moment ago can be taken back, and its draft is there again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import hsl.models

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.add_column("message_history", sa.Column("take_back_until", hsl.models.UtcDateTime()))
    op.add_column("message_history", sa.Column("taken_back_at", hsl.models.UtcDateTime()))
    op.add_column("message_history", sa.Column("written_as", JSON))


def downgrade() -> None:
    op.drop_column("message_history", "written_as")
    op.drop_column("message_history", "taken_back_at")
    op.drop_column("message_history", "take_back_until")
