"""Charts as SVG that stands in a page: drawn by its colours, read without any of them.

Colours are the page's CSS variables, so that one chart serves light, dark and paper. What comes
from people is escaped.
"""

from collections.abc import Sequence
from datetime import date, datetime
from html import escape

from hsl.reports.figures import Count, Share

WIDTH = 720  # units of the view box
LABEL = 230  # of it, for names
VALUE = 150  # of it, for numbers
BAR = 30  # height of a line
LINE_HEIGHT = 220
MARGIN = 46
ON_PAPER = {
    "--blue": "#0072B2",
    "--red": "#D55E00",
    "--grey": "#8A8F98",
    "--track": "#e6e9ed",
    "--interval": "#3b444e",
}


def shares(lines: Sequence[Share], question: str) -> str:
    """A bar for each share, from 0 to 100 %, with its interval; grey where n is small."""
    parts = []
    span = WIDTH - LABEL - VALUE
    for place, line in enumerate(lines):
        y = place * BAR
        low, high = line.interval
        colour = "var(--grey)" if line.is_small else "var(--blue)"
        parts.append(
            f"<g><title>{escape(line.name)}: {in_words(line)}</title>"
            f"{_name(line.name, y)}"
            f'<rect x="{LABEL}" y="{y + 7}" width="{span}" height="16" fill="var(--track)"/>'
            f'<rect x="{LABEL}" y="{y + 7}" width="{span * line.share:.1f}" height="16" '
            f'fill="{colour}"/>'
            f'<line x1="{LABEL + span * low:.1f}" x2="{LABEL + span * high:.1f}" '
            f'y1="{y + 15}" y2="{y + 15}" stroke="var(--interval)" stroke-width="3"/>'
            f"{_value(_percent(line), y)}</g>"
        )
    return _svg(len(lines) * BAR, question, "".join(parts))


def counts(lines: Sequence[Count], question: str) -> str:
    """A bar for each number of people."""
    most = max((line.people for line in lines), default=1)
    span = WIDTH - LABEL - VALUE
    parts = [
        f"<g><title>{escape(line.name)}: {line.people:,}</title>{_name(line.name, y := i * BAR)}"
        f'<rect x="{LABEL}" y="{y + 7}" width="{max(span * line.people / most, 2):.1f}" '
        f'height="16" fill="var(--red)"/>{_value(f"{line.people:,}", y)}</g>'
        for i, line in enumerate(lines)
    ]
    return _svg(len(lines) * BAR, question, "".join(parts))


def over_time(days: Sequence[tuple[date, Share]], question: str) -> str:
    """Shares by day: a line in the band of their intervals."""
    bottom, top = LINE_HEIGHT - 28, 10
    # The scale begins where the least interval does, at a round number.
    least = min(share.interval[0] for _, share in days)
    low = max(0.0, int(least * 10) / 10)
    first, last = days[0][0].toordinal(), days[-1][0].toordinal()

    def across(day: date) -> float:
        span = max(last - first, 1)
        return MARGIN + (WIDTH - MARGIN - 20) * (day.toordinal() - first) / span

    def up(value: float) -> float:
        return bottom - (bottom - top) * (value - low) / (1 - low or 1)

    upper = [f"{across(day):.1f},{up(share.interval[1]):.1f}" for day, share in days]
    lower = [f"{across(day):.1f},{up(share.interval[0]):.1f}" for day, share in reversed(days)]
    line = " ".join(f"{across(day):.1f},{up(share.share):.1f}" for day, share in days)
    dots = "".join(
        f'<g><title>{day}: {in_words(share)}</title><line x1="{across(day):.1f}" '
        f'x2="{across(day):.1f}" y1="{up(share.interval[0]):.1f}" '
        f'y2="{up(share.interval[1]):.1f}" stroke="var(--interval)" stroke-width="2"/>'
        f'<circle cx="{across(day):.1f}" cy="{up(share.share):.1f}" r="4" '
        f'fill="{"var(--grey)" if share.is_small else "var(--blue)"}"/></g>'
        for day, share in days
    )
    ticks = "".join(
        f'<line x1="{MARGIN}" x2="{WIDTH - 20}" y1="{up(at):.1f}" y2="{up(at):.1f}" '
        f'stroke="var(--track)"/><text x="{MARGIN - 6}" y="{up(at) + 4:.1f}" '
        f'text-anchor="end">{100 * at:.0f} %</text>'
        for at in (low, (low + 1) / 2, 1.0)
    )
    return _svg(
        LINE_HEIGHT,
        question,
        f'{ticks}<polygon points="{" ".join([*upper, *lower])}" fill="var(--blue)" '
        f'opacity="0.2"/><polyline points="{line}" fill="none" stroke="var(--blue)" '
        f'stroke-width="2"/>{dots}{_ends(days[0][0], days[-1][0])}',
    )


def by_hour(hours: Sequence[tuple[datetime, int]], question: str) -> str:
    """People by hour as columns, the hours without anybody left empty."""
    bottom, top = LINE_HEIGHT - 28, 14
    most = max(people for _, people in hours)
    first, last = hours[0][0], hours[-1][0]
    span = max(int((last - first).total_seconds() // 3600), 0) + 1
    width = (WIDTH - MARGIN - 20) / span
    columns = "".join(
        f"<g><title>{hour:%d %b %H:00 %Z}: {people:,}</title>"
        f'<rect x="{MARGIN + width * ((hour - first).total_seconds() // 3600):.1f}" '
        f'y="{bottom - (bottom - top) * people / most:.1f}" '
        f'width="{max(min(width * 0.9, 60), 1):.1f}" '
        f'height="{(bottom - top) * people / most:.1f}" fill="var(--blue)"/></g>'
        for hour, people in hours
    )
    axis = (
        f'<line x1="{MARGIN}" x2="{WIDTH - 20}" y1="{bottom}" y2="{bottom}" '
        f'stroke="var(--track)"/><text x="{MARGIN - 6}" y="{top + 8}" text-anchor="end">'
        f"{most:,}</text>"
    )
    words = (f"{first:%d %b %H:00}", f"{last:%d %b %H:00 %Z}")
    return _svg(LINE_HEIGHT, question, f"{axis}{columns}{_ends(*words)}")


def standalone(chart: str) -> str:
    """A chart with its own colours, for light paper: for a file or a notebook of its own."""
    colours = ";".join(f"{name}:{colour}" for name, colour in ON_PAPER.items())
    return chart.replace(
        "<svg ",
        f'<svg style="background:#fff;font:14px sans-serif;max-width:{WIDTH}px;{colours}" ',
        1,
    )


def in_words(share: Share) -> str:
    """Such as "98.4 % of 1,204, between 97.5 % and 99.0 %"."""
    low, high = share.interval
    small = "; few people, it says little" if share.is_small else ""
    return f"{_percent(share)}, between {100 * low:.1f} % and {100 * high:.1f} %{small}"


def _percent(share: Share) -> str:
    return f"{100 * share.share:.1f} % of {share.tried:,}" if share.tried else "nobody tried"


def _name(words: str, y: int) -> str:
    shown = words if len(words) <= 34 else f"{words[:33]}…"
    return f'<text x="{LABEL - 8}" y="{y + 20}" text-anchor="end">{escape(shown)}</text>'


def _value(words: str, y: int) -> str:
    return f'<text x="{WIDTH - VALUE + 8}" y="{y + 20}">{escape(words)}</text>'


def _ends(first: object, last: object) -> str:
    y = LINE_HEIGHT - 8
    end = "" if first == last else f'<text x="{WIDTH - 20}" y="{y}" text-anchor="end">{last}</text>'
    return f'<text x="{MARGIN}" y="{y}">{first}</text>{end}'


def _svg(height: int, question: str, body: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(question)}" '
        f'xmlns="http://www.w3.org/2000/svg">{body}</svg>'
    )
