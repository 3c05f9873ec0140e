"""How many places in streams a run of a source told of, so that later ones can be judged by it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source_runs", sa.Column("places", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("source_runs", "places")
