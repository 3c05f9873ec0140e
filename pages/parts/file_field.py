"""What kind of message it is, and its file: dropped here, chosen from the library, or named."""

import json
from dataclasses import dataclass, field
from html import escape

import streamlit as st

from hsl.errors import PlainError
from hsl.media import dropped, library, naming, place, uploading
from hsl.media.errors import MediaError
from hsl.message.content import Content
from hsl.models import MessageType
from hsl.words import N_, _
from pages.parts import asking, media_library, shell, show, through

KINDS = {
    MessageType.TEXT: N_("Text"),
    MessageType.PHOTO: N_("Photo"),
    MessageType.VIDEO: N_("Video"),
    MessageType.DOCUMENT: N_("Document"),
}
DROP = {
    MessageType.PHOTO: N_("Drop a photo here: JPEG, PNG or WEBP of up to 10 MB"),
    MessageType.VIDEO: N_("Drop a video here: MP4 of up to 50 MB"),
    MessageType.DOCUMENT: N_("Drop any file of up to 50 MB here"),
}
ZONE = """<style>
.st-key-media-drop [data-testid=stFileUploaderDropzone]{{border:1.5px dashed #7f8f9e99;
min-height:88px;justify-content:center;align-items:center}}
.st-key-media-drop [data-testid=stFileUploaderDropzoneInstructions]{{display:none}}
.st-key-media-drop [data-testid=stFileUploaderDropzone] button p{{font-size:0}}
.st-key-media-drop [data-testid=stFileUploaderDropzone] button p::after{{content:{words};
font-size:.9rem}}
</style>"""
LIBRARY = "media library"
AGAIN = 0.4  # seconds between two looks at an upload
AT_ONCE = 0.5  # seconds in which a small file is mostly up


@dataclass
class _Choice:
    """What is chosen on one desk; `files` holds a file_id for each kind, as kinds do not mix."""

    kind: MessageType
    files: dict[MessageType, str] = field(default_factory=dict)
    turn: int = 0  # widgets of an earlier turn are gone
    upload: uploading.Upload | None = None
    fault: PlainError | None = None
    note: str | None = None
    note_name: str = ""

    def take(
        self, kind: MessageType, file_id: str, note: str | None = None, name: str = ""
    ) -> None:
        """Choose this file from now on."""
        self.kind, self.files[kind] = kind, file_id
        self.note, self.note_name, self.fault = note, name, None
        self.turn += 1


def file_field(key: str, content: Content, *, locked: bool) -> tuple[MessageType, str | None]:
    """The kind and the file_id as they are chosen now; `content` is what it begins with.

    `locked`: both stay as they are, since Telegram lets a sent message change its words only.
    """
    choice: _Choice = st.session_state.setdefault(f"{key}-choice", _first(content))
    _settle(choice)
    kind = st.segmented_control(
        _("Kind"),
        list(KINDS),
        default=choice.kind,
        required=True,
        format_func=lambda kind: _(KINDS[kind]),
        key=f"{key}-kind-{choice.turn}",
        label_visibility="collapsed",
        disabled=locked,
    )
    choice.kind = MessageType(kind)
    if choice.kind is MessageType.TEXT:
        return MessageType.TEXT, None
    st.html(media_library.CSS)
    file_id = choice.files.get(choice.kind)
    if choice.upload is not None:
        _watch(choice.upload)
    elif file_id is not None:
        _chosen(key, choice, file_id, locked=locked)
    else:
        _drop_zone(key, choice)
    if asking.is_open(LIBRARY):
        asking.show(
            _("Media library"),
            lambda: media_library.draw(choice.kind, lambda file: _take(choice, file)),
            wide=True,
        )
    return choice.kind, choice.files.get(choice.kind)


def _first(content: Content) -> _Choice:
    files = {content.message_type: content.file_id} if content.file_id else {}
    return _Choice(content.message_type, files)


def _settle(choice: _Choice) -> None:
    """Take over what an upload has come to."""
    running = choice.upload
    if running is None or not running.is_over:
        return
    choice.upload = None
    if running.file is None:
        choice.fault = running.fault
        return
    choice.take(running.file.kind, running.file.file_id, running.dropped.note, running.dropped.name)
    st.toast(
        _("{name} was uploaded before, and is used again.", name=show.plain(running.file.name))
        if running.progress.was_there
        else _("{name} is uploaded.", name=show.plain(running.file.name)),
        icon=":material/check:",
    )


def _watch(running: uploading.Upload) -> None:
    running.wait(AT_ONCE)
    st.fragment(_show_progress, run_every=AGAIN)(running)


def _show_progress(running: uploading.Upload) -> None:
    if running.is_over:
        st.rerun(scope="app")
    progress, name = running.progress, show.plain(running.dropped.name)
    words = (
        _("{name} waits for its turn; messages go first.", name=name)
        if progress.waits
        else _("Telegram takes {name} in.", name=name)
        if progress.sent >= progress.total
        else _(
            "{name}: {sent} of {total}",
            name=name,
            sent=media_library.size(progress.sent),
            total=media_library.size(progress.total),
        )
    )
    st.progress(min(1.0, progress.sent / progress.total), text=words)


def _chosen(key: str, choice: _Choice, file_id: str, *, locked: bool) -> None:
    """The chosen file, and the way to another one."""
    file = media_library.known(file_id)
    with st.container(border=True, gap="xsmall"):
        if file is None:
            words = _("It is not in the library, so what it is shows only when it arrives.")
            st.html(
                f'<div class="hsl-file"><b>{escape(file_id)}</b><span>{escape(words)}</span></div>'
            )
        else:
            st.html(
                f'<div class="hsl-chosen">{media_library.shot(file)}<div class="hsl-file">'
                f"<b>{escape(file.name)}</b><span>{escape(media_library.about(file))}</span>"
                f"<span>{escape(media_library.use(file))}</span></div></div>"
            )
        if choice.note:
            st.caption(_(choice.note, name=show.plain(choice.note_name)))
        if not locked:
            with st.container(horizontal=True):
                if st.button(_("Another file"), icon=":material/swap_horiz:", key=f"{key}-other"):
                    choice.files.pop(choice.kind)
                    choice.note, choice.turn = None, choice.turn + 1
                    st.rerun()
                _library_button(key)


def _drop_zone(key: str, choice: _Choice) -> None:
    """Where a file is dropped, with the two other ways to one."""
    if choice.fault is not None:
        st.error(show.plain(str(choice.fault)), icon=":material/error:")
    if through.settings().media_place is None:
        st.info(show.plain(_(place.NO_PLACE)), icon=":material/info:")
    else:
        _uploader(key, choice)
    with st.container(horizontal=True):
        _library_button(key)
        with st.popover(_("Paste a file_id"), icon=":material/tag:"):
            _by_name(key, choice)


def _uploader(key: str, choice: _Choice) -> None:
    with st.container(key="media-drop"):
        # The widget's own words are English whoever reads.
        words = json.dumps(_("Choose a file"), ensure_ascii=False)
        st.html(ZONE.format(words=words.replace("<", "")))
        given = st.file_uploader(
            _(DROP[choice.kind]),
            key=f"{key}-drop-{choice.kind}-{choice.turn}",
            max_upload_size=dropped.MOST // 1_000_000,
        )
    if given is None:
        return
    choice.fault, choice.turn = None, choice.turn + 1
    try:
        found = dropped.examine(given.name, given.getvalue(), choice.kind)
    except MediaError as refused:
        choice.fault = refused
    else:
        choice.upload = uploading.start(
            shell.engine(), through.settings(), found, actor=shell.author()
        )
    st.rerun()


def _library_button(key: str) -> None:
    if st.button(_("Library"), icon=":material/photo_library:", key=f"{key}-library"):
        st.session_state.pop("media-search", None)
        asking.open_dialog(LIBRARY)
        st.rerun()


def _by_name(key: str, choice: _Choice) -> None:
    with st.form(f"{key}-name-{choice.turn}", border=False):
        file_id = st.text_input("file_id", help=_("Your bot is told it when you send it a file."))
        if not st.form_submit_button(_("Use it")):
            return
    try:
        with st.spinner(_("Asking Telegram what it is …")):
            named = naming.look_up(
                shell.engine(), through.settings(), file_id, choice.kind, actor=shell.author()
            )
    except MediaError as refused:
        st.error(show.plain(str(refused)))
        return
    choice.take(named.kind, named.file_id, named.note)
    st.rerun()


def _take(choice: _Choice, file: library.File) -> None:
    choice.take(file.kind, file.file_id)
    asking.close()
    st.rerun()
