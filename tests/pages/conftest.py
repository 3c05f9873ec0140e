"""The pages in Streamlit's AppTest, on a real database."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import Engine
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from hsl import acting, database, settings, web
from hsl.audience import importer
from hsl.settings import ROOT
from pages.parts import identity

Open = Callable[..., AppTest]


@pytest.fixture(scope="session")
def database_with_people(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with two hundred people of the sample, to be copied."""
    folder = tmp_path_factory.mktemp("people")
    lines = (ROOT / "data" / "sample_users.csv").read_text("utf-8").splitlines()
    people = folder / "people.csv"
    people.write_text("\n".join(lines[:201]), "utf-8")
    path = folder / "hsl.db"
    shutil.copyfile(migrated_file, path)
    engine = database.open_engine(f"sqlite:///{path}")
    importer.import_file(engine, people, actor="test", rejects_dir=folder)
    engine.dispose()
    return path


@pytest.fixture
def house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_with_people: Path
) -> Iterator[Engine]:
    """An own data folder with people in it, as the pages' process sees it."""
    monkeypatch.setenv("HSL_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("BOT_TOKEN", raising=False)
    settings.get_settings.cache_clear()
    st.cache_resource.clear()
    st.cache_data.clear()
    web.mark_served()
    # Said once in a process, as pages are loaded; a test before this one may have said another.
    acting.acted_by(identity.actor)
    _without_pages_folder(monkeypatch)
    shutil.copyfile(database_with_people, tmp_path / "hsl.db")
    engine = database.engine_for(settings.get_settings())
    # The pages' module says so once a process; another test may have said something else since.
    acting.acted_by(identity.actor)
    yield engine
    acting.acted_by(None)
    engine.dispose()
    settings.get_settings.cache_clear()
    st.cache_resource.clear()


@pytest.fixture(scope="session", autouse=True)
def scanned_once() -> Iterator[None]:
    """AppTest looks for components in all installed packages at each opening; once will do."""
    with pytest.MonkeyPatch.context() as patch:
        found = manifest_scanner.scan_component_manifests()
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda: found)
        yield


def _without_pages_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    # AppTest takes the folder `pages/` for the older kind of app, as a bare server would.
    begin = PagesManager.__init__

    def as_served(manager: PagesManager, *arguments: Any, **named: Any) -> None:
        PagesManager.uses_pages_directory = False
        begin(manager, *arguments, **named)

    monkeypatch.setattr(PagesManager, "__init__", as_served)


@pytest.fixture
def open_page(house: Engine) -> Open:
    """Open a page by its address: its name, and query parameters."""

    def open_one(name: str, **parameters: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
        if name != "overview":
            app.switch_page(f"pages/{name}.py")
        for key, value in parameters.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception
        return app

    return open_one
