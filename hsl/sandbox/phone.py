"""The sandbox's phone: one person's chat, drawn from entities, with everything in it escaped."""

import base64
import html
from collections.abc import Callable, Sequence
from typing import Any

from hsl.message import preview
from hsl.message.html import Entity

_CSS = """
:root{color-scheme:light dark}
body{font:16px/1.4 system-ui,"Noto Sans",sans-serif;margin:0 auto;max-width:30rem;padding:1rem;
background:light-dark(#e9eef2,#0b1118);color:light-dark(#17212b,#e8edf2)}
.band{background:#0b5c8a;color:#fff;padding:.5rem 1rem;border-radius:.5rem}
input,.show{font:inherit;padding:.3rem .6rem}
.chats a{margin-right:.6rem;color:inherit}
.tg{min-height:14rem}.tg .bubble{margin-top:.7rem}
.tg .row form,.tg .row a{flex:1 1 0;min-width:0;margin:0}
.tg .row button,.tg .row a{width:100%;box-sizing:border-box;text-align:center;padding:.5rem;
border:0;border-radius:8px;background:var(--button);color:#fff;font:inherit;text-decoration:none;
cursor:pointer}
"""
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox phone</title>
<meta name="viewport" content="width=device-width"><style>{css}</style>
<p class="band">Sandbox: nothing leaves this machine</p>
<form><label>Person's id <input name="chat" inputmode="numeric" value="{chat}"></label>
<button class="show">Show</button></form><p class="chats">{recent}</p>{pressed}
<div class="tg">{bubbles}</div></html>"""


def page(
    chat_id: int | None,
    recent: Sequence[int],
    entries: Sequence[dict[str, Any]],
    presses: Sequence[dict[str, Any]],
    photo: Callable[[str], bytes | None],
) -> str:
    """The page of one chat; `recent` are chats to choose from, `photo` finds one by its file_id."""
    links = " ".join(f'<a href="/?chat={number}">{number}</a>' for number in recent)
    pressed = "".join(
        f"<p>Pressed: <code>{html.escape(press['callback_data'])}</code></p>" for press in presses
    )
    return _PAGE.format(
        css=preview.CSS + _CSS,
        chat="" if chat_id is None else chat_id,
        recent=f"Last: {links}" if links else "Nobody has got a message yet.",
        pressed=pressed,
        bubbles="".join(_bubble(entry, photo) for entry in entries) or "Choose a person.",
    )


def _bubble(entry: dict[str, Any], photo: Callable[[str], bytes | None]) -> str:
    kind = str(entry["method"]).removeprefix("send").capitalize()
    file = html.escape(str(entry["file_id"] or ""))
    media = f'<div class="media">{kind}<br>{file}</div>' if entry["file_id"] else ""
    content = photo(entry["file_id"]) if entry["file_id"] else None
    if content is not None:
        inline = base64.b64encode(content).decode()
        picture = f'<img alt="Photo" src="data:image/*;base64,{inline}">'
        media = f'<div class="photo">{picture}</div>'
    body = preview.body(entry["text"], [Entity(**entity) for entity in entry["entities"]])
    rows = "".join(
        f'<div class="row">{"".join(_button(button, entry["chat_id"]) for button in row)}</div>'
        for row in entry["buttons"]
    )
    return f'<div class="bubble">{media}{body}</div>{rows}'


def _button(button: dict[str, Any], chat_id: int) -> str:
    text = html.escape(str(button.get("text", "")))
    if "url" in button:
        return f'<a rel="noopener noreferrer" href="{html.escape(str(button["url"]))}">{text} ↗</a>'
    copied = button.get("copy_text")
    data = copied.get("text", "") if isinstance(copied, dict) else button.get("callback_data", "")
    data = html.escape(str(data))
    return (
        '<form method="post" action="/sandbox/press">'
        f'<input type="hidden" name="chat" value="{chat_id}">'
        f'<input type="hidden" name="data" value="{data}"><button>{text}</button></form>'
    )
