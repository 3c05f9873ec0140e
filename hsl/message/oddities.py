"""When two texts are one and the same to a reader."""

from hsl.message import html


def as_read(text: str) -> str:
    """The text as a reader takes it in: without marks, case and white space."""
    try:
        shown = html.parse(text).text
    except html.HtmlError:
        shown = text
    return " ".join(shown.split()).casefold()
