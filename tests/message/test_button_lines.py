"""Lines of buttons: as the terminal takes them, and as people paste them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsl.message import button_lines
from hsl.message.content import Button

A = Button(text="A", url="https://a.org")
B = Button(text="B", callback_data="b:1")
C = Button(text="C", copy_text="SPRING")


def test_numbered_lines_make_rows_in_their_order() -> None:
    lines = ["2:C=copy:SPRING", "1:A=https://a.org", "1:B=callback:b:1"]
    assert button_lines.numbered_rows(lines) == ((A, B), (C,))


def test_a_line_that_is_no_button_is_named() -> None:
    with pytest.raises(button_lines.LineError, match="Join"):
        button_lines.numbered_rows(["Join"])


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("A = https://a.org", ((A,),)),
        ("A=https://a.org\n\n  B=callback:b:1  \r\nC=copy:SPRING", ((A,), (B,), (C,))),
        ("A=https://a.org | B=callback:b:1\nC=copy:SPRING", ((A, B), (C,))),
        ("A=https://a.org|B=callback:b:1", ((A, B),)),
        ("1:A=https://a.org\n1:B=callback:b:1\n2:C=copy:SPRING", ((A, B), (C,))),
        ("A - https://a.org", ((A,),)),
        ("A — https://a.org", ((A,),)),
        ("A: https://a.org", ((A,),)),
        ("A\thttps://a.org", ((A,),)),
        ("https://a.org/x", ((Button(text="a.org", url="https://a.org/x"),),)),
        ("10:00 = https://a.org", ((Button(text="10:00", url="https://a.org"),),)),
        ("A = https://a.org/?x=1&y=2", ((Button(text="A", url="https://a.org/?x=1&y=2"),),)),
        ("A = https://a.org/x|y", ((Button(text="A", url="https://a.org/x|y"),),)),
        ("A = later", ((Button(text="A", url="later"),),)),
    ],
)
def test_pasted_lines_are_read_as_people_write_them(
    text: str, rows: tuple[tuple[Button, ...], ...]
) -> None:
    assert button_lines.read(text) == button_lines.Pasted(rows, ())


def test_lines_that_are_none_are_told_and_the_others_kept() -> None:
    found = button_lines.read("Our links\nA = https://a.org\n= https://b.org")
    assert found == button_lines.Pasted(((A,),), ("Our links", "= https://b.org"))


@pytest.mark.parametrize("button", [A, B, C])
def test_a_button_that_is_copied_as_a_line_is_pasted_as_it_was(button: Button) -> None:
    assert button_lines.read(button_lines.line(button)).rows == ((button,),)


@given(st.text())
def test_any_text_can_be_pasted(text: str) -> None:
    found = button_lines.read(text)
    assert len(found.rows) + len(found.refused) <= button_lines.MOST_LINES
