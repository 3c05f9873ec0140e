"""The pages in Streamlit's AppTest, on a real database."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import Engine
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from hsl import database, settings, web
from hsl.audience import importer
from hsl.settings import ROOT

Open = Callable[..., AppTest]


@pytest.fixture
def people_file(tmp_path: Path) -> Path:
    """Two hundred people of the sample in a file."""
    lines = (ROOT / "data" / "sample_users.csv").read_text("utf-8").splitlines()
    path = tmp_path / "people.csv"
    path.write_text("\n".join(lines[:201]), "utf-8")
    return path


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, people_file: Path) -> Iterator[Engine]:
    """An own data folder with people in it, as the pages' process sees it."""
    monkeypatch.setenv("HSL_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("BOT_TOKEN", raising=False)
    settings.get_settings.cache_clear()
    st.cache_resource.clear()
    st.cache_data.clear()
    web.mark_served()
    _without_pages_folder(monkeypatch)
    engine = database.engine_for(settings.get_settings())
    database.migrate(engine)
    importer.import_file(engine, people_file, actor="test", rejects_dir=tmp_path)
    yield engine
    engine.dispose()
    settings.get_settings.cache_clear()
    st.cache_resource.clear()


def _without_pages_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    # AppTest takes the folder `pages/` for the older kind of app, as a bare server would.
    begin = PagesManager.__init__

    def as_served(manager: PagesManager, *arguments: Any, **named: Any) -> None:
        PagesManager.uses_pages_directory = False
        begin(manager, *arguments, **named)

    monkeypatch.setattr(PagesManager, "__init__", as_served)


@pytest.fixture
def open_page(house: Engine) -> Open:
    """Open a page by its name, with query parameters."""

    def open_one(name: str, **parameters: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
        for key, value in parameters.items():
            app.query_params[key] = value
        app.run()
        if name != "overview":
            app.switch_page(f"pages/{name}.py")
            for key, value in parameters.items():
                app.query_params[key] = value
            app.run()
        assert not app.exception
        return app

    return open_one
