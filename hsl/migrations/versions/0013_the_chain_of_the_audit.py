"""The audit's entries are a chain of hashes, and the database lets nobody change or remove one."""

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from hsl.models import JsonValue, RowId, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

AT_ONCE = 20_000  # entries
TABLES = ("audit_log", "audit_head")
LOG = sa.table(
    "audit_log",
    sa.column("id", RowId),
    sa.column("at", UtcDateTime()),
    sa.column("actor", sa.Text()),
    sa.column("action", sa.Text()),
    sa.column("object_type", sa.Text()),
    sa.column("object_id", sa.Text()),
    sa.column("details", JsonValue),
)


def upgrade() -> None:
    op.add_column("audit_log", sa.Column("way", sa.String()))
    op.add_column("audit_log", sa.Column("address", sa.String()))
    op.add_column("audit_log", sa.Column("account_id", RowId))
    for name in ("previous_hash", "hash"):
        op.add_column("audit_log", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "audit_head",
        sa.Column("id", RowId, primary_key=True, autoincrement=False),
        sa.Column("entry_id", RowId, nullable=False),
        sa.Column("entries", RowId, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
    )
    _chain(op.get_bind())
    _protect(op.get_bind().dialect.name)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"DROP TRIGGER {table}_added_only ON {table}")
            op.execute(f"DROP TRIGGER {table}_never_emptied ON {table}")
        op.execute("DROP FUNCTION audit_added_only")
        op.execute(
            "SELECT setval(pg_get_serial_sequence('audit_log', 'id'), coalesce(max(id), 1)) "
            "FROM audit_log"
        )
    else:
        for name in ("log_update", "log_delete", "head_update", "head_delete"):
            op.execute(f"DROP TRIGGER audit_{name}")
    op.drop_table("audit_head")
    for name in ("hash", "previous_hash", "account_id", "address", "way"):
        op.drop_column("audit_log", name)


def _chain(bind: sa.Connection) -> None:
    """Hash what is there; a million entries in half a minute, as they go back in large parts."""
    last, entries, previous = 0, 0, ""
    while True:
        some = sa.select(LOG).where(LOG.c.id > last).order_by(LOG.c.id).limit(AT_ONCE)
        rows = bind.execute(some).mappings().all()
        if not rows:
            break
        hashed = []
        for row in rows:
            before, previous = previous, _hash({**row, "previous_hash": previous})
            hashed.append({"number": row["id"], "before": before, "own": previous})
        _write(bind, hashed)
        last, entries = rows[-1]["id"], entries + len(rows)
    if entries:
        bind.execute(
            sa.text("INSERT INTO audit_head (id, entry_id, entries, hash) VALUES (1, :i, :n, :h)"),
            {"i": last, "n": entries, "h": previous},
        )


def _hash(row: dict[str, Any]) -> str:
    plain = {**row, "way": None, "address": None, "account_id": None}
    plain["at"] = plain["at"].isoformat(timespec="microseconds")
    plain["details"] = _plain(plain["details"])
    said = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _write(bind: sa.Connection, hashed: list[dict[str, Any]]) -> None:
    if bind.dialect.name != "postgresql":
        bind.execute(
            sa.text("UPDATE audit_log SET previous_hash = :before, hash = :own WHERE id = :number"),
            hashed,
        )
        return
    bind.execute(
        sa.text(
            "UPDATE audit_log SET previous_hash = h.before, hash = h.own FROM "
            "unnest(CAST(:numbers AS bigint[]), CAST(:befores AS text[]), CAST(:owns AS text[])) "
            "AS h(number, before, own) WHERE id = h.number"
        ),
        {
            "numbers": [one["number"] for one in hashed],
            "befores": [one["before"] for one in hashed],
            "owns": [one["own"] for one in hashed],
        },
    )


def _protect(dialect: str) -> None:
    refusal = "the audit is only added to: its entries are never changed or removed"
    if dialect != "postgresql":
        for name, when in (
            ("log_update", "UPDATE ON audit_log"),
            ("log_delete", "DELETE ON audit_log"),
            ("head_update", "UPDATE ON audit_head WHEN NEW.entries <= OLD.entries"),
            ("head_delete", "DELETE ON audit_head"),
        ):
            op.execute(
                f"CREATE TRIGGER audit_{name} BEFORE {when} "
                f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_added_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'audit_head' THEN "
        "IF NEW.entries > OLD.entries THEN RETURN NEW; END IF; END IF; "
        f"RAISE EXCEPTION '{refusal}'; END $$"
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_added_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION audit_added_only()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_added_only()"
        )
