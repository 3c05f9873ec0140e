"""One page of the door as HTML: it needs no script and loads nothing."""

from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from hsl import words

NAME = "HSL Dashboard"


@dataclass(frozen=True)
class Field:
    """What is asked for: its name in the form, its label, and how a browser helps with it."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    value: str = ""
    numeric: bool = False


@dataclass(frozen=True)
class Page:
    """What a page says and asks; `buttons` are (name, label), the first one the main one."""

    title: str
    says: str = ""
    fault: str = ""
    fields: tuple[Field, ...] = ()
    buttons: tuple[tuple[str, str], ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    link: tuple[str, str] | None = None  # address and label of another way in


def html(page: Page) -> str:
    """The page, with everything that came from outside escaped."""
    fault = f'<p class="bad" role="alert">{escape(page.fault)}</p>' if page.fault else ""
    says = f'<p class="dim">{escape(page.says)}</p>' if page.says else ""
    link = ""
    if page.link is not None:
        address, label = page.link
        link = f'<a class="button second" href="{escape(address)}">{escape(label)}</a>'
    return (
        f'<!doctype html><html lang="{words.language()}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(page.title)} · {NAME}</title><style>{_style()}</style></head>"
        f"<body><main><h1>{escape(page.title)}</h1>{fault}{says}{_form(page)}{link}"
        "</main></body></html>"
    )


def _form(page: Page) -> str:
    if not page.buttons:
        return ""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in page.hidden
    )
    first = next((one.name for one in page.fields if not one.value), "")
    fields = "".join(_field(one, focused=one.name == first) for one in page.fields)
    buttons = "".join(
        f'<button name="deed" value="{escape(name)}"{" class=second" if at else ""}>'
        f"{escape(label)}</button>"
        for at, (name, label) in enumerate(page.buttons)
    )
    return f'<form method="post">{hidden}{fields}{buttons}</form>'


def _field(one: Field, *, focused: bool) -> str:
    numeric = ' inputmode="numeric"' if one.numeric else ""
    focus = " autofocus" if focused else ""
    return (
        f'<label>{escape(one.label)}<input name="{one.name}" type="{one.kind}" required'
        f' autocomplete="{one.autocomplete}" autocapitalize="none" spellcheck="false"'
        f' maxlength="1024" value="{escape(one.value)}"{numeric}{focus}></label>'
    )


@cache
def _style() -> str:
    return (Path(__file__).parent / "style.css").read_text("utf-8")
