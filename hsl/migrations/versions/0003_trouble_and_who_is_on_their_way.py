"""Looks at a bot in trouble, when it was served last, and an index of who is on their way."""

import sqlalchemy as sa
from alembic import op

import hsl.models

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SENDING = sa.text("delivery_status = 'sending'")
COLUMNS: tuple[sa.Column[object], ...] = (
    sa.Column("trouble_looks", sa.Integer(), nullable=False, server_default="0"),
    sa.Column("trouble_look_at", hsl.models.UtcDateTime(), nullable=True),
    sa.Column("served_at", hsl.models.UtcDateTime(), nullable=True),
)


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("bot_pace", column)
    op.drop_index("ix_message_recipients_lease_owner", "message_recipients")
    op.create_index(
        "ix_message_recipients_sending",
        "message_recipients",
        ["lease_owner"],
        sqlite_where=SENDING,
        postgresql_where=SENDING,
    )


def downgrade() -> None:
    op.drop_index("ix_message_recipients_sending", "message_recipients")
    op.create_index("ix_message_recipients_lease_owner", "message_recipients", ["lease_owner"])
    for column in reversed(COLUMNS):
        op.drop_column("bot_pace", column.name)
