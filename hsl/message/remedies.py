"""Where a text is not Telegram's HTML, and what mends it: places, sentences and edits.

The truth is Telegram's own parser: a text without findings is one that it takes. The parser names
the first fault only, so each fault is mended in a copy to find the next.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from hsl.message import html, tags
from hsl.message.placeholders import PLACEHOLDER
from hsl.message.tags import Tag
from hsl.words import _

MOST = 20  # findings of a text
PAGES = frozenset(
    ("body", "center", "dd", "div", "dl", "dt", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
     "html", "img", "label", "li", "ol", "p", "section", "small", "span", "sub", "sup", "table",
     "tbody", "td", "th", "thead", "tr", "ul")
)  # fmt: skip
_OPEN_PLACEHOLDER = re.compile(r"\{([^\W\d]\w*)(\|\w*)?(?!\w*[^{}<>]*\})")


@dataclass(frozen=True)
class Edit:
    """Put `text` in the place of the characters from `start` to `end`, in code points."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Remedy:
    """One click that mends a finding; `label` is its button."""

    label: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Finding:
    """What is wrong from `start` to `end`; `refused`: Telegram would not take the text."""

    start: int
    end: int
    message: str
    remedies: tuple[Remedy, ...] = ()
    refused: bool = True


def find(text: str, *, known: Iterable[str] | None = None) -> tuple[Finding, ...]:
    """All that is wrong in a text, in its order; `known` are names that people have."""
    found = _faults(text)
    if not found:
        found = list(_links(text))
    if known is not None:
        found += _placeholders(text, list(known))
    return tuple(sorted(found, key=lambda finding: finding.start))


def apply(text: str, remedy: Remedy) -> str:
    """The text with a remedy's edits made."""
    for edit in sorted(remedy.edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def mended(text: str) -> str:
    """The text with the first remedy of each fault, to be shown while it is still written."""
    for _step in range(4 * MOST):
        fault = first_fault(text)
        if fault is None or not fault.remedies:
            break
        text = apply(text, fault.remedies[0])
    return text


def first_fault(text: str) -> Finding | None:
    """The first place that Telegram's parser refuses, with what mends it; None: it takes all."""
    try:
        html.parse(text)
    except html.HtmlError as error:
        return _finding(text, error)
    return None


def _faults(text: str) -> list[Finding]:
    found: list[Finding] = []
    done: list[Remedy] = []
    mended = text
    while len(found) < MOST and (fault := first_fault(mended)) is not None:
        there = _in_original(fault, done)
        if there is None:
            break
        found.append(there)
        if not fault.remedies:
            break
        mended = apply(mended, fault.remedies[0])
        done.append(fault.remedies[0])
    return found


def _in_original(fault: Finding, done: Sequence[Remedy]) -> Finding | None:
    """The finding at its place before the remedies were applied; None where they made the place."""
    places = [fault.start, fault.end]
    places += [at for r in fault.remedies for e in r.edits for at in (e.start, e.end)]
    moved = {place: _back(place, done) for place in places}
    if any(place is None for place in moved.values()):
        return None
    at = {place: there for place, there in moved.items() if there is not None}
    remedies = tuple(
        Remedy(r.label, tuple(Edit(at[e.start], at[e.end], e.text) for e in r.edits))
        for r in fault.remedies
    )
    return Finding(at[fault.start], at[fault.end], fault.message, remedies, fault.refused)


def _back(place: int, done: Sequence[Remedy]) -> int | None:
    for remedy in reversed(done):
        shift = 0  # by the edits before this one
        for edit in sorted(remedy.edits, key=lambda edit: edit.start):
            begin = edit.start + shift
            if place <= begin:
                break
            if place < begin + len(edit.text):
                return None
            shift += len(edit.text) - (edit.end - edit.start)
        place -= shift
    return place


def _finding(text: str, error: html.HtmlError) -> Finding:
    """What the parser's words mean, as a sentence with its remedies."""
    said, place = error.message, _offset(text, error)
    if said.startswith("the text is over"):
        return Finding(0, len(text), str(error))
    if said.startswith("the text holds half"):
        return _half_characters(text)
    if said.startswith("Can't find end tag"):
        return _not_closed(text)
    if said.startswith("Unmatched end tag"):
        return _wrong_order(text, place)
    if said.startswith("Unexpected end tag"):
        return _never_opened(text, place)
    if said.startswith("Unclosed end tag"):
        return _half_end(text, place)
    if said.startswith("Unexpected end of name token"):
        return _unquoted(text, place)
    if said.startswith(("Unsupported start tag", 'Tag "span"')):
        return _unknown(text, place)
    return _bare(text, _last_start(text, place))


def _offset(text: str, error: html.HtmlError) -> int:
    lines = text.split("\n")[: error.line - 1]
    return sum(len(line) + 1 for line in lines) + error.column - 1


def _line(text: str, place: int) -> str:
    return str(text.count("\n", 0, place) + 1)


def _half_characters(text: str) -> Finding:
    places = [i for i, character in enumerate(text) if "\ud800" <= character <= "\udfff"]
    edits = tuple(Edit(place, place + 1, "") for place in places)
    return Finding(
        places[0],
        places[0] + 1,
        _("Line {line}: half a character stands here.", line=_line(text, places[0])),
        (Remedy(_("Remove it"), edits),),
    )


def _not_closed(text: str) -> Finding:
    tag = tags.open_at(text, len(text))[-1]
    end = tags.natural_end(text, tag)
    close = Remedy(_("Close {tag}", tag=tag.shown), (Edit(end, end, f"</{tag.name}>"),))
    remove = Remedy(_("Remove {tag}", tag=tag.shown), (Edit(tag.start, tag.end, ""),))
    return Finding(
        tag.start,
        tag.end,
        _("Line {line}: {tag} is not closed.", line=_line(text, tag.start), tag=tag.shown),
        (close, remove),
    )


def _wrong_order(text: str, place: int) -> Finding:
    end = tags.at(text, place)
    above = tags.open_at(text, place)
    inner = above[-1]
    later = tags.close_of_open(text, inner.name, place + 1 if end is None else end.end)
    if end is None:
        return _bare(text, place)
    closing = f"</{inner.name}>"
    if not any(tag.name == end.name for tag in above):
        said = _(
            "Line {line}: {end} closes nothing; {tag} is open here.",
            line=_line(text, place),
            end=end.shown,
            tag=inner.shown,
        )
        remove = Remedy(_("Remove {tag}", tag=end.shown), (Edit(end.start, end.end, ""),))
        instead = Remedy(
            _("Write {tag} instead", tag=closing), (Edit(end.start, end.end, closing),)
        )
        return Finding(
            end.start, end.end, said, (instead, remove) if later is None else (remove, instead)
        )
    edits = [Edit(place, place, closing)]
    if later is not None:
        edits.append(Edit(later.start, later.end, ""))
    return Finding(
        end.start,
        end.end,
        _(
            "Line {line}: {tag} was opened last, so it is closed before {end}.",
            line=_line(text, place),
            tag=inner.shown,
            end=end.shown,
        ),
        (Remedy(_("Close {tag} first", tag=inner.shown), tuple(edits)),),
    )


def _never_opened(text: str, place: int) -> Finding:
    end = tags.at(text, place)
    if end is None:
        return _bare(text, place)
    said = _("Line {line}: {tag} closes nothing.", line=_line(text, place), tag=end.shown)
    remove = Remedy(_("Remove {tag}", tag=end.shown), (Edit(end.start, end.end, ""),))
    return Finding(end.start, end.end, said, (remove, _escape(place)))


def _half_end(text: str, place: int) -> Finding:
    found = re.compile(r"</([a-zA-Z-]*)").match(text, place)
    above = tags.open_at(text, place)
    if found is None or not above or above[-1].name != found[1].lower():
        return _bare(text, place)
    whole = f"</{above[-1].name}>"
    return Finding(
        place,
        found.end(),
        _("Line {line}: {tag} is not whole.", line=_line(text, place), tag=found[0]),
        (Remedy(_("Write {tag}", tag=whole), (Edit(found.start(), found.end(), whole),)),),
    )


def _unquoted(text: str, place: int) -> Finding:
    found = re.compile(r"[^\s>]*").match(text, place)
    value = found[0].strip("\"'") if found is not None else ""
    if found is None or not value or re.search("[\"'<]", value):
        return _bare(text, text.rfind("<", 0, place))
    quote = Remedy(_("Put it in quotes"), (Edit(place, found.end(), f'"{value}"'),))
    return Finding(
        place,
        found.end(),
        _("Line {line}: {value} must stand in quotes.", line=_line(text, place), value=value),
        (quote,),
    )


def _unknown(text: str, place: int) -> Finding:
    tag = tags.at(text, place)
    if tag is None or not tag.name:
        return _bare(text, place)
    said = _("Line {line}: Telegram knows no {tag}.", line=_line(text, place), tag=tag.shown)
    if tag.name.rstrip("/") == "br":
        line_break = Remedy(_("Write a line break"), (Edit(tag.start, tag.end, "\n"),))
        return Finding(tag.start, tag.end, said, (line_break,))
    pair = [tag]
    if (end := tags.close_of_open(text, tag.name, tag.end)) is not None:
        pair.append(end)
    remove = Remedy(
        _("Remove {tag}", tag=tag.shown), tuple(Edit(each.start, each.end, "") for each in pair)
    )
    escape = Remedy(
        _("Write {sign}", sign=f"&lt;{tag.name}"),
        tuple(Edit(each.start, each.start + 1, "&lt;") for each in pair),
    )
    both = (remove, escape) if tag.name in PAGES else (escape, remove)
    return Finding(tag.start, tag.end, said, both)


def _bare(text: str, place: int) -> Finding:
    """A `<` that begins no tag."""
    place = max(place, 0)
    if text[place : place + 1] != "<":
        place = max(text.rfind("<", 0, place + 1), 0)
    return Finding(
        place,
        place + 1,
        _("Line {line}: this < begins no tag.", line=_line(text, place)),
        (_escape(place),),
    )


def _last_start(text: str, place: int) -> int:
    """Where the last start tag before a place begins."""
    return max((tag.start for tag in tags.read(text) if not tag.closes and tag.start <= place),
        default=place)  # fmt: skip


def _escape(place: int) -> Remedy:
    return Remedy(_("Write {sign}", sign="&lt;"), (Edit(place, place + 1, "&lt;"),))


def _links(text: str) -> Iterator[Finding]:
    """Links that Telegram drops in silence."""
    after = 0
    for address in html.dropped_links(text):
        tag = next((tag for tag in tags.read(text) if tag.start >= after and address in tag.raw
            and tag.name == "a"), None)  # fmt: skip
        if tag is None:
            continue
        after = tag.end
        yield _link(text, tag, address)


def _link(text: str, tag: Tag, address: str) -> Finding:
    remedies = []
    better = f"https://{address.lstrip('/')}"
    if address and not html.dropped_links(f'<a href="{better}">x</a>'):
        begin = text.index(address, tag.start)
        edit = Edit(begin, begin + len(address), better)
        remedies.append(Remedy(_("Write {address}", address=better), (edit,)))
    pair = [tag, *filter(None, [tags.close_of_open(text, "a", tag.end)])]
    edits = tuple(Edit(each.start, each.end, "") for each in pair)
    remedies.append(Remedy(_("Remove the link"), edits))
    return Finding(
        tag.start,
        tag.end,
        _(
            "Line {line}: the link {address} is not valid, and Telegram would drop it.",
            line=_line(text, tag.start),
            address=address,
        ),
        tuple(remedies),
    )


def _placeholders(text: str, known: Sequence[str]) -> Iterator[Finding]:
    """Names that nobody has, and those whose brace stays open."""
    for match in PLACEHOLDER.finditer(text):
        if match[1] in known:
            continue
        close = get_close_matches(match[1].lower(), known, 1, 0.6)
        yield Finding(
            match.start(),
            match.end(),
            _(
                "Line {line}: nobody has a “{name}”.",
                line=_line(text, match.start()),
                name=match[1],
            ),
            tuple(
                Remedy(
                    _("Write {sign}", sign="{" + name + "}"),
                    (Edit(match.start(1), match.end(1), name),),
                )
                for name in close
            ),
            refused=False,
        )
    for match in _OPEN_PLACEHOLDER.finditer(text):
        if match[1] in known:
            whole = match[0] + "}"
            yield Finding(
                match.start(),
                match.end(),
                _(
                    "Line {line}: {name} is not closed.",
                    line=_line(text, match.start()),
                    name=match[0],
                ),
                (Remedy(_("Write {sign}", sign=whole), (Edit(match.end(), match.end(), "}"),)),),
                refused=False,
            )
