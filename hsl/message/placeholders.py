"""Placeholders: `{first_name|friend}` becomes a recipient's own value, or the fallback."""

import html
import re
from collections.abc import Mapping

PLACEHOLDER = re.compile(r"\{([^\W\d]\w*)(?:\|([^{}|<>]*))?\}")


def names(text: str) -> tuple[str, ...]:
    """The placeholders' names in order, each once."""
    return tuple(dict.fromkeys(match[1] for match in PLACEHOLDER.finditer(text)))


def parts(text: str) -> tuple[tuple[str, str], ...]:
    """Each placeholder's name and fallback, in order, as often as it stands there."""
    return tuple((match[1], match[2] or "") for match in PLACEHOLDER.finditer(text))


def is_personal(text: str) -> bool:
    """True when the text differs from person to person."""
    return PLACEHOLDER.search(text) is not None


def render(text: str, person: Mapping[str, object]) -> str:
    """The text for one person; values are HTML-escaped, and missing ones take the fallback."""

    def value(match: re.Match[str]) -> str:
        found = person.get(match[1])
        if found is None or found == "":
            return match[2] or ""
        # A value with a brace in it must not become a placeholder of its own.
        return html.escape(str(found)).replace("{", "&#123;")

    return PLACEHOLDER.sub(value, text)
