"""Remedies: each fault is found where it is, and one click mends it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsl.message import html, remedies

# What was written, the fault's place as it reads, the button, and what the button makes of it.
MENDED = [
    ("Hello <b>you", "<b>", "Close <b>", "Hello <b>you</b>"),
    ("<b>One\nTwo", "<b>", "Close <b>", "<b>One</b>\nTwo"),
    ("<blockquote>One\nTwo\n\nThree", "<blockquote>", "Close <blockquote>",
     "<blockquote>One\nTwo</blockquote>\n\nThree"),
    ("<b>a<b>b</b>", "<b>", "Close <b>", "<b>a<b>b</b></b>"),
    ("<b>a <i>b\nc</i> d", "<b>", "Close <b>", "<b>a <i>b\nc</i> d</b>"),
    ("<b><i>x</b></i>", "</b>", "Close <i> first", "<b><i>x</i></b>"),
    ("<b><i>x</b> y</i>", "</b>", "Close <i> first", "<b><i>x</i></b> y"),
    ("<b>x</i>", "</i>", "Write </b> instead", "<b>x</b>"),
    ("<b>x</i></b>", "</i>", "Remove </i>", "<b>x</b>"),
    ("x</b>", "</b>", "Remove </b>", "x"),
    ("a < b", "<", "Write &lt;", "a &lt; b"),
    ("I <3 you", "<", "Write &lt;", "I &lt;3 you"),
    ("x <", "<", "Write &lt;", "x &lt;"),
    ("<b>x</b", "</b", "Write </b>", "<b>x</b>"),
    ("<h1>Title</h1>", "<h1>", "Remove <h1>", "Title"),
    ("one<br>two", "<br>", "Write a line break", "one\ntwo"),
    ("<name> comes", "<name>", "Write &lt;name", "&lt;name> comes"),
    ("<a href=https://e.org>x</a>", "https://e.org", "Put it in quotes",
     '<a href="https://e.org">x</a>'),
    ("<span>x</span>", "<span>", "Remove <span>", "x"),
    ('<a href="nowhere">x</a>', '<a href="nowhere">', "Remove the link", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "label", "mended"), MENDED)
def test_one_click_mends_a_fault(text: str, place: str, label: str, mended: str) -> None:
    (finding,) = remedies.find(text)
    assert text[finding.start : finding.end] == place
    assert finding.remedies[0].label == label
    assert remedies.apply(text, finding.remedies[0]) == mended
    assert remedies.find(mended) == ()
    html.parse(mended)


def test_every_fault_is_found_at_its_own_place() -> None:
    text = "a < b\n<h1>x</h1>\n<b>bold\n\nI <3 you"
    found = remedies.find(text)
    assert [text[f.start : f.end] for f in found] == ["<", "<h1>", "<b>", "<"]
    assert [f.message.split(":")[0] for f in found] == ["Line 1", "Line 2", "Line 3", "Line 5"]
    for finding in found:
        assert remedies.find(remedies.apply(text, finding.remedies[0])) != found


def test_a_name_that_nobody_has_is_told_with_the_nearest() -> None:
    known = ("first_name", "city")
    (finding,) = remedies.find("Hi {frist_name|friend}", known=known)
    assert not finding.refused
    assert remedies.apply("Hi {frist_name|friend}", finding.remedies[0]) == "Hi {first_name|friend}"
    assert remedies.find("Hi {first_name|friend} in {city}", known=known) == ()
    (finding,) = remedies.find("Hi {first_name|friend, come", known=known)
    assert remedies.apply("Hi {first_name|friend, come", finding.remedies[0]).startswith(
        "Hi {first_name|friend},"
    )


PIECES = st.sampled_from(
    ["<b>", "</b>", "<i>", "</i>", "<a href=x>", '<a href="https://e.org">', "</a>", "<", ">", "/",
     "&", "&lt;", "<br>", "<h1>", "</h1>", "</", "</b", "<b", "<b x=", "'", '"', " ", "\n", "x",
     "😀", "<pre>", "</pre>", "<span class='tg-spoiler'>", "</span>", "<span>", "<tg-emoji>",
     "</tg-emoji>", "=", "</>", "<b =x>", "<code>", "</code>", "{first_name}", "{first_name|"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_remedies_end_with_a_text_that_parses(text: str) -> None:
    for _ in range(4 * len(text) + 4):
        fault = remedies.first_fault(text)
        if fault is None:
            break
        assert 0 <= fault.start < fault.end <= len(text)
        text = remedies.apply(text, fault.remedies[0])
    html.parse(text)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_every_shown_remedy_can_be_made_on_the_text_that_it_was_found_in(text: str) -> None:
    for finding in remedies.find(text, known=["first_name"]):
        for remedy in finding.remedies:
            assert all(0 <= edit.start <= edit.end <= len(text) for edit in remedy.edits)
            edits = sorted(remedy.edits, key=lambda edit: edit.start)
            assert all(a.end <= b.start for a, b in zip(edits, edits[1:], strict=False))
