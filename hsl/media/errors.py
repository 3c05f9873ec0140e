"""What can go wrong with a file, as sentences that are put into words when they are read."""

from typing import Any

from hsl.errors import PlainError
from hsl.words import _


class MediaError(PlainError, ValueError):
    """A file cannot be had, kept or changed; its text is in the language of who reads it then.

    An upload fails in a thread that has no reader, so the sentence waits for one.
    """

    def __init__(self, text: str, **values: Any) -> None:
        super().__init__(text)
        self.text, self.values = text, values

    def __str__(self) -> str:
        return _(self.text, **self.values)
