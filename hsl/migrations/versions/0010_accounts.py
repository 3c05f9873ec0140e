"""Accounts, their sessions, failed attempts, recovery codes and set-up links."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

import hsl.models

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORDS = AutoString
TIME = hsl.models.UtcDateTime


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("name", WORDS(), nullable=False),
        sa.Column("key", WORDS(), nullable=False),
        sa.Column("email", WORDS()),
        sa.Column("role", WORDS(), nullable=False),
        sa.Column("password_hash", WORDS()),
        sa.Column("subject", WORDS()),
        sa.Column("totp_secret", WORDS()),
        sa.Column("totp_confirmed_at", TIME()),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TIME(), nullable=False),
        sa.Column("signed_in_at", TIME()),
        sa.Column("disabled_at", TIME()),
        sa.UniqueConstraint("key"),
        sa.UniqueConstraint("email"),
        sa.UniqueConstraint("subject"),
    )
    op.create_table(
        "account_sessions",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("token_hash", WORDS(), nullable=False),
        sa.Column("account_id", ROW_ID, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("waits_for_code", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME(), nullable=False),
        sa.Column("seen_at", TIME(), nullable=False),
        sa.Column("expires_at", TIME(), nullable=False),
        sa.Column("address", WORDS()),
        sa.Column("browser", WORDS()),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("subject", WORDS(), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", TIME(), nullable=False),
        sa.Column("locked_until", TIME()),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("account_id", ROW_ID, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("code_hash", WORDS(), nullable=False),
        sa.Column("used_at", TIME()),
    )
    op.create_table(
        "set_up_links",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("token_hash", WORDS(), nullable=False),
        sa.Column("account_id", ROW_ID, sa.ForeignKey("accounts.id")),
        sa.Column("made_by", WORDS(), nullable=False),
        sa.Column("expires_at", TIME(), nullable=False),
        sa.Column("used_at", TIME()),
        sa.UniqueConstraint("token_hash"),
    )
    for table in ("account_sessions", "recovery_codes", "set_up_links"):
        op.create_index(f"ix_{table}_account_id", table, ["account_id"])


def downgrade() -> None:
    for table in (
        "set_up_links",
        "recovery_codes",
        "sign_in_attempts",
        "account_sessions",
        "accounts",
    ):
        op.drop_table(table)
