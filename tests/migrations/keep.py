"""Keeps a version's database as SQL on both databases: `python -m tests.migrations.keep SERVER`.

SERVER is the address of a PostgreSQL, such as postgresql+psycopg://localhost/postgres, whose
`pg_dump` is beside it or on the PATH. Versions that are kept already stay as they are.
"""

import subprocess
import sys
import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    create_engine,
    insert,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.types import JSON

from hsl import database

KEPT = Path(__file__).parent / "kept"
ROWS = 3  # of each table


def keep(server: str, version: str) -> None:
    """Write both files of a version."""
    own = KEPT / "own.db"
    lite = database.open_engine(f"sqlite:///{own}")
    _fill(lite, version)
    with closing(lite.raw_connection()) as connection:
        lines = connection.driver_connection.iterdump()  # type: ignore[union-attr]
        (KEPT / f"{version}.sqlite.sql").write_text("\n".join(lines) + "\n", "utf-8")
    lite.dispose()
    for path in KEPT.glob("own.db*"):
        path.unlink()

    name = f"keep{uuid.uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    address = make_url(server).set(database=name).render_as_string(hide_password=False)
    post = database.open_engine(address)
    _fill(post, version)
    post.dispose()
    plain = address.replace("+psycopg", "")
    dumped = subprocess.run(
        ["pg_dump", "--inserts", "--no-owner", "--no-privileges", "--dbname", plain],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout  # fmt: skip
    said = [line for line in dumped.splitlines() if line and not line.startswith(("--", "\\"))]
    (KEPT / f"{version}.postgresql.sql").write_text("\n".join(said) + "\n", "utf-8")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def _fill(engine: Engine, version: str) -> None:
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(database.MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            if table.name in {"alembic_version", "audit_head"}:
                continue
            for number in range(1, ROWS + 1):
                row = {column.name: _value(column, number) for column in table.columns}
                connection.execute(insert(table).values(row))


def _value(column: Any, number: int) -> Any:
    """Something of the column's type, another in each row."""
    kind = column.type
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, BigInteger | Integer):
        return number
    if isinstance(kind, Float):
        return number + 0.5
    if isinstance(kind, DateTime):
        at = datetime(2025, 3, number, 12, 30, 15, 250_000, tzinfo=UTC)
        return at if getattr(kind, "timezone", False) else at.replace(tzinfo=None)
    if isinstance(kind, JSON):
        return {"name": "Кино", "number": number, "list": [1, 2.5, None]}
    said = f"{column.name} № {number}"
    return said.encode() if isinstance(kind, LargeBinary) else said


if __name__ == "__main__":
    KEPT.mkdir(exist_ok=True)
    for found in database._versions():
        if not (KEPT / f"{found}.postgresql.sql").exists():
            keep(sys.argv[1], found)
