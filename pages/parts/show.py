"""How things are shown: numbers, times, states and closing sums, with people's data inert."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from hsl import spans
from hsl.delivery.history import Message
from hsl.delivery.sums import ClosingSum
from hsl.models import Action, utc_now
from hsl.warehouse.errors import StoreError

COLOURS = {
    "sent": "#009E73",
    "sending": "#0072B2",
    "uncertain": "#E69F00",
    "failed": "#D55E00",
    "pending": "#8A8F98",
    "scheduled": "#0072B2",
    "paused": "#E69F00",
    "cancelled": "#56606B",
    "deleted": "#CC79A7",
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
    "deleted": "⌫",
}
WORDS = {"pending": "not tried yet"}
RUN_WORDS = {"sent": "done", "sending": "at work"}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!$~<>|&^=@])")

CSS = """<style>
.stMainBlockContainer{padding-top:2.6rem}
.stMainBlockContainer [data-testid="stAlertContainer"]{padding:.45rem .8rem;min-height:0}
@media (max-width:768px){.stMainBlockContainer{padding-top:4rem}}
.hsl-title{font-size:1.9rem;line-height:1.2;overflow-wrap:anywhere;padding:0;margin:0}
.hsl-state{white-space:nowrap;font-weight:600}
.hsl-sum{display:flex;height:12px;border-radius:6px;overflow:hidden;background:#8a8f9840}
.hsl-sum i{display:block;min-width:3px}
.hsl-terms{font-size:.86rem;font-variant-numeric:tabular-nums;margin-top:3px}
.hsl-terms b{font-weight:600}.hsl-terms span{white-space:nowrap}
.hsl-problem{color:#B3261E;font-size:.9rem;margin:-6px 0 6px}
@media (prefers-color-scheme:dark){.hsl-problem{color:#FF8A80}}
.hsl-dim{opacity:.78;font-size:.86rem}
.hsl-events>div{display:grid;grid-template-columns:12.5rem 1fr;gap:.1rem 1rem;padding:.35rem 0}
.hsl-events time{opacity:.78;font-variant-numeric:tabular-nums}
@media (max-width:640px){.hsl-events>div{grid-template-columns:1fr}}
.hsl-line{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
</style>"""


def plain(words: str) -> str:
    """Markdown that shows `words` as they were typed, for labels that take markdown."""
    escaped = _MARKDOWN.sub(r"\\\1", " ".join(words.split()))
    # :smile:, :red[…] and http:// are read after escapes are gone; an unseen joiner breaks them.
    return re.sub(r":(?=\S)", ":\u2060", escaped)


def number(count: float) -> str:
    """Such as 1,204."""
    return f"{count:,.0f}"


def people(count: int) -> str:
    """Such as "1 person" or "1,204 people"."""
    return f"{count:,} {'person' if count == 1 else 'people'}"


def share(part: float, whole: float) -> str:
    """Such as "98.4 % of 1,204"."""
    return f"{100 * part / whole:.1f} % of {whole:,.0f}" if whole else "–"


def moment(when: datetime, zone: ZoneInfo) -> str:
    """Such as "Fri 28 Nov, 19:00 MSK"; the year where it is another."""
    local = when.astimezone(zone)
    year = "" if local.year == utc_now().astimezone(zone).year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year}, {local:%H:%M} {local:%Z}"


def exactly(when: datetime, zone: ZoneInfo) -> str:
    """The same to the second, such as "Fri 28 Nov, 19:00:07 MSK"."""
    local = when.astimezone(zone)
    return moment(when, zone).replace(f"{local:%H:%M}", f"{local:%H:%M:%S}", 1)


def ago(when: datetime) -> str:
    """Such as "in 2 h" or "3 min ago"."""
    apart = when - utc_now()
    span = duration(abs(apart).total_seconds())
    if abs(apart) < timedelta(seconds=5):
        return "now"
    return f"in {span}" if apart > timedelta(0) else f"{span} ago"


def duration(seconds: float) -> str:
    """Such as "40 s", "3 min", "2 h" or "4 days"."""
    return spans.words(seconds)


def state(status: str, word: str | None = None) -> str:
    """HTML of a state: a shape, a colour and a word, its own unless another is given."""
    colour = COLOURS.get(status, "#8A8F98")
    return (
        f'<span class="hsl-state"><span style="color:{colour}">{SHAPES.get(status, "○")}</span> '
        f"{html.escape(word or WORDS.get(status, status))}</span>"
    )


def message_state(message: Message) -> str:
    """HTML of a message's state; a run that changes chats is not said to send."""
    word = None if message.action is Action.SEND else RUN_WORDS.get(message.status)
    return state(message.status, word)


def well(is_well: bool) -> str:
    """HTML of a check's answer: a shape, a colour and a word."""
    colour, shape, word = ("#009E73", "●", "ok") if is_well else ("#D55E00", "▲", "not well")
    return f'<span class="hsl-state"><span style="color:{colour}">{shape}</span> {word}</span>'


def closing_bar(closing: ClosingSum, *, empty: str = "") -> str:
    """HTML of a closing sum: one stacked bar, with its legend as numbers."""
    if not closing.total:
        return f'<div class="hsl-dim">{html.escape(empty or closing.sentence())}</div>'
    parts = closing.segments()
    bar = "".join(
        f'<i style="flex:{part.people} 0 0;background:{COLOURS[part.kind]}"></i>' for part in parts
    )
    terms = " + ".join(
        f'<span><span style="color:{COLOURS[part.kind]}">{SHAPES[part.kind]}</span> '
        f"<b>{part.people:,}</b> {html.escape(part.words)}</span>"
        for part in parts
    )
    whole = f"<b>{closing.total:,}</b> {html.escape(closing.whole)}"
    return (
        f'<div class="hsl-sum" role="img" aria-label="{html.escape(closing.sentence())}">'
        f"{bar}</div>"
        f'<div class="hsl-terms">{whole} = {terms}</div>'
    )


def message_row(message: Message, zone: ZoneInfo, *, key: str) -> None:
    """One message in a list: a door to its page, its state, and its closing sum."""
    with st.container(border=True):
        left, right = st.columns([3, 2], vertical_alignment="center")
        with left.container(gap=None):
            if st.button(plain(message.title), key=f"{key}-{message.id}", type="tertiary"):
                st.switch_page("pages/messages.py", query_params={"message": str(message.id)})
            when = message.finished_at or message.started_at or message.scheduled_at
            st.html(
                f'{message_state(message)} <span class="hsl-dim"> · to {html.escape(message.to)} · '
                f'<span title="{html.escape(moment(when, zone))}">{ago(when)}</span> · '
                f"by {html.escape(message.author)}</span>"
            )
        waiting = f"{message.audience_at_creation:,} people when it was made"
        right.html(closing_bar(message.closing, empty=waiting))


@contextmanager
def answered() -> Iterator[None]:
    """Say what the store could not answer, in the place of what was asked, and go on."""
    try:
        yield
    except StoreError as fault:
        st.error(plain(str(fault)))
