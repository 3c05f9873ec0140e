"""When a bot in trouble is looked at again, and how often it was."""

import sqlalchemy as sa
from alembic import op

import hsl.models

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "bot_pace", sa.Column("trouble_looks", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("bot_pace", sa.Column("trouble_look_at", hsl.models.UtcDateTime(), nullable=True))
