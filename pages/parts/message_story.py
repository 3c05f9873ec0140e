"""What a message says, in which version and where, and what happened to it."""

from html import escape

import streamlit as st

from hsl.delivery import changes, texts, timeline
from hsl.delivery.history import Message
from hsl.models import Action, MessageStatus
from pages.parts import languages, shell, show

TO_COME = {MessageStatus.SCHEDULED, MessageStatus.SENDING, MessageStatus.PAUSED}


def show_content(message: Message) -> None:
    """What stands in the chats, what is still to come, and the earlier texts."""
    made = texts.edits(shell.engine(), message.id) if message.action is Action.SEND else []
    written = made[-1].content if made else message.content
    if made:
        st.markdown(f"**In the chats now**, {_of(made[-1])}")
    languages.show_each(written)
    if made and message.status in TO_COME and message.closing.not_tried:
        st.markdown("**For those still to come**")
        languages.show_each(message.content)
    with st.expander("As it was written"):
        for text in [written.text, *[said.text for said in written.translations.values()]]:
            st.code(text or "–", language=None, wrap_lines=True)
    _earlier(message, made)


def _earlier(message: Message, made: list[Message]) -> None:
    """The texts before the present one, the last first, with how many got which."""
    if not made and message.version == 1:
        return
    got = texts.got_by_version(shell.engine(), message.id)
    for edit in reversed(made[:-1]):
        with st.expander(f"Before that, {_of(edit)}"):
            languages.show_each(edit.content)
    if made:
        with st.expander(f"As it was sent: {_got(got, message.version)}"):
            languages.show_each(message.content)
    else:
        st.caption(f"Above: version {message.version}, {_got(got, message.version)}.")
    for version in reversed(changes.versions(shell.engine(), message.id)):
        until = show.moment(version.replaced_at, shell.zone())
        words = f"Version {version.number}, until {until}, changed by {version.replaced_by}"
        with st.expander(show.plain(f"{words}: {_got(got, version.number)}")):
            languages.show_each(version.content)


def _of(edit: Message) -> str:
    """Markdown of who edited it, when, and how far it came."""
    when = show.plain(show.moment(edit.created_at, shell.zone()))
    reached, chats = edit.closing.sent, edit.closing.total
    some = f"{reached:,} of " if reached < chats else ""
    return (
        f"edited by {show.plain(edit.author)}, {when}, in {some}{chats:,} chats "
        f"([message {edit.id}](/messages?message={edit.id}))"
    )


def _got(got: dict[int, int], version: int) -> str:
    return f"{show.people(got.get(version, 0))} got it"


def show_timeline(message: Message) -> None:
    """Everything that happened to it, in order."""
    zone = shell.zone()
    lines = []
    for event in timeline.events(shell.engine(), message.id):
        by = f" <span class='hsl-dim'>by {escape(event.by)}</span>" if event.by else ""
        closing = f"<div class='hsl-dim'>{escape(event.sum)}</div>" if event.sum else ""
        lines.append(
            f"<div><time title='{escape(show.ago(event.at))}'>"
            f"{escape(show.exactly(event.at, zone))}</time>"
            f"<div>{escape(event.words)}{by}{closing}</div></div>"
        )
    st.html(f"<div class='hsl-events'>{''.join(lines)}</div>")
    again = timeline.tried_again(shell.engine(), message.id)
    if again:
        st.caption(
            f"{again:,} of its requests were made again: Telegram had asked to wait (429) or could "
            "not be reached, or somebody asked for it."
        )
