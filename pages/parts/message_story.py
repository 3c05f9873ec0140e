"""What a message says, in which version and where, and what happened to it."""

from html import escape

import streamlit as st

from hsl.audit import signed
from hsl.delivery import changes, texts, timeline
from hsl.delivery.history import Message
from hsl.models import Action, MessageStatus
from hsl.words import _, plural
from pages.parts import languages, shell, show

TO_COME = {MessageStatus.SCHEDULED, MessageStatus.SENDING, MessageStatus.PAUSED}


def show_content(message: Message) -> None:
    """What stands in the chats, what is still to come, and the earlier texts."""
    made = texts.edits(shell.engine(), message.id) if message.action is Action.SEND else []
    written = made[-1].content if made else message.content
    if made:
        st.markdown(_("**In the chats now**, {how}", how=_of(made[-1])))
    languages.show_each(written)
    if made and message.status in TO_COME and message.closing.not_tried:
        st.markdown(_("**For those still to come**"))
        languages.show_each(message.content)
    with st.expander(_("As it was written")):
        for text in [written.text, *[said.text for said in written.translations.values()]]:
            st.code(text or "–", language=None, wrap_lines=True)
    _earlier(message, made)


def _earlier(message: Message, made: list[Message]) -> None:
    """The texts before the present one, the last first, with how many got which."""
    if not made and message.version == 1:
        return
    got = texts.got_by_version(shell.engine(), message.id)
    for edit in reversed(made[:-1]):
        with st.expander(_("Before that, {how}", how=_of(edit))):
            languages.show_each(edit.content)
    if made:
        with st.expander(_("As it was sent: {how_many}", how_many=_got(got, message.version))):
            languages.show_each(message.content)
    else:
        st.caption(
            _(
                "Above: version {version}, {how_many}.",
                version=str(message.version),
                how_many=_got(got, message.version),
            )
        )
    for version in reversed(changes.versions(shell.engine(), message.id)):
        words = _(
            "Version {version}, until {until}, changed by {person}: {how_many}",
            version=str(version.number),
            until=show.moment(version.replaced_at, shell.zone()),
            person=version.replaced_by,
            how_many=_got(got, version.number),
        )
        with st.expander(show.plain(words)):
            languages.show_each(version.content)


def _of(edit: Message) -> str:
    """Markdown of who edited it, when, and how far it came."""
    reached, chats = edit.closing.sent, edit.closing.total
    in_chats = plural("{n} chat", "{n} chats", chats)
    if reached < chats:
        in_chats = _("{reached} of {chats}", reached=reached, chats=in_chats)
    return _(
        "edited by {person}, {when}, in {chats} ([message {number}]({address}))",
        person=show.plain(signed(edit.author)),
        when=show.plain(show.moment(edit.created_at, shell.zone())),
        chats=in_chats,
        number=str(edit.id),
        address=f"/messages?message={edit.id}",
    )


def _got(got: dict[int, int], version: int) -> str:
    return plural("{n} person got it", "{n} people got it", got.get(version, 0))


def show_timeline(message: Message) -> None:
    """Everything that happened to it, in order."""
    zone = shell.zone()
    lines = []
    for event in timeline.events(shell.engine(), message.id):
        person = escape(_("by {author}", author=signed(event.by))) if event.by else ""
        by = f" <span class='hsl-dim'>{person}</span>" if person else ""
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
            plural(
                "{n} of its requests was made again: Telegram had asked to wait (429) or could "
                "not be reached, or somebody asked for it.",
                "{n} of its requests were made again: Telegram had asked to wait (429) or could "
                "not be reached, or somebody asked for it.",
                again,
            )
        )
