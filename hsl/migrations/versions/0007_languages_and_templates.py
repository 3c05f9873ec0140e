"""A message's other languages, templates and snippets, and whom an author sends tests to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import hsl.models

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.add_column("message_history", sa.Column("translations", JSON, nullable=True))
    op.create_table(
        "message_templates",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("created_at", hsl.models.UtcDateTime(), nullable=False),
        sa.Column("updated_at", hsl.models.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ux_message_templates_name", "message_templates", ["kind", "name_key"], unique=True
    )
    op.create_table(
        "test_recipients",
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("added_at", hsl.models.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("author", "user_id"),
    )


def downgrade() -> None:
    op.drop_table("test_recipients")
    op.drop_table("message_templates")
    op.drop_column("message_history", "translations")
