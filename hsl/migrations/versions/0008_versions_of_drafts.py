"""What a draft said before, and where it is open, so that no text is lost or overwritten."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import hsl.models

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.add_column("drafts", sa.Column("saved_by", sa.String(), nullable=True))
    op.create_table(
        "draft_versions",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("draft_id", ROW_ID, nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("made_at", hsl.models.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_draft_versions_draft_id", "draft_versions", ["draft_id"])
    op.create_table(
        "draft_presence",
        sa.Column("draft_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("beat_at", hsl.models.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("draft_id", "place"),
    )


def downgrade() -> None:
    op.drop_table("draft_presence")
    op.drop_index("ix_draft_versions_draft_id", "draft_versions")
    op.drop_table("draft_versions")
    op.drop_column("drafts", "saved_by")
