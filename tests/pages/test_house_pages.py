"""What the house's own pages say: help, first steps, audit, settings, and no database."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
import streamlit as st
from sqlalchemy import Engine, create_engine, text
from streamlit.testing.v1 import AppTest

from hsl import audit, configured, first_steps, settings, words
from hsl.table import Format
from pages.parts import download
from pages.parts import help as guide_panel
from tests.pages.test_pages import PAGES

Open = Callable[..., AppTest]
AWAY = "The database does not answer"


def html_of(app: AppTest) -> str:
    return " ".join(str(block.proto.body) for block in app.get("html"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_its_guide_beside_it(open_page: Open, name: str) -> None:
    app = open_page(name)
    app.button(key="help").click().run()
    shown = " ".join(one.value for one in app.markdown)
    assert guide_panel.read(guide_panel.path_of(name, "en")).title in shown
    app.button(key="help").click().run()
    assert app.button(key="help").label == "Help"


@pytest.mark.parametrize("language", sorted(words.LANGUAGES))
@pytest.mark.parametrize("name", PAGES)
def test_every_guide_is_whole_and_its_links_lead_somewhere(name: str, language: str) -> None:
    path = guide_panel.path_of(name, language)
    own = guide_panel.GUIDES if language == "en" else guide_panel.GUIDES / language
    assert path == own / f"{name}.md"
    guide = guide_panel.read(path)
    linked = guide_panel._LINK.findall(path.read_text("utf-8"))
    assert len(guide.more) == len({target for picture, _said, target in linked if not picture})
    assert guide.text.count("](") == sum(bool(picture) for picture, _said, _target in linked)
    assert "# " not in guide.title


def test_another_document_is_read_in_the_help_and_left_again(open_page: Open) -> None:
    app = open_page("audience")
    app.button(key="help").click().run()
    app.button(key="help-more-0").click().run()
    assert "## People and their files" in [one.value for one in app.markdown]
    app.button(key="help-back").click().run()
    assert "## Audience: find people and choose them" in [one.value for one in app.markdown]


def test_the_first_steps_lead_and_can_be_hidden(open_page: Open, house: Engine) -> None:
    app = open_page("overview")
    assert "First steps" in [one.value for one in app.header]
    assert "@BotFather" in " ".join(one.value for one in app.markdown)
    app.button(key="first-steps-hide").click().run()
    assert "First steps" not in [one.value for one in app.header]
    assert audit.entries(house, action=first_steps.DISMISSED)[1] == 1


def test_the_audit_tells_in_words_what_was_before_and_after(open_page: Open, house: Engine) -> None:
    with house.begin() as connection:
        audit.record(
            connection,
            actor="anna",
            action="segment_edited",
            object_type="segment",
            object_id="<b>west</b>",
            details={"before": {"is_exclusion": False}, "after": {"is_exclusion": True}},
        )
    shown = html_of(open_page("audit", who="anna"))
    assert "changed a segment · segment &lt;b&gt;west&lt;/b&gt;" in shown
    assert "<del>no</del> → <ins>yes</ins>" in shown
    assert "sample" not in shown


def test_the_downloads_of_the_audit_say_it_in_words(
    open_page: Open, house: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.begin() as connection:
        audit.record(
            connection,
            actor="anna",
            action=configured.CHANGED,
            object_type="settings",
            details={"before": {"HSL_CONFIRM_OVER": 9}, "after": {"HSL_CONFIRM_OVER": 1000}},
        )
    offered: list[Callable[[Format], IO[bytes]]] = []
    monkeypatch.setattr(download, "menu", lambda _words, _name, make: offered.append(make))
    open_page("audit", who="anna")
    whole = offered[0](Format.CSV).read().decode()
    assert "changed the settings: HSL_CONFIRM_OVER: 9 → 1,000" in whole


def test_every_check_of_the_doctor_has_a_name_in_the_readers_language() -> None:
    checked = {
        name
        for file in ("hsl/doctor.py", "hsl/guarding.py")
        for name in re.findall(r'Check\(\s*"(\w+)"', (settings.ROOT / file).read_text("utf-8"))
    }
    page = (settings.ROOT / "pages" / "settings.py").read_text("utf-8")
    assert len(checked) > 10
    assert {name for name in checked if f'"{name}": N_(' not in page} == set()


def test_the_audit_of_one_person(open_page: Open, house: Engine) -> None:
    with house.begin() as connection:
        for ids in ([700_000_037, 5], [6, 7]):
            audit.record(
                connection,
                actor="anna",
                action="suppressed",
                object_type="people",
                details={"people": 2, "user_ids": ids},
            )
    shown = html_of(open_page("audit", person="700000037"))
    assert "700000037, 5" in shown
    assert "6, 7" not in shown


def test_the_audits_page_number_stands_in_the_address(open_page: Open, house: Engine) -> None:
    with house.begin() as connection:
        for number in range(120):
            audit.record(
                connection,
                actor="anna",
                action="message_paused",
                object_type="message",
                object_id=f"m{number}",
            )
    shown = html_of(open_page("audit", page_no="3"))
    assert "message m5<" in shown
    assert "message m119<" not in shown


@pytest.fixture
def on_a_server(
    postgres_address: str, migrated_template: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[bool], None]]:
    """The pages on a PostgreSQL whose database can be taken away and be given back."""
    server = create_engine(postgres_address, isolation_level="AUTOCOMMIT")

    def run(*statements: str) -> None:
        with server.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    run(f"CREATE DATABASE pages_here TEMPLATE {migrated_template}")
    here = postgres_address.replace("/postgres?", "/pages_here?")
    monkeypatch.setenv("DATABASE_URL", here)
    monkeypatch.setenv("HSL_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("BOT_TOKEN", raising=False)

    def set_there(is_there: bool) -> None:
        old, new = ("pages_away", "pages_here") if is_there else ("pages_here", "pages_away")
        run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{old}'",
            f"ALTER DATABASE {old} RENAME TO {new}",
        )

    settings.get_settings.cache_clear()
    st.cache_resource.clear()
    yield set_there
    st.cache_resource.clear()
    settings.get_settings.cache_clear()
    run("DROP DATABASE IF EXISTS pages_here WITH (FORCE)")
    run("DROP DATABASE IF EXISTS pages_away WITH (FORCE)")
    server.dispose()


def test_without_its_database_a_page_says_one_sentence_and_comes_back(
    house: Engine, on_a_server: Callable[[bool], None], open_page: Open
) -> None:
    apps = {name: open_page(name) for name in PAGES}
    on_a_server(False)
    for name, app in apps.items():
        app.run()
        assert not app.exception, name
        assert [AWAY in error.value for error in app.error] == [True], name
    on_a_server(True)
    for name, app in apps.items():
        app.run()
        assert AWAY not in " ".join(error.value for error in app.error), name
        assert app.title, name
