"""The course platform of docs/sources.md, on each kind of database that can be read."""

import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from hsl.audience.sources import definitions, files, registry
from hsl.settings import Settings
from tests.audience.sources.school import Platform, blocks


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real MariaDB that ends with the test run."""
    server, installer = shutil.which("mariadbd", path="/usr/sbin:/usr/bin"), "mariadb-install-db"
    if server is None or shutil.which(installer) is None:
        told = "There is no MariaDB: apt-get install mariadb-server-core mariadb-client-core"
        pytest.fail(told) if "CI" in os.environ else pytest.skip(told)
    folder = tmp_path_factory.mktemp("mariadb")
    subprocess.run(
        [installer, "--no-defaults", "--user=root", f"--datadir={folder}", "--skip-test-db",
         "--auth-root-authentication-method=normal"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [server, "--no-defaults", "--user=root", f"--datadir={folder}", f"--port={port}",
         "--bind-address=127.0.0.1", f"--socket={folder}/s", f"--pid-file={folder}/pid",
         "--innodb-buffer-pool-size=32M", "--performance-schema=off",
         "--character-set-server=utf8mb4"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"mysql+pymysql://root@127.0.0.1:{port}"
    admin = create_engine(address)
    try:
        for _ in range(300):
            try:
                admin.connect().close()
                break
            except Exception:
                time.sleep(0.1)
        yield address
    finally:
        admin.dispose()
        process.terminate()
        process.wait(30)


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def empty_platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    """Another database without tables, of each kind."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'platform.db'}"
        engine = create_engine(address)
        engine.connect().close()
        yield Platform(address, engine)
        engine.dispose()
        return
    name = f"p{uuid.uuid4().hex}"
    fixture = "postgres_address" if request.param == "postgresql" else "mariadb"
    server: str = request.getfixturevalue(fixture)
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    address = (
        server.replace("/postgres?", f"/{name}?")
        if request.param == "postgresql"
        else f"{server}/{name}"
    )
    engine = create_engine(address)
    yield Platform(address, engine)
    engine.dispose()
    with admin.connect() as connection:
        force = " WITH (FORCE)" if request.param == "postgresql" else ""
        connection.execute(text(f"DROP DATABASE {name}{force}"))
    admin.dispose()


@pytest.fixture
def platform(empty_platform: Platform) -> Platform:
    """The course platform of the document, with its rows."""
    schema, rows, _query, _deletion = blocks("sql")
    empty_platform.do(schema)
    empty_platform.do(rows)
    return empty_platform


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is taken for whole without waiting, as each test writes all of its own before."""
    monkeypatch.setattr(files, "SETTLED", 0.0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a data folder of the test's, which may read from this machine's network."""
    return Settings(data_dir=tmp_path / "data", sources_private=True)


Keep = Callable[..., definitions.Definition]


@pytest.fixture
def keep(engine: Engine) -> Keep:
    """Keep a source named "school" in the house's database; a path is of the kind files."""

    def kept(address: str, **fields: object) -> definitions.Definition:
        kind = definitions.Kind.SQL if "query" in fields else definitions.Kind.FILES
        definition = definitions.define(name="school", kind=kind, address=address, **fields)
        registry.add(engine, definition, actor="anna", replace=True)
        return definition

    return kept
