"""The preview shows what Telegram makes of a text, and runs nothing."""

import re

import pytest

from hsl.message import html, preview
from hsl.message.content import Button
from hsl.models import MessageType


def shown(raw: str) -> str:
    parsed = html.parse(raw)
    return preview.body(parsed.text, parsed.entities)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("plain & <b>bold</b>".replace("&", "&amp;"), "plain &amp; <b>bold</b>"),
        ("<b>a<i>b</i></b>c", "<b>a<i>b</i></b>c"),
        ("👩‍🏫 <b>и 🎉</b> end", "👩‍🏫 <b>и 🎉</b> end"),
        ("<pre>x &lt; y</pre>", "<pre>x &lt; y</pre>"),
        ("<u>1</u><s>2</s>", "<u>1</u><s>2</s>"),
        ("<blockquote>q</blockquote>", "<blockquote>q</blockquote>"),
    ],
)
def test_entities_become_elements(raw: str, expected: str) -> None:
    assert shown(raw) == expected


def test_a_link_shows_where_it_leads_and_leads_nowhere() -> None:
    found = shown('<a href="https://example.org/?a=1&amp;b=2">here</a>')
    assert "href" not in found
    assert 'title="https://example.org/?a=1&amp;b=2"' in found


@pytest.mark.parametrize(
    "text",
    ["&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;img src=x onerror=alert(1)&gt;", '"&gt;&lt;a'],
)
def test_nothing_typed_becomes_an_element(text: str) -> None:
    assert not re.search(r"<(script|img|a)\b", shown(text))


def test_buttons_and_media_are_escaped() -> None:
    found = preview.document(
        "x",
        message_type=MessageType.VIDEO,
        file_id='"><script>',
        buttons=((Button(text="<b>", url='https://e.org/"onclick="'), Button(text="", url=None)),),
        time="12:41",
    )
    assert "<script" not in found
    assert "&lt;b&gt; ↗" in found
    assert 'title="https://e.org/&quot;onclick=&quot;"' in found
