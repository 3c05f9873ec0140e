"""How things are shown: numbers, times, states and closing sums, with people's data inert."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import streamlit as st
from babel.dates import format_datetime, format_time
from streamlit.delta_generator import DeltaGenerator

from hsl import spans, words
from hsl.delivery.history import Message
from hsl.delivery.sums import ClosingSum
from hsl.models import Action, utc_now
from hsl.warehouse.errors import StoreError
from hsl.words import N_, _, p_, plural

LIVE = "150ms"  # after the last letter of a search: a run takes less than the pause of a word

COLOURS = {
    "sent": "#009E73",
    "sending": "#0072B2",
    "uncertain": "#E69F00",
    "failed": "#D55E00",
    "pending": "#8A8F98",
    "scheduled": "#0072B2",
    "paused": "#E69F00",
    "cancelled": "#56606B",
    "taken_back": "#56606B",
    "deleted": "#CC79A7",
}
# The same hues for shapes beside words, dark enough on light and light enough on dark.
INK = {
    "sent": ("#00734F", "#2FC08F"),
    "sending": ("#0072B2", "#58B4E8"),
    "uncertain": ("#8A5A00", "#E69F00"),
    "failed": ("#B34700", "#FF8A4C"),
    "pending": ("#5F6670", "#A0A6AE"),
    "scheduled": ("#0072B2", "#58B4E8"),
    "paused": ("#8A5A00", "#E69F00"),
    "cancelled": ("#56606B", "#A3ADB8"),
    "taken_back": ("#56606B", "#A3ADB8"),
    "deleted": ("#A34A7E", "#E09CC3"),
}
SHAPES = {
    "sent": "●",
    "sending": "◐",
    "uncertain": "◆",
    "failed": "▲",
    "pending": "○",
    "scheduled": "◷",
    "paused": "‖",
    "cancelled": "✕",
    "taken_back": "↩",
    "deleted": "⌫",
}
# Of messages and of recipients; a message's and a person's state are one word each.
WORDS = {
    "sent": N_("sent"),
    "sending": N_("sending"),
    "uncertain": N_("uncertain"),
    "failed": N_("failed"),
    "pending": N_("not tried yet"),
    "scheduled": N_("scheduled"),
    "paused": N_("paused"),
    "cancelled": N_("cancelled"),
    "taken_back": N_("taken back"),
    "deleted": N_("deleted"),
}
RUN_WORDS = {"sent": N_("done"), "sending": N_("at work")}
ZONES = {"MSK": N_("MSK")}  # of which a language has its own names
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!$~<>|&^=@])")

CSS = f"<style>{(Path(__file__).parent / 'style.css').read_text('utf-8')}</style>"


def plain(words: str) -> str:
    """Markdown that shows `words` as they were typed, for labels that take markdown."""
    escaped = _MARKDOWN.sub(r"\\\1", " ".join(words.split()))
    # :smile:, :red[…] and http:// are read after escapes are gone; an unseen joiner breaks them.
    return re.sub(r":(?=\S)", ":\u2060", escaped)


def number(count: float) -> str:
    """Such as 1,204, with the viewer's separators."""
    return words.number(count)


def people(count: int) -> str:
    """Such as "1 person" or "1,204 people"."""
    return plural("{n} person", "{n} people", count)


def share(part: float, whole: float) -> str:
    """Such as "98.4 % of 1,204"."""
    if not whole:
        return "–"
    return _(
        "{percent} % of {whole}",
        percent=words.number(100 * part / whole, decimals=1),
        whole=words.number(whole),
    )


def day(when: datetime, zone: ZoneInfo) -> str:
    """Such as "Fri 28 Nov"; the year where it is another."""
    local = when.astimezone(zone)
    pattern = p_("date", "EEE d MMM")
    if words.locale().territory == "US":
        pattern = "EEE MMM d"
    if local.year != utc_now().astimezone(zone).year:
        pattern += " y"
    return str(format_datetime(local, pattern, locale=words.locale()))


def clock(when: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """Such as "19:00 MSK", or "7:00 PM EST" for who reads it so; the zone is always named."""
    local = when.astimezone(zone)
    form = "medium" if seconds else "short"
    named = f"{local:%Z}"
    named = f"UTC{named}" if named[:1] in "+-" else _(ZONES.get(named, named))
    return f"{format_time(local.replace(tzinfo=None), form, locale=words.locale())} {named}"


def moment(when: datetime, zone: ZoneInfo) -> str:
    """Such as "Fri 28 Nov, 19:00 MSK"; the year where it is another."""
    return f"{day(when, zone)}, {clock(when, zone)}"


def exactly(when: datetime, zone: ZoneInfo) -> str:
    """The same to the second, such as "Fri 28 Nov, 19:00:07 MSK"."""
    return f"{day(when, zone)}, {clock(when, zone, seconds=True)}"


def ago(when: datetime) -> str:
    """Such as "in 2 h" or "3 min ago"."""
    apart = when - utc_now()
    span = duration(abs(apart).total_seconds())
    if abs(apart) < timedelta(seconds=5):
        return _("now")
    return _("in {span}", span=span) if apart > timedelta(0) else _("{span} ago", span=span)


def duration(seconds: float) -> str:
    """Such as "40 s", "3 min", "2 h" or "4 days"."""
    return spans.words(seconds)


def state(status: str, word: str | None = None) -> str:
    """HTML of a state: a shape, a colour and a word, its own unless another is given."""
    said = html.escape(_(word or WORDS.get(status, status)))
    return f'<span class="hsl-state">{shape(status)} {said}</span>'


def shape(status: str) -> str:
    """HTML of a state's shape in its colour, to stand beside a word."""
    light, dark = INK.get(status, INK["pending"])
    colour = f"light-dark({light},{dark})"
    return f'<span aria-hidden="true" style="color:{colour}">{SHAPES.get(status, "○")}</span>'


def test_mark(message: Message) -> str:
    """HTML of the word that marks a test; empty for a message that is none."""
    if not message.is_test:
        return ""
    title = html.escape(_("Sent to try it out: no figure counts it"))
    return f'<span class="hsl-test" title="{title}">{html.escape(_("Test"))}</span> '


def message_state(message: Message) -> str:
    """HTML of a message's state; a run that changes chats is not said to send."""
    if message.taken_back_at is not None:
        return state("taken_back")
    if message.waits_for_approval and message.status != "paused":
        return state("paused", N_("waits for approval"))
    if message.can_be_taken_back and message.status == "scheduled":
        return state("scheduled", N_("about to leave"))
    word = None if message.action is Action.SEND else RUN_WORDS.get(message.status)
    return state(message.status, word)


def well(is_well: bool) -> str:
    """HTML of a check's answer: a shape, a colour and a word."""
    return state("sent", N_("ok")) if is_well else state("failed", N_("not well"))


def closing_bar(closing: ClosingSum, *, empty: str = "") -> str:
    """HTML of a closing sum: one stacked bar, with its legend as numbers."""
    if not closing.total:
        return f'<div class="hsl-dim">{html.escape(empty or closing.sentence())}</div>'
    parts = closing.segments()
    bar = "".join(
        f'<i style="flex:{part.people} 0 0;background:{COLOURS[part.kind]}"></i>' for part in parts
    )
    terms = " + ".join(
        f"<span>{shape(part.kind)} <b>{number(part.people)}</b> {html.escape(part.words)}</span>"
        for part in parts
    )
    whole = f"<b>{number(closing.total)}</b> {html.escape(_(closing.whole))}"
    return (
        f'<div class="hsl-sum" role="img" aria-label="{html.escape(closing.sentence())}">'
        f"{bar}</div>"
        f'<div class="hsl-terms">{whole} = {terms}</div>'
    )


def head(title: str) -> DeltaGenerator:
    """Write a page's title; the place for its buttons, at the right, or below where room lacks."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.title(title, width="content")
        return st.container(horizontal=True, vertical_alignment="center", width="content")


def line_with_action() -> DeltaGenerator:
    """A place for one line of words and a button, which stays at its right end."""
    return st.container(horizontal=True, vertical_alignment="center", wrap=False)


def at_creation(message: Message) -> str:
    """How many people a message had when it was made."""
    return plural(
        "{n} person when it was made",
        "{n} people when it was made",
        message.audience_at_creation,
    )


@contextmanager
def answered() -> Iterator[None]:
    """Say what the store could not answer, in the place of what was asked, and go on."""
    try:
        yield
    except StoreError as fault:
        st.error(plain(str(fault)))
