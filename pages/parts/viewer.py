"""The viewer's own choices, in the sidebar: the language of the pages, and light or dark."""

from pathlib import Path

import streamlit as st

from hsl import words
from hsl.words import _
from pages.parts import streamlit_words

FOLDER = Path(__file__).parent / "viewer"
LOCALE_COOKIE = "hsl_locale"  # a language that was chosen here, instead of the browser's

_viewer = st.components.v2.component(
    "hsl_viewer",
    html=(FOLDER / "viewer.html").read_text("utf-8"),
    css=(FOLDER / "viewer.css").read_text("utf-8"),
    js=(FOLDER / "viewer.js").read_text("utf-8"),
)
_document = st.components.v2.component(
    "hsl_document", js=(FOLDER / "document.js").read_text("utf-8"), html="<span></span>"
)


def chosen_locale() -> str:
    """The language that was chosen here, one of `words.LANGUAGES`; empty: as the browser says."""
    chosen = st.context.cookies.get(LOCALE_COOKIE)
    return chosen if isinstance(chosen, str) and chosen in words.LANGUAGES else ""


def document(reading: str) -> None:
    """Tell the browser the language of the page, as it is read out by a screen reader.

    It stands beside the page, as the sidebar is not there while it is closed. `reading` names what
    the help shows, which begins at its top.
    """
    with st.container(key="hsl-document"):
        _document(
            key="document",
            data={
                "language": words.language(),
                "skip": _("Skip to the content"),
                "streamlit": streamlit_words.spoken(),
                "reading": reading,
            },
        )


def choices(paths: list[str]) -> None:
    """Draw the two choices; `paths` are the addresses of all pages, which share the colours."""
    languages = [["", _("As the browser says")], *([*pair] for pair in words.LANGUAGES.items())]
    themes = [["System", _("As the system")], ["Light", _("Light")], ["Dark", _("Dark")]]
    _viewer(
        key="viewer",
        data={
            "locale": chosen_locale(),
            "cookie": LOCALE_COOKIE,
            "paths": paths,
            "choices": {"locale": languages, "theme": themes},
            "words": {
                "language": _("Language"),
                "theme": _("Colours"),
            },
        },
    )
