"""What Telegram would refuse is named before it is sent."""

import pytest

from hsl.message import html, payload, placeholders
from hsl.message.content import Button, Content
from hsl.models import MessageType


@pytest.mark.parametrize(
    ("raw", "line", "column", "remedy"),
    [
        ("<b>hi", 1, 1, "Close it with </b>"),
        ("hello\nmy <i>x", 2, 4, "Close it with </i>"),
        ("Привет <script>", 1, 8, "Take <script> out"),
        ("5 < 6", 1, 3, "Write &lt; for a <"),
        ("<i><b>x</i></b>", 1, 8, "first </b>"),
    ],
)
def test_an_error_names_line_column_and_remedy(
    raw: str, line: int, column: int, remedy: str
) -> None:
    with pytest.raises(html.HtmlError) as found:
        html.parse(raw)
    assert (found.value.line, found.value.column) == (line, column)
    assert remedy in found.value.remedy


def test_the_length_counts_code_points_after_parsing() -> None:
    assert html.parse("<b>👩🏽x</b> &amp; ").length == 5


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (Content(text=" "), "text"),
        (Content(text="x" * 4097), "text"),
        (Content(text='<a href="nope">x</a>'), "text"),
        (Content(message_type=MessageType.VIDEO, text="x"), "file_id"),
        (Content(message_type=MessageType.VIDEO, file_id="f", text="x" * 1025), "text"),
    ],
)
def test_a_bad_content_is_named_by_its_field(content: Content, field: str) -> None:
    assert [problem.field for problem in content.check()] == [field]


@pytest.mark.parametrize(
    "button",
    [
        Button(text="", url="https://example.org"),
        Button(text="x"),
        Button(text="x", url="https://localhost/"),
        Button(text="x", url="javascript:alert(1)"),
        Button(text="x", url="https://a.org", callback_data="b"),
        Button(text="x", callback_data="я" * 33),
        Button(text="x", copy_text="y" * 257),
    ],
)
def test_a_button_that_telegram_refuses_is_named(button: Button) -> None:
    problems = Content(text="x", buttons=((button,),)).check()
    assert [problem.field for problem in problems] == ["buttons.0.0"]


def test_the_largest_allowed_is_fine() -> None:
    row = tuple(Button(text="x", callback_data="y" * 8) for _ in range(8))
    assert Content(text="x" * 4096, buttons=(row,) * 12).check() == ()


def test_values_are_escaped_and_gaps_take_the_fallback() -> None:
    text = "Hi {first_name|friend}, {city} {not a placeholder}"
    assert placeholders.render(text, {"first_name": "<b>", "city": "Omsk"}) == (
        "Hi &lt;b&gt;, Omsk {not a placeholder}"
    )
    assert placeholders.render(text, {}) == "Hi friend,  {not a placeholder}"


def test_buttons_reach_the_call_with_their_one_action() -> None:
    content = Content(
        text="x", buttons=((Button(text="a", copy_text="c"), Button(text="b", callback_data="d")),)
    )
    method, arguments = payload.payload(MessageType.TEXT, "x", None, content.buttons_json(), {})
    assert method == "sendMessage"
    assert arguments["reply_markup"]["inline_keyboard"] == [
        [{"text": "a", "copy_text": {"text": "c"}}, {"text": "b", "callback_data": "d"}]
    ]
