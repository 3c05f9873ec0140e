"""The writing desk's parts: the text, the buttons, and the preview."""

from dataclasses import dataclass, replace
from html import escape
from typing import Any
from uuid import uuid4

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from hsl.message import html, placeholders, preview, remedies
from hsl.message.content import MAX_CAPTION, MAX_TEXT, Button, Content
from hsl.models import MessageType, utc_now
from hsl.words import _
from pages.parts import shell, text_editor

KINDS = {"url": "Link", "callback_data": "Data", "copy_text": "Copy"}
HINTS = {
    "url": "https://example.org",
    "callback_data": "what your bot gets, up to 64 bytes",
    "copy_text": "what is copied, up to 256 characters",
}


@dataclass(frozen=True)
class Line:
    """One button on the desk; `beside`: in the row of the one before it."""

    uid: str
    text: str = ""
    kind: str = "url"
    value: str = ""
    beside: bool = False


def text_field(key: str, text: str, *, caption: bool) -> str:
    """A text beside the message's own, as it stands in its editor now; `text` is its beginning."""
    told = text_editor.written(key)
    now = text if told is None or told.load != key else told.text
    has_news = text_editor.draw(
        key,
        load=key,
        text=now,
        label=_("Caption") if caption else _("Message"),
        limit=MAX_CAPTION if caption else MAX_TEXT,
        count=length_of(Content(text=now), {}),
        findings=remedies.find(now),
    )
    if has_news:
        st.rerun()
    return now


def lines_of(content: Content) -> list[Line]:
    """A content's buttons as lines on the desk."""
    return [
        Line(uuid4().hex[:8], button.text, *_action(button), beside=place > 0)
        for row in content.buttons
        for place, button in enumerate(row)
    ]


def rows_of(lines: list[Line]) -> tuple[tuple[Button, ...], ...]:
    """The lines as rows of buttons; an action that is not filled in yet stays away."""
    rows: list[list[Button]] = []
    for line in lines:
        action: dict[str, Any] = {line.kind: line.value.strip() or None}
        button = Button(text=line.text, **action)
        if line.beside and rows:
            rows[-1].append(button)
        else:
            rows.append([button])
    return tuple(tuple(row) for row in rows)


def button_lines(key: str, lines: list[Line]) -> list[Line]:
    """The buttons to edit: each with its text, action and place; returns them as they are now."""
    found: list[Line] = []
    spots: list[DeltaGenerator] = []
    move: tuple[int, int] | None = None
    gone: str | None = None
    for index, line in enumerate(lines):
        name = f"{key}-{line.uid}"
        with st.container(border=True, gap="xsmall"):
            cells = st.columns([4, 3, 6], gap="small")
            text = cells[0].text_input("Button", line.text, key=f"{name}-text", live=True)
            kinds = list(KINDS)
            kind = cells[1].selectbox(
                "Action",
                kinds,
                index=kinds.index(line.kind),
                format_func=lambda kind: KINDS[kind],
                key=f"{name}-kind",
            )
            value = cells[2].text_input(
                KINDS[kind], line.value, key=f"{name}-value", placeholder=HINTS[kind], live=True
            )
            with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
                if st.button("↑", key=f"{name}-up", disabled=index == 0, help="Move up"):
                    move = (index, index - 1)
                last = index == len(lines) - 1
                if st.button("↓", key=f"{name}-down", disabled=last, help="Move down"):
                    move = (index, index + 1)
                if st.button("✕", key=f"{name}-gone", help="Remove this button"):
                    gone = line.uid
                beside = st.checkbox(
                    "In one row with the button above",
                    line.beside,
                    key=f"{name}-beside",
                    disabled=index == 0,
                )
            spots.append(st.container())
        found.append(
            replace(line, text=text or "", kind=kind, value=value or "", beside=bool(beside))
        )
    # Said only now, as the fields above are what was typed last.
    _say_problems(found, spots)
    if move is not None:
        found[move[0]], found[move[1]] = found[move[1]], found[move[0]]
    return [line for line in found if line.uid != gone]


def _say_problems(lines: list[Line], spots: list[DeltaGenerator]) -> None:
    problems = {p.field: p.message for p in Content(text="-", buttons=rows_of(lines)).check()}
    for (row, place), spot in zip(_places(lines), spots, strict=True):
        words = problems.get(f"buttons.{row}.{place}") or problems.get(f"buttons.{row}")
        if words:
            spot.html(f'<div role="alert" class="hsl-problem">{escape(words)}</div>')


def show_preview(content: Content, person: dict[str, Any]) -> None:
    """The bubble as this person will see it, in the language that they get."""
    content = content.for_language(person.get("language_code"))
    written = placeholders.render(content.text, person)
    try:
        parsed = html.parse(written).trimmed()
        body = preview.body(parsed.text, parsed.entities)
    except html.HtmlError as fault:
        body = f"<i>{escape(str(fault))}</i>"
    local = utc_now().astimezone(shell.zone())
    st.html(
        preview.document(
            body or f"<i>{escape(_('Nothing written yet'))}</i>",
            message_type=content.message_type,
            file_id=content.file_id,
            buttons=content.buttons,
            time=f"{local:%H:%M}",
        )
    )


def length_of(content: Content, person: dict[str, Any]) -> int | None:
    """Characters as Telegram counts them; None while the HTML is not whole."""
    try:
        return html.parse(placeholders.render(content.text, person)).length
    except html.HtmlError:
        return None


def is_file(kind: MessageType) -> bool:
    """True for a video or a document."""
    return kind is not MessageType.TEXT


def _action(button: Button) -> tuple[str, str]:
    for kind in KINDS:
        value = getattr(button, kind)
        if value is not None:
            return kind, str(value)
    return "url", ""


def _places(lines: list[Line]) -> list[tuple[int, int]]:
    places: list[tuple[int, int]] = []
    for line in lines:
        if places and line.beside:
            places.append((places[-1][0], places[-1][1] + 1))
        else:
            places.append((places[-1][0] + 1 if places else 0, 0))
    return places
