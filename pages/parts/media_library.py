"""The library of files as a person sees it: found by name, chosen for a message, named, removed."""

from collections.abc import Callable
from html import escape

import streamlit as st

from hsl import words
from hsl.media import library
from hsl.media.errors import MediaError
from hsl.message import preview
from hsl.message.content import Content
from hsl.models import MessageType
from hsl.words import N_, _, plural
from pages.parts import shell, show, through

ALL = "all"
FILTERS = {
    ALL: N_("All"),
    MessageType.PHOTO: N_("Photos"),
    MessageType.VIDEO: N_("Videos"),
    MessageType.DOCUMENT: N_("Documents"),
}
ICONS = {MessageType.PHOTO: "▣", MessageType.VIDEO: "▶", MessageType.DOCUMENT: "▤"}
CARD = 184  # pixels
CSS = """<style>
.hsl-shot{height:112px;border-radius:6px;overflow:hidden;display:grid;place-items:center;
background:#7f8f9e2e;font-size:2rem;position:relative}
@media (max-width:480px){[class*=st-key-media-card]{width:100%!important}}
.hsl-shot img{width:100%;height:112px;object-fit:cover}
.hsl-shot span{position:absolute;left:6px;bottom:6px;font-size:.76rem;line-height:1.4;
background:#000000a6;color:#fff;border-radius:9px;padding:0 7px}
.hsl-file{font-size:.86rem;line-height:1.35;margin-top:.35rem}
.hsl-file b,.hsl-file span{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.hsl-file span{opacity:.78;font-variant-numeric:tabular-nums}
.hsl-chosen{display:grid;grid-template-columns:96px 1fr;gap:.2rem .9rem;align-items:center}
.hsl-chosen .hsl-shot,.hsl-chosen .hsl-shot img{height:72px}
.hsl-chosen .hsl-file{min-width:0}
</style>"""


def known(file_id: str | None) -> library.File | None:
    """The bot's file of this file_id, also where it was removed; None for one not known here."""
    if not file_id:
        return None
    return library.find(shell.engine(), through.settings().bot_id, file_id)


def media_of(content: Content) -> preview.Media | None:
    """What the preview may show of a content's file; None where it is not known here."""
    file = None if content.message_type is MessageType.TEXT else known(content.file_id)
    if file is None:
        return None
    return preview.Media(file.name, size(file.size), file.thumbnail, length(file.duration))


def size(count: int | None) -> str:
    """Such as 1.4 MB; nothing where it is not known."""
    if count is None:
        return ""
    if count < 1_000_000:
        return _("{size} kB", size=words.number(max(1, round(count / 1000))))
    return _("{size} MB", size=words.number(count / 1e6, decimals=1))


def length(seconds: int | None) -> str:
    """Such as 1:05; nothing where there is none."""
    return f"{seconds // 60}:{seconds % 60:02}" if seconds else ""


def about(file: library.File) -> str:
    """One line of what a file is, such as "1280 × 720 · 1.4 MB"."""
    sides = f"{file.width} × {file.height}" if file.width and file.height else ""
    return " · ".join(part for part in (sides, size(file.size)) if part)


def use(file: library.File) -> str:
    """Where a file is used, such as "in 3 messages"."""
    if not file.used:
        return _("in no message yet")
    return plural("in {n} message", "in {n} messages", file.used)


def shot(file: library.File) -> str:
    """HTML of a file's small picture, or of the sign of its kind."""
    mark = f"<span>{length(file.duration)}</span>" if file.duration else ""
    if not file.thumbnail:
        return f'<div class="hsl-shot" aria-hidden="true">{ICONS[file.kind]}{mark}</div>'
    source = f"data:image/jpeg;base64,{escape(file.thumbnail)}"
    return f'<div class="hsl-shot"><img alt="" src="{source}">{mark}</div>'


def draw(kind: MessageType, choose: Callable[[library.File], None]) -> None:
    """The dialog's body: files that fit, each to be chosen, renamed or removed."""
    bot_id = through.settings().bot_id
    st.html(CSS)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            _("Search"),
            key="media-search",
            placeholder=_("A part of its name"),
            label_visibility="collapsed",
            live=show.LIVE,
        )
        chosen = st.segmented_control(
            _("Kind of file"),
            list(FILTERS),
            default=kind,
            required=True,
            format_func=lambda name: _(FILTERS[name]),
            key="media-kind",
            label_visibility="collapsed",
        )
    wanted = None if chosen in {None, ALL} else MessageType(chosen)
    page = int(st.session_state.get(f"media-page-{search}-{chosen}") or 1)
    files, total = library.listing(
        shell.engine(),
        bot_id,
        search=search or "",
        kind=wanted,
        offset=(page - 1) * library.PAGE,
    )
    if not files:
        st.caption(
            _("No file has such a name.")
            if search
            else _("There is nothing here yet. Drop a file on the desk, and it is kept here.")
        )
    with st.container(horizontal=True, gap="small"):
        for file in files:
            _card(file, choose)
    pages = -(-total // library.PAGE)
    if pages > 1:
        st.pagination(pages, key=f"media-page-{search}-{chosen}")
    if total:
        st.caption(plural("{n} file", "{n} files", total))


def _card(file: library.File, choose: Callable[[library.File], None]) -> None:
    with st.container(border=True, width=CARD, gap="xsmall", key=f"media-card-{file.id}"):
        name = escape(file.name)
        st.html(
            f'{shot(file)}<div class="hsl-file"><b title="{name}">{name}</b>'
            f"<span>{escape(about(file))}</span><span>{escape(use(file))}</span></div>"
        )
        with st.container(horizontal=True, gap="xsmall"):
            label = _("Choose")
            if st.button(label, key=f"media-take-{file.id}", help=show.plain(file.name)):
                choose(file)
            with st.popover("", icon=":material/more_horiz:", help=_("Rename or remove")):
                _more(file)


def _more(file: library.File) -> None:
    bot_id, actor = through.settings().bot_id, shell.author()
    with st.form(f"media-name-{file.id}", border=False):
        name = st.text_input(_("Name"), file.name)
        if st.form_submit_button(_("Rename")):
            _change(lambda: library.rename(shell.engine(), bot_id, file.id, name, actor=actor))
    moment = show.moment(file.uploaded_at, shell.zone())
    st.caption(
        _("Uploaded {moment} by {author}.", moment=moment, author=show.plain(file.uploaded_by))
        if file.is_lasting
        else _("Named by its file_id {moment}; it goes now only.", moment=moment)
    )
    st.caption(_("Removed from here, it stays at Telegram and in the messages that have it."))
    if st.button(_("Remove from the library"), key=f"media-gone-{file.id}"):
        _change(lambda: library.remove(shell.engine(), bot_id, file.id, actor=actor))


def _change(change: Callable[[], None]) -> None:
    try:
        change()
    except MediaError as refused:
        st.error(show.plain(str(refused)))
        return
    st.rerun()
