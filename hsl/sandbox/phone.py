"""The sandbox's phone: one person's chat, with everything in it escaped."""

import html
from collections.abc import Sequence
from typing import Any

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox phone</title>
<meta name="viewport" content="width=device-width"><style>
:root{{color-scheme:light dark}}body{{font:16px/1.4 system-ui,sans-serif;margin:0 auto;
max-width:30rem;padding:1rem;background:light-dark(#dfe7ee,#101820)}}.band{{background:#0072b2;color:#fff;
padding:.5rem 1rem;border-radius:.5rem}}
.bubble{{background:light-dark(#fff,#1d2a36);border-radius:.9rem;
padding:.6rem .9rem;margin:.8rem 0 .3rem;white-space:pre-wrap;overflow-wrap:anywhere}}
.row{{display:flex;gap:.3rem;margin:.3rem 0}}
.row form,.row a{{flex:1}}.row button,.row a{{width:100%;
box-sizing:border-box;text-align:center;padding:.5rem;border:0;border-radius:.6rem;
background:light-dark(#c4d4e2,#2b3c4c);
color:inherit;font:inherit;text-decoration:none}}</style>
<p class="band">Sandbox: nothing leaves this machine</p>
<form><label>Person's id <input name="chat" inputmode="numeric" value="{chat}"></label>
<button>Show</button></form><p>{recent}</p>{pressed}{bubbles}</html>"""


def page(
    chat_id: int | None,
    recent: Sequence[int],
    entries: Sequence[dict[str, Any]],
    presses: Sequence[dict[str, Any]],
) -> str:
    """The page of one chat; `recent` are chats to choose from."""
    links = " ".join(f'<a href="/?chat={number}">{number}</a>' for number in recent)
    pressed = "".join(
        f"<p>Pressed: <code>{html.escape(press['callback_data'])}</code></p>" for press in presses
    )
    return _PAGE.format(
        chat="" if chat_id is None else chat_id,
        recent=links or "Nobody has got a message yet.",
        pressed=pressed,
        bubbles="".join(_bubble(entry) for entry in entries),
    )


def _bubble(entry: dict[str, Any]) -> str:
    media = f"[{entry['method'].removeprefix('send')}]\n" if entry["file_id"] else ""
    rows = "".join(
        f'<div class="row">{"".join(_button(button, entry["chat_id"]) for button in row)}</div>'
        for row in entry["buttons"]
    )
    return f'<div class="bubble">{html.escape(media + entry["text"])}</div>{rows}'


def _button(button: dict[str, Any], chat_id: int) -> str:
    text = html.escape(str(button.get("text", "")))
    if "url" in button:
        return f'<a rel="noopener noreferrer" href="{html.escape(str(button["url"]))}">{text} ↗</a>'
    data = html.escape(str(button.get("callback_data") or button.get("copy_text", "")))
    return (
        '<form method="post" action="/sandbox/press">'
        f'<input type="hidden" name="chat" value="{chat_id}">'
        f'<input type="hidden" name="data" value="{data}"><button>{text}</button></form>'
    )
