"""A message as Telegram shows it, drawn from parsed entities and never from raw HTML."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from hsl.message.content import Button
from hsl.message.html import Entity
from hsl.models import MessageType
from hsl.words import N_, _

# Entity → the element that shows it; nothing written in a message becomes an attribute but titles.
_ELEMENTS = {
    "Bold": "b",
    "Italic": "i",
    "Underline": "u",
    "Strikethrough": "s",
    "Code": "code",
    "Pre": "pre",
    "PreCode": "pre",
    "BlockQuote": "blockquote",
    "ExpandableBlockQuote": "blockquote",
}
_LINKS = {"Url", "TextUrl", "Mention", "MentionName", "Hashtag", "BotCommand", "EmailAddress"}
KINDS = {
    MessageType.PHOTO: N_("Photo"),
    MessageType.VIDEO: N_("Video"),
    MessageType.DOCUMENT: N_("Document"),
}
_SIGNS = {MessageType.PHOTO: "▣", MessageType.VIDEO: "▶", MessageType.DOCUMENT: "▤"}

CSS = """
.tg{--bubble:#fff;--ink:#0f1419;--dim:#5b6b79;--link:#0a66a8;--button:#5f7f96;background:#c9d9e6;
border-radius:12px;padding:16px;font:15px/1.4 system-ui,"Noto Sans",sans-serif;color:var(--ink)}
@media (prefers-color-scheme:dark){.tg{--bubble:#182533;--ink:#f1f4f7;--dim:#93a5b5;--link:#6ab3f3;
--button:#3d5467;background:#0e1621}}
.tg .bubble{background:var(--bubble);border-radius:12px 12px 12px 4px;padding:8px 12px;
max-width:430px;white-space:pre-wrap;overflow-wrap:anywhere;box-shadow:0 1px 1px #0002}
.tg .bubble pre,.tg .bubble code{font:13px/1.4 "Noto Sans Mono",monospace;white-space:pre-wrap;
background:#7f8f9e2e;border-radius:4px;padding:0 3px;margin:0;color:inherit}
.tg .bubble pre{display:block;padding:6px 8px}
.tg .bubble blockquote{border-left:3px solid var(--link);background:#0a66a81f;border-radius:4px;
margin:2px 0;padding:2px 8px}
.tg .link{color:var(--link);text-decoration:underline}
.tg .spoiler{background:#7f8f9e80;color:transparent;border-radius:3px}
.tg .spoiler:hover{color:inherit;background:#7f8f9e40}
.tg .media{background:#7f8f9e33;border-radius:8px;padding:28px 12px;margin:0 0 6px;
text-align:center;color:var(--dim);overflow-wrap:anywhere}
.tg .photo,.tg .film{display:block;margin:-4px -8px 6px;border-radius:8px;overflow:hidden;
position:relative}
.tg .photo img,.tg .film img{display:block;width:100%;max-height:420px;object-fit:contain;
background:#7f8f9e33}
.tg .film::after{content:"▶";position:absolute;inset:0;margin:auto;width:52px;height:52px;
border-radius:50%;background:#000000a6;color:#fff;display:grid;place-items:center;font-size:22px;
padding-left:4px;box-sizing:border-box}
.tg .film .length{position:absolute;left:8px;top:8px;background:#000000a6;color:#fff;
border-radius:10px;padding:1px 8px;font-size:12px}
.tg .file{display:flex;gap:10px;align-items:center;margin:0 0 6px}
.tg .file img,.tg .file .sign{width:56px;height:56px;border-radius:8px;object-fit:cover;flex:none}
.tg .file .sign{display:grid;place-items:center;background:var(--link);color:var(--bubble);
font-size:24px}
.tg .file b{display:block;overflow-wrap:anywhere}.tg .file small{color:var(--dim)}
.tg .time{display:block;text-align:right;color:var(--dim);font-size:12px}
.tg .row{display:flex;gap:4px;max-width:454px;margin-top:4px}
.tg .row span{flex:1 1 0;min-width:0;background:var(--button);color:#fff;text-align:center;
border-radius:8px;padding:8px 6px;overflow:hidden;text-overflow:ellipsis}
"""


@dataclass(frozen=True)
class Media:
    """What is known of a message's file; `thumbnail` is a JPEG of ours in base64."""

    name: str
    about: str = ""  # such as its size
    thumbnail: str | None = None
    length: str = ""  # of a video, such as 1:05


@dataclass(frozen=True)
class _Mark:
    """An entity as offsets in code points."""

    start: int
    end: int
    entity: Entity


def body(text: str, entities: Sequence[Entity]) -> str:
    """The text with its entities as safe HTML; offsets are UTF-16 units, as Telegram's."""
    places = _code_points(text)
    marks = sorted(
        (
            _Mark(places[e.offset], places[min(e.offset + e.length, len(places) - 1)], e)
            for e in entities
            if e.offset < len(places)
        ),
        key=lambda mark: (mark.start, -mark.end),
    )
    written: list[str] = []
    open_marks: list[_Mark] = []
    at = 0
    for mark in marks:
        at = _close_until(mark.start, at, text, written, open_marks)
        written.append(html.escape(text[at : mark.start]) + _opening(mark.entity))
        at = mark.start
        open_marks.append(mark)
    at = _close_until(len(text), at, text, written, open_marks)
    written.append(html.escape(text[at:]))
    return "".join(written)


def document(
    body_html: str,
    *,
    message_type: MessageType,
    file_id: str | None,
    buttons: Sequence[Sequence[Button]],
    time: str,
    media: Media | None = None,
) -> str:
    """The whole bubble with its file and buttons, for `st.html`."""
    shown = "" if message_type is MessageType.TEXT else _file(message_type, file_id, media)
    rows = "".join(
        f'<div class="row">{"".join(_button(button) for button in row)}</div>' for row in buttons
    )
    return (
        f'<style>{CSS}</style><div class="tg"><div class="bubble">{shown}{body_html}'
        f'<span class="time">{html.escape(time)}</span></div>{rows}</div>'
    )


def _file(kind: MessageType, file_id: str | None, media: Media | None) -> str:
    name = html.escape(_(KINDS[kind]))
    if media is None:
        known = html.escape(file_id or _("no file yet"))
        return f'<div class="media">{_SIGNS[kind]} {name}<br>{known}</div>'
    picture = ""
    if media.thumbnail:
        source = f"data:image/jpeg;base64,{html.escape(media.thumbnail)}"
        picture = f'<img alt="{html.escape(media.name)}" src="{source}">'
    if kind is MessageType.DOCUMENT:
        sign = picture or f'<span class="sign">{_SIGNS[kind]}</span>'
        return (
            f'<div class="file">{sign}<span><b>{html.escape(media.name)}</b>'
            f"<small>{html.escape(media.about)}</small></span></div>"
        )
    if not picture:
        return f'<div class="media">{_SIGNS[kind]} {name}<br>{html.escape(media.name)}</div>'
    if kind is MessageType.PHOTO:
        return f'<div class="photo">{picture}</div>'
    length = f'<span class="length">{html.escape(media.length)}</span>' if media.length else ""
    return f'<div class="film">{picture}{length}</div>'


def _code_points(text: str) -> list[int]:
    """For each UTF-16 offset, the index of the character that stands there."""
    places: list[int] = []
    for index, character in enumerate(text):
        places += [index] * (2 if ord(character) > 0xFFFF else 1)
    return [*places, len(text)]


def _close_until(end: int, at: int, text: str, written: list[str], open_marks: list[_Mark]) -> int:
    while open_marks and open_marks[-1].end <= end:
        mark = open_marks.pop()
        written.append(html.escape(text[at : mark.end]) + _closing(mark.entity))
        at = max(at, mark.end)
    return at


def _opening(entity: Entity) -> str:
    if entity.type in _ELEMENTS:
        return f"<{_ELEMENTS[entity.type]}>"
    if entity.type == "Spoiler":
        return '<span class="spoiler" title="Hidden until it is touched">'
    if entity.type in _LINKS:
        title = f' title="{html.escape(entity.url)}"' if entity.url else ""
        return f'<span class="link"{title}>'
    return "<span>"


def _closing(entity: Entity) -> str:
    return f"</{_ELEMENTS.get(entity.type, 'span')}>"


def _button(button: Button) -> str:
    sign, title = "", button.callback_data
    if button.url is not None:
        sign, title = " ↗", button.url
    elif button.copy_text is not None:
        sign, title = " ⧉", button.copy_text
    return (
        f'<span title="{html.escape(title or "")}">{html.escape(button.text) or "…"}{sign}</span>'
    )
