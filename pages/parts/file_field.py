"""What kind of message it is, and its file."""

import streamlit as st

from hsl.message.content import Content
from hsl.models import MessageType
from hsl.words import N_, _

TYPES = {
    MessageType.TEXT: N_("Text"),
    MessageType.VIDEO: N_("Video"),
    MessageType.DOCUMENT: N_("Document"),
}


def file_field(key: str, content: Content, *, locked: bool) -> tuple[MessageType, str | None]:
    """The kind and the file_id as they are chosen now; `locked`: neither may change."""
    chosen = st.segmented_control(
        _("Kind"),
        list(TYPES),
        default=content.message_type,
        required=True,
        format_func=lambda kind: _(TYPES[kind]),
        key=f"{key}-kind",
        label_visibility="collapsed",
        disabled=locked,
    )
    kind = MessageType(chosen)
    if kind is MessageType.TEXT:
        return kind, None
    file_id = st.text_input(
        "file_id",
        content.file_id or "",
        key=f"{key}-file",
        live=True,
        disabled=locked,
        help=_("Send the file to your bot once; its answer names the file_id."),
    )
    return kind, (file_id or "").strip() or None
