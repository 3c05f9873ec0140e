"""The text of a message: the editor in the browser, and what it is told on each run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from hsl import words
from hsl.message import remedies
from hsl.message.remedies import Finding
from hsl.models import utc_now
from hsl.words import N_, _

FOLDER = Path(__file__).parent / "editor"
# In the order in which they use each other.
SCRIPTS = (
    "syntax",
    "marks",
    "markdown",
    "paste",
    "emoji",
    "panels",
    "toolbar",
    "keeping",
    "editor",
)
WORDS = {
    "formatting": N_("Formatting"),
    "bold": N_("Bold"),
    "italic": N_("Italic"),
    "underline": N_("Underline"),
    "strike": N_("Strike through"),
    "spoiler": N_("Spoiler"),
    "code": N_("Code"),
    "block": N_("Code block"),
    "quote": N_("Quote"),
    "long": N_("Quote that unfolds"),
    "link": N_("Link"),
    "names": N_("A value of each recipient"),
    "emoji": N_("Emoji"),
    "help": N_("Shortcuts"),
    "undo": N_("Undo"),
    "redo": N_("Redo"),
    "plain_paste": N_("Paste without formatting"),
    "next_problem": N_("Next problem"),
    "address": N_("Address"),
    "set_link": N_("Set the link"),
    "remove_link": N_("Remove the link"),
    "fallback": N_("Who has none reads"),
    "friend": N_("friend"),
    "find_emoji": N_("Find an emoji"),
    "no_emoji": N_("There is none of that name."),
    "show_place": N_("Show the place"),
    "counted": N_("{count} of {limit} characters"),
    "over": N_("{count} of {limit} characters, {over} too many"),
    "saving": N_("Saving…"),
    "saved_now": N_("Saved now"),
    "saved_seconds": N_("Saved {n} s ago"),
    "saved_minutes": N_("Saved {n} min ago"),
    "saved_hours": N_("Saved {n} h ago"),
    "saved_days": N_("Saved {n} d ago"),
    "silent": N_("Not saved: the server does not answer. This browser keeps the text."),
    "kept": N_("This browser kept a text of {time} that was not saved."),
    "brought_back": N_("Brought back what was written here at {time} and was not saved."),
    "bring_back": N_("Bring it back"),
    "drop_it": N_("Drop it"),
}

_editor = st.components.v2.component(
    "hsl_editor",
    html=(FOLDER / "editor.html").read_text("utf-8"),
    css=(FOLDER / "editor.css").read_text("utf-8"),
    js="\n".join((FOLDER / f"{name}.js").read_text("utf-8") for name in SCRIPTS),
)


@dataclass(frozen=True)
class Written:
    """What the browser told last: the `n`th text since it took up `load`, on draft `base`."""

    load: str
    base: int
    n: int
    text: str


@dataclass(frozen=True)
class Standing:
    """How the draft stands that the text belongs to; `error` says why it was not saved."""

    copy: str  # names the browser's own copy: the draft, and the language
    revision: int
    saved_ago: float | None  # seconds
    session: str  # names the session, which a restart of the server ends
    error: str | None = None
    forgets: str | None = None  # the copy whose text went into this one


def written(key: str) -> Written | None:
    """What the browser told last; None before it told anything."""
    state = st.session_state.get(key)
    return _read(state.get("written") if state else None)


def tab(key: str) -> str | None:
    """The name of the browser's tab, which a reload keeps; None before it told it."""
    state = st.session_state.get(key)
    found = state.get("tab") if state else None
    return None if found is None else str(found)


def draw(
    key: str,
    *,
    load: str,
    text: str,
    label: str,
    limit: int,
    count: int | None,
    findings: Sequence[Finding] = (),
    sentences: Sequence[str] = (),
    names: Sequence[str] = (),
    standing: Standing | None = None,
    insert: dict[str, object] | None = None,
) -> bool:
    """Show the editor with `text`; True where the browser holds words that were not known yet.

    `findings` stand at their places, `sentences` below them; `count` is in code points as
    Telegram counts, None where it cannot. `insert` (an `id` and a `text`) goes in at the caret,
    once. `load` names the text: another one replaces what stands.
    """
    known = written(key)
    is_current = known is not None and known.load == load
    found = _editor(
        key=key,
        data={
            "load": load,
            "text": text,
            "label": label,
            "placeholder": _("Write the message"),
            "words": {name: _(said) for name, said in WORDS.items()},
            "locale": str(words.locale()).replace("_", "-"),
            "limit": limit,
            "count": count,
            "names": list(names),
            "tab": tab(key),
            "acked": known.n if known is not None and is_current else 0,
            "problems": [
                *(_placed(text, finding) for finding in findings),
                *(_unplaced(sentence) for sentence in sentences),
            ],
            "insert": insert,
            **_standing(standing),
        },
        default={"written": None, "tab": None},
        on_written_change=lambda: None,
        on_tab_change=lambda: None,
    )
    told = _read(found.written)
    return told is not None and told.load == load and told != known


def _read(told: Any) -> Written | None:
    if not told:
        return None
    return Written(str(told["load"]), int(told["base"]), int(told["n"]), str(told["text"]))


def _standing(standing: Standing | None) -> dict[str, Any]:
    if standing is None:
        return {"draft": None}
    ago = standing.saved_ago
    return {
        "draft": standing.copy,
        "revision": standing.revision,
        "saved_ago": ago,
        "saved_mark": standing.revision,
        "error": standing.error,
        "session": standing.session,
        "forgets": standing.forgets,
    }


def _placed(text: str, finding: Finding) -> dict[str, Any]:
    """A finding for the browser, which counts in UTF-16 units."""
    return {
        "start": _units(text, finding.start),
        "end": _units(text, finding.end),
        "message": finding.message,
        "refused": finding.refused,
        "remedies": [
            {
                "label": remedy.label,
                "edits": [
                    (_units(text, edit.start), _units(text, edit.end), edit.text)
                    for edit in remedy.edits
                ],
            }
            for remedy in finding.remedies
        ],
    }


def _unplaced(sentence: str) -> dict[str, Any]:
    return {"start": None, "end": None, "message": sentence, "refused": True, "remedies": []}


def _units(text: str, place: int) -> int:
    return place + sum(character > "\uffff" for character in text[:place])


def findings_of(text: str, names: Sequence[str]) -> tuple[Finding, ...]:
    """All that is wrong in the text; `names` are what people have values for."""
    return remedies.find(text, known=names)


def seconds_since(moment: Any) -> float | None:
    """How long ago a draft was saved."""
    return None if moment is None else (utc_now() - moment).total_seconds()
