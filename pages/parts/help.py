"""Help beside each page: the same guides as in docs/, opened by one button and left open."""

import base64
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import streamlit as st

from hsl import words
from hsl.settings import ROOT
from hsl.words import _

DOCS = ROOT / "docs"
GUIDES = DOCS / "guides"
OPEN = "help-open"  # session: the panel is open
READ = "help-read"  # session: the page it was opened for, and another document that is read there
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_PICTURE = re.compile(r"^!\[([^\]]*)\]\(([^)\s]+)\)$")


@dataclass(frozen=True)
class Guide:
    """A document: its title, its Markdown without links, and where those led."""

    title: str
    text: str
    more: tuple[tuple[str, Path], ...]


def path_of(page: str, language: str) -> Path:
    """The guide of a page in a language; in English where it is not written in it."""
    own = GUIDES / language / f"{page}.md"
    return own if own.exists() else GUIDES / f"{page}.md"


def read(path: Path) -> Guide:
    """A document under docs/. Links between them become a list; others become their address."""
    title, _line, rest = path.read_text("utf-8").lstrip().partition("\n")
    more: dict[Path, str] = {}

    def plainly(found: re.Match[str]) -> str:
        picture, said, target = found.groups()
        if picture:
            return found[0]
        if re.match(r"[a-z]+:", target):
            return f"{said} ({target.split('://')[-1]})"
        other = (path.parent / target.partition("#")[0]).resolve()
        if other != path and other.is_relative_to(DOCS) and other.exists():
            more.setdefault(other, _title_of(other))
        return said

    # The page's own title is the first level of headings, and the guide's the second.
    rest = re.sub(r"^##", "###", rest, flags=re.MULTILINE)
    parts = [_LINK.sub(plainly, part) for part in rest.strip().split("\n\n")]
    if path.is_relative_to(GUIDES) and more:
        parts.pop()  # a guide ends with where to read on, which become buttons
    text = "\n\n".join(parts)
    return Guide(title.lstrip("# ").strip(), text, tuple((w, p) for p, w in more.items()))


def _title_of(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        return next(lines).lstrip("# ").strip()


def button(page: str) -> Path | None:
    """The button that opens and closes the panel, and the panel; returns what is read in it."""
    if not st.session_state.get(OPEN):
        with st.container(key="hsl-help-open"):
            st.button(_("Help"), key="help", icon=":material/help:", on_click=_turn, args=(True,))
        return None
    with st.container(key="hsl-help"):
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.button(
                _("Close"), key="help", icon=":material/close:", on_click=_turn, args=(False,)
            )
        return _panel(page)


def _panel(page: str) -> Path:
    own = path_of(page, words.language())
    page_of, chosen = st.session_state.get(READ, (page, own))
    path: Path = chosen if page_of == page and chosen.exists() else own
    guide = read(path)
    st.markdown(f"## {guide.title}")
    _text(guide.text, path)
    if path != own:
        st.button(
            _("Back to this page's guide"),
            key="help-back",
            type="tertiary",
            icon=":material/arrow_back:",
            on_click=_reader(page, own),
        )
    if guide.more:
        st.markdown(f"**{_('More about it')}**")
    for place, (title, other) in enumerate(guide.more):
        is_english = words.language() != "en" and other.parent == DOCS
        title = _("{title} (in English)", title=title) if is_english else title
        st.button(title, key=f"help-more-{place}", type="tertiary", on_click=_reader(page, other))
    return path


def _text(text: str, path: Path) -> None:
    """Markdown of our own files, its pictures from beside them."""
    lines: list[str] = []
    for line in text.split("\n"):
        picture = _PICTURE.match(line.strip())
        if picture is None:
            lines.append(line)
            continue
        st.markdown("\n".join(lines))
        lines.clear()
        file = (path.parent / picture[2]).resolve()
        if file.is_relative_to(DOCS) and file.exists():
            st.html(_figure(file, picture[1]))
    st.markdown("\n".join(lines))


@cache
def _figure(file: Path, words_of_it: str) -> str:
    """A picture with words for those who do not see it, which `st.image` does not take.

    It is asked for by every run while the help is open, and the files are the program's own.
    """
    data = base64.b64encode(file.read_bytes()).decode()
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{html.escape(words_of_it)}">'
        "</figure>"
    )


def _turn(is_open: bool) -> None:
    st.session_state[OPEN] = is_open
    st.session_state.pop(READ, None)


def _reader(page: str, path: Path) -> Callable[[], None]:
    def open_it() -> None:
        st.session_state[READ] = (page, path)

    return open_it
