"""Charts as SVG that stands in a page: drawn by its colours, read without any of them.

Places across are shares of the width, so that a chart fits any screen with its letters whole.
Colours are the page's CSS variables: one chart serves light, dark and paper. What comes from people
is escaped.
"""

from collections.abc import Sequence
from datetime import date, datetime
from html import escape
from itertools import groupby

from hsl.reports.figures import Count, Share

BAR = 42  # height of a line: its words, and the bar beneath
BAR_TOP, BAR_HEIGHT = 22, 12
NAME = 62  # per cent of the width for a name
NAME_LETTERS = 58
SHORT_NAME = 20  # letters that fit beside a value on any screen
LINE_HEIGHT = 220
LEFT, ACROSS = 13.0, 85.0  # per cent of the width: where a plot begins, and how wide it is
TOP, BOTTOM = 12, LINE_HEIGHT - 30
ON_PAPER = {
    "--paper": "#fff",
    "--blue": "#0072B2",
    "--red": "#D55E00",
    "--grey": "#8A8F98",
    "--track": "#e6e9ed",
    "--interval": "#3b444e",
}


def shares(lines: Sequence[Share], question: str) -> str:
    """A bar for each share, from 0 to 100 %, with its interval; grey where n is small."""
    parts = []
    for place, line in enumerate(lines):
        y = place * BAR
        low, high = line.interval
        colour = "var(--grey)" if line.is_small else "var(--blue)"
        middle = y + BAR_TOP + BAR_HEIGHT / 2
        parts.append(
            f"<g><title>{escape(line.name)}: {in_words(line)}</title>"
            f"{_words(line.name, _percent(line), y)}"
            f"{_bar(100, 'var(--track)', y)}{_bar(100 * line.share, colour, y)}"
            f'<line x1="{100 * low:.2f}%" x2="{100 * high:.2f}%" y1="{middle}" y2="{middle}" '
            'stroke="var(--interval)" stroke-width="3"/></g>'
        )
    return _svg(len(lines) * BAR, question, "".join(parts))


def counts(lines: Sequence[Count], question: str) -> str:
    """A bar for each number of people."""
    most = max((line.people for line in lines), default=1)
    parts = [
        f"<g><title>{escape(line.name)}: {line.people:,}</title>"
        f"{_words(line.name, f'{line.people:,}', place * BAR)}"
        f"{_bar(100 * line.people / most, 'var(--red)', place * BAR)}</g>"
        for place, line in enumerate(lines)
    ]
    return _svg(len(lines) * BAR, question, "".join(parts))


def over_time(days: Sequence[tuple[date, Share]], question: str) -> str:
    """Shares by day: a line in the band of their intervals, broken where n is small."""
    # The scale begins where the least interval that says something does, at a round number.
    sure = [share for _, share in days if not share.is_small] or [share for _, share in days]
    least = min(share.interval[0] for share in sure)
    low = max(0.0, int(least * 10) / 10)
    first, last = days[0][0].toordinal(), days[-1][0].toordinal()

    def across(day: date) -> float:
        return (day.toordinal() - first) / max(last - first, 1)

    def down(value: float) -> float:
        return (1 - value) / (1 - low or 1)

    def at(value: float) -> float:
        return TOP + (BOTTOM - TOP) * down(value)

    def points(values: Sequence[tuple[date, float]]) -> str:
        return " ".join(f"{1000 * across(day):.1f},{100 * down(v):.2f}" for day, v in values)

    # As on the pages, what says little is no part of the line.
    runs = [list(run) for small, run in groupby(days, lambda day: day[1].is_small) if not small]
    lines = "".join(
        f'<polygon points="{upper} {lower}" fill="var(--blue)" opacity="0.2"/>'
        f'<polyline points="{line}" fill="none" stroke="var(--blue)" stroke-width="2" '
        'vector-effect="non-scaling-stroke"/>'
        for run in runs
        for upper in [points([(day, share.interval[1]) for day, share in run])]
        for lower in [points([(day, share.interval[0]) for day, share in reversed(run)])]
        for line in [points([(day, share.share) for day, share in run])]
    )
    band = (
        f'<svg x="{LEFT}%" y="{TOP}" width="{ACROSS}%" height="{BOTTOM - TOP}" '
        f'viewBox="0 0 1000 100" preserveAspectRatio="none">{lines}</svg>'
    )
    dots = "".join(
        f'<g><title>{_day(day)}: {in_words(share)}</title><line x1="{x}" x2="{x}" '
        f'y1="{at(share.interval[0]):.1f}" y2="{at(share.interval[1]):.1f}" '
        f'stroke="{"var(--grey)" if share.is_small else "var(--interval)"}" stroke-width="2"/>'
        f'<circle cx="{x}" cy="{at(share.share):.1f}" r="4" '
        f'fill="{"var(--grey)" if share.is_small else "var(--blue)"}"/></g>'
        for day, share in days
        for x in [f"{LEFT + ACROSS * across(day):.2f}%"]
    )
    # What lies below the scale is cut off where it ends.
    dots = f'<svg x="0" y="0" width="100%" height="{BOTTOM + 5}">{dots}</svg>'
    ticks = "".join(_tick(at(value), f"{100 * value:.0f} %") for value in (low, (low + 1) / 2, 1.0))
    ends = _ends(_day(days[0][0]), _day(days[-1][0]))
    return _svg(LINE_HEIGHT, question, f"{ticks}{band}{dots}{ends}")


def by_hour(hours: Sequence[tuple[datetime, int]], question: str) -> str:
    """Deliveries by hour as columns, the hours without any left empty."""
    most = max(people for _, people in hours)
    first, last = hours[0][0], hours[-1][0]

    def after(hour: datetime) -> int:
        """Whole hours since the first; by UTC, as clocks are put back and forth between."""
        return int((hour.timestamp() - first.timestamp()) // 3600)

    span = after(last) + 1
    width = ACROSS / span
    columns = "".join(
        f"<g><title>{hour:%d %b %H:%M %Z}: {people:,}</title>"
        f'<rect x="{LEFT + width * after(hour):.3f}%" '
        f'y="{BOTTOM - height:.1f}" width="{width * 0.9:.3f}%" height="{height:.1f}" '
        'fill="var(--blue)"/></g>'
        for hour, people in hours
        for height in [(BOTTOM - TOP) * people / most]
    )
    axis = _tick(BOTTOM, "0") + _tick(TOP, f"{most:,}")
    ends = _ends(f"{first:%d %b %H:%M}", f"{last:%d %b %H:%M %Z}")
    return _svg(LINE_HEIGHT, question, f"{axis}{columns}{ends}")


def standalone(chart: str) -> str:
    """A chart with its own colours, for light paper: for a file or a notebook of its own."""
    colours = ";".join(f"{name}:{colour}" for name, colour in ON_PAPER.items())
    return chart.replace(
        "<svg ", f'<svg style="background:#fff;font:14px sans-serif;{colours}" ', 1
    )


def in_words(share: Share) -> str:
    """Such as "98.4 % of 1,204, between 97.5 % and 99.0 %"."""
    low, high = share.interval
    small = "; few people, it says little" if share.is_small else ""
    return f"{_percent(share)}, between {100 * low:.1f} % and {100 * high:.1f} %{small}"


def _percent(share: Share) -> str:
    return f"{100 * share.share:.1f} % of {share.whole:,}" if share.whole else "of nobody"


def _bar(per_cent: float, colour: str, y: int) -> str:
    return (
        f'<rect x="0" y="{y + BAR_TOP}" width="{per_cent:.2f}%" height="{BAR_HEIGHT}" '
        f'fill="{colour}"/>'
    )


def _words(name: str, value: str, y: int) -> str:
    shown = name if len(name) <= NAME_LETTERS else f"{name[: NAME_LETTERS - 1]}…"
    # An inner picture cuts a name where it would meet the value, and a long one pales before.
    fade = "".join(
        f'<rect x="{94 + 2 * step}%" y="0" width="{6 - 2 * step}%" height="100%" '
        'fill="var(--paper)" opacity="0.5"/>'
        for step in range(3 if len(shown) > SHORT_NAME else 0)
    )
    return (
        f'<svg x="0" y="{y}" width="{NAME}%" height="{BAR_TOP}"><text x="0" y="16">'
        f'{escape(shown)}</text>{fade}</svg><text x="100%" y="{y + 16}" text-anchor="end">'
        f"{escape(value)}</text>"
    )


def _tick(y: float, words: str) -> str:
    return (
        f'<line x1="{LEFT}%" x2="{LEFT + ACROSS}%" y1="{y:.1f}" y2="{y:.1f}" '
        f'stroke="var(--track)"/><text x="{LEFT - 1}%" y="{y + 5:.1f}" text-anchor="end">'
        f"{words}</text>"
    )


def _ends(first: str, last: str) -> str:
    y = LINE_HEIGHT - 8
    end = f'<text x="{LEFT + ACROSS}%" y="{y}" text-anchor="end">{last}</text>'
    return f'<text x="{LEFT}%" y="{y}">{first}</text>{"" if first == last else end}'


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _svg(height: int, question: str, body: str) -> str:
    return (
        f'<svg width="100%" height="{height}" role="img" aria-label="{escape(question)}" '
        f'xmlns="http://www.w3.org/2000/svg">{body}</svg>'
    )
