"""The writing desk's parts: the text and the preview."""

from html import escape
from typing import Any

import streamlit as st

from hsl.message import html, placeholders, preview, remedies
from hsl.message.content import MAX_CAPTION, MAX_TEXT, Content
from hsl.models import MessageType, utc_now
from hsl.words import _
from pages.parts import media_library, shell, text_editor


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
