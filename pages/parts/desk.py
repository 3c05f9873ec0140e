"""The writing desk's parts: the text and the preview."""

from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from hsl.message import html, placeholders, preview
from hsl.message.content import Content
from hsl.models import MessageType, utc_now
from pages.parts import media_library, shell

FOLDER = Path(__file__).parent / "editor"

_editor = st.components.v2.component(
    "hsl_editor",
    html=(FOLDER / "editor.html").read_text("utf-8"),
    css=(FOLDER / "editor.css").read_text("utf-8"),
    js=(FOLDER / "editor.js").read_text("utf-8"),
)


def text_field(key: str, text: str, *, caption: bool) -> str:
    """The text as it stands in the editor now; `text` is what it begins with."""
    label = "Caption" if caption else "Message"
    found = _editor(
        key=key,
        data={
            "load": key,
            "text": text,
            "label": label,
            "placeholder": f"Write the {label.lower()}",
        },
        default={"text": text},
        on_text_change=lambda: None,
    )
    written = found.text
    return text if written is None else str(written)


def show_preview(content: Content, person: dict[str, Any]) -> None:
    """The bubble as this person will see it."""
    written = placeholders.render(content.text, person)
    try:
        parsed = html.parse(written).trimmed()
        body = preview.body(parsed.text, parsed.entities)
    except html.HtmlError as fault:
        body = f"<i>{escape(str(fault))}</i>"
    local = utc_now().astimezone(shell.zone())
    st.html(
        preview.document(
            body or "<i>Nothing written yet</i>",
            message_type=content.message_type,
            file_id=content.file_id,
            buttons=content.buttons,
            time=f"{local:%H:%M}",
            media=media_library.media_of(content),
        )
    )


def length_of(content: Content, person: dict[str, Any]) -> int | None:
    """Characters as Telegram counts them; None while the HTML is not whole."""
    try:
        return html.parse(placeholders.render(content.text, person)).length
    except html.HtmlError:
        return None


def is_file(kind: MessageType) -> bool:
    """True for a photo, a video or a document."""
    return kind is not MessageType.TEXT
