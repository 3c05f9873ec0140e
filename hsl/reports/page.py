"""The report's HTML: one file, light, dark and on paper, with nothing to fetch from anywhere."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from hsl.delivery.history import Message
from hsl.delivery.sums import ClosingSum
from hsl.insights import SMALL
from hsl.message import html
from hsl.models import MessageStatus, utc_now
from hsl.reports import schedule, svg
from hsl.reports.figures import MOST_MESSAGES, Figures, Going, OfMessage, OfPeriod, Share
from hsl.reports.unfinished import Unfinished

# Nothing may be fetched, whatever stands in the page.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
COLOURS = {
    "sent": "#009E73",
    "failed": "#D55E00",
    "uncertain": "#E69F00",
    "cancelled": "#56606B",
    "deleted": "#CC79A7",
    "pending": "#8A8F98",
}
_STATE = {MessageStatus.SENDING: "still being sent", MessageStatus.PAUSED: "paused"}
STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#5a636e;--paper:#fff;--track:#e6e9ed;
--blue:#0072B2;--red:#D55E00;--grey:#8A8F98;--interval:#3b444e}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--dim:#a9b1bb;--paper:#15181c;
--track:#2a2f36;--blue:#4aa3dd;--red:#f0813d;--interval:#d5dae0}}
@media print{:root{color-scheme:light;--ink:#000;--dim:#444;--paper:#fff;--track:#ddd;
--blue:#0072B2;--red:#D55E00;--interval:#333}details::details-content{content-visibility:visible;
height:auto}section,tr{break-inside:avoid}h2{break-after:avoid}summary{list-style:none}
body{max-width:none;padding:0}@page{margin:14mm}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);
max-width:820px;margin:0 auto;padding:28px 18px;-webkit-print-color-adjust:exact;
print-color-adjust:exact}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:1.12rem;margin:34px 0 6px}
p{margin:4px 0}.dim{color:var(--dim);font-size:.92rem}
.figure{font-size:2.1rem;font-weight:650;font-variant-numeric:tabular-nums;margin-top:18px}
section>svg{display:block;overflow:visible}
svg text{font:14px system-ui,sans-serif;fill:var(--ink);font-variant-numeric:tabular-nums}
.sum{display:flex;height:14px;border-radius:7px;overflow:hidden;background:var(--track)}
.sum i{display:block;min-width:3px}
.dot{display:inline-block;width:.7em;height:.7em;border-radius:2px;margin-right:.35em}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:3px 8px;border-bottom:1px solid var(--track)}
th:first-child,td:first-child{text-align:left;overflow-wrap:anywhere}
summary{cursor:pointer;color:var(--dim);font-size:.92rem;margin-top:6px}
.text{white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid var(--track);
padding:4px 12px;margin:10px 0}
.going{border:1px solid var(--grey);border-radius:8px;padding:4px 14px 10px;margin:18px 0}
.going h2{margin-top:8px}.going ul{margin:4px 0;padding-left:20px}.going li{overflow-wrap:anywhere}
.wide{overflow-x:auto}.foot{margin-top:36px}
"""


def of_message(found: OfMessage, zone: ZoneInfo) -> str:
    """One message's report."""
    message, figures = found.message, found.figures
    times = [
        f"{word} {_moment(when, zone)}"
        for word, when in (("started", message.started_at), ("finished", message.finished_at))
        if when is not None
    ]
    body = [
        f"<h1>{escape(message.title)}</h1>",
        f'<p class="dim">Message {message.id}, {escape(message.status)}, to {escape(message.to)},'
        f" by {escape(message.author)}; {escape(', '.join(times))}</p>",
        f'<div class="text">{escape(_as_shown(message.content.text))}</div>',
        _of_one_going(message),
        _closing(message.closing),
        _total(figures.total),
        _reach(figures, of_one=True),
        _by_stream(figures),
        _reasons(figures),
        _when(figures),
    ]
    return _page(f"Message {message.id}: {message.title}", body, zone)


def of_period(found: OfPeriod, zone: ZoneInfo, *, by_clock: bool = False) -> str:
    """A period's report; one by the clock is written anew when all of it is over."""
    figures = found.figures
    whom = f", people in {' or '.join(found.streams)}" if found.streams else ""
    title = f"Deliveries from {_day(found.since, zone)} to {_day(found.until, zone)}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="dim">{len(found.messages):,} messages that started from '
        f"{_moment(found.since, zone)} until before {_moment(found.until, zone)}"
        f"{escape(whom)}</p>",
    ]
    if not found.messages:
        body.append("<p>Nothing was sent in this period.</p>")
        return _page(title, body, zone)
    mark = ""
    if found.going:
        again = "is written anew" if by_clock else "can be made again"
        body.append(_going(found.going, f"This report {again} when that is over."))
        ids = tuple(message.message_id for message in found.going)
        mark = Unfinished(found.since, found.until, ids).tag()
    if not found.streams:
        body.append(_closing(found.closing))
    body += [_total(figures.total), _over_time(figures), _reach(figures, of_one=False)]
    body += [_by_stream(figures), _reasons(figures), _messages(found)]
    return _page(title, body, zone, mark)


def _page(title: str, body: Sequence[str], zone: ZoneInfo, mark: str = "") -> str:
    made = _moment(utc_now(), zone)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"{mark}"
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>"
        f"{''.join(body)}</main>"
        f'<p class="dim foot">Made {made} by HSL Dashboard. What arrived is a share of those '
        "tried: delivered, failed or uncertain. A line on a bar, or a band, shows where the true "
        f"share lies with 95 % (Wilson). Grey: fewer than {SMALL}, which says little.</p>"
        "</body></html>\n"
    )


def _of_one_going(message: Message) -> str:
    if message.status not in schedule.GOING:
        return ""
    going = Going(message.id, message.title, message.status, message.closing.not_tried)
    return _going([going], "This report can be made again when that is over.")


def _going(messages: Sequence[Going], then: str) -> str:
    lines = "".join(
        f"<li>{escape(message.title)}: {_STATE[message.status]}, "
        f"{message.left:,} not tried yet</li>"
        for message in messages
    )
    return (
        '<section class="going"><h2>Not over when this was made</h2>'
        f"<ul>{lines}</ul><p>The figures below will change. {then}</p></section>"
    )


def _closing(closing: ClosingSum) -> str:
    parts = closing.segments()
    bar = "".join(
        f'<i style="flex:{part.people} 0 0;background:{COLOURS[part.kind]}"></i>' for part in parts
    )
    terms = " + ".join(
        f'<span><span class="dot" style="background:{COLOURS[part.kind]}"></span>'
        f"<b>{part.people:,}</b> {escape(part.words)}</span>"
        for part in parts
    )
    return (
        "<section><h2>What became of everybody?</h2>"
        f'<div class="sum" role="img" aria-label="{escape(closing.sentence())}">{bar}</div>'
        f"<p><b>{closing.total:,}</b> chosen = {terms or '0 sent'}</p></section>"
    )


def _total(total: Share) -> str:
    if not total.whole:
        return "<p>Nobody was tried yet.</p>"
    low, high = total.interval
    return (
        f'<p class="figure">{100 * total.share:.1f} %</p>'
        f'<p class="dim">of {total.whole:,} deliveries tried arrived; between {100 * low:.1f} % '
        f"and {100 * high:.1f} %</p>"
    )


def _over_time(figures: Figures) -> str:
    if not figures.by_day:
        return ""
    return _section(
        "Does it arrive?",
        svg.over_time(figures.by_day, "Does it arrive?"),
        ("Day", "Delivered", "Tried", "Share", "From", "To"),
        [_line(share) for _, share in figures.by_day],
    )


def _reach(figures: Figures, of_one: bool) -> str:
    if not figures.reach:
        return ""
    question = "Which stream did it reach?" if of_one else "Which stream do we reach?"
    return _section(
        question,
        svg.shares(figures.reach, question),
        ("Stream", "Reached", "People", "Share", "From", "To"),
        [_line(share) for share in figures.reach],
        "Of the people in the stream today, those who got "
        f"{'it' if of_one else 'at least one of these messages'}.",
    )


def _by_stream(figures: Figures) -> str:
    if not figures.by_stream:
        return ""
    question = "In which stream does it arrive?"
    return _section(
        question,
        svg.shares(figures.by_stream, question),
        ("Stream", "Delivered", "Tried", "Share", "From", "To"),
        [_line(share) for share in figures.by_stream],
        "Of the deliveries tried. By stream of today; who is in two counts in both.",
    )


def _reasons(figures: Figures) -> str:
    if not figures.reasons:
        return "<section><h2>Why do messages fail?</h2><p>None failed.</p></section>"
    return _section(
        "Why do messages fail?",
        svg.counts(figures.reasons, "Why do messages fail?"),
        ("Reason", "People"),
        [(count.name, f"{count.people:,}") for count in figures.reasons],
    )


def _when(figures: Figures) -> str:
    hours = figures.by_hour
    if not hours:
        return ""
    if len(hours) == 1:
        hour, people = hours[0]
        after = (hour.astimezone(UTC) + timedelta(hours=1)).astimezone(hour.tzinfo)
        return (
            "<section><h2>When did it leave?</h2>"
            f"<p>All {people:,} between {hour:%H:%M} and {after:%H:%M %Z}.</p></section>"
        )
    return _section(
        "When did it leave?",
        svg.by_hour(hours, "When did it leave?"),
        ("Hour", "People"),
        [(f"{hour:%Y-%m-%d %H:%M %Z}", f"{people:,}") for hour, people in hours],
    )


def _messages(found: OfPeriod) -> str:
    parts = [
        _section(
            "How did each message do?",
            svg.shares(found.messages[:MOST_MESSAGES], "How did each message do?"),
            ("Message", "Delivered", "Tried", "Share", "From", "To"),
            [_line(share) for share in found.messages],
            f"The last {MOST_MESSAGES} of {len(found.messages):,}; the table has all."
            if len(found.messages) > MOST_MESSAGES
            else "",
        )
    ]
    best = found.best()
    if len(best) > 1:
        for words, chosen in (("arrived best", best), ("arrived worst", found.worst())):
            question = f"Which messages {words}?"
            parts.append(f"<section><h2>{question}</h2>{svg.shares(chosen, question)}</section>")
    return "".join(parts)


def _section(
    question: str, chart: str, head: Sequence[str], rows: Sequence[Sequence[str]], note: str = ""
) -> str:
    cells = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    titles = "".join(f"<th>{escape(name)}</th>" for name in head)
    remark = f'<p class="dim">{escape(note)}</p>' if note else ""
    return (
        f"<section><h2>{escape(question)}</h2>{chart}{remark}"
        "<details><summary>The numbers behind it</summary>"
        f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{cells}</tbody></table>'
        "</div></details></section>"
    )


def _line(share: Share) -> tuple[str, ...]:
    low, high = share.interval
    few = " (few)" if share.is_small else ""
    return (
        share.name,
        f"{share.part:,}",
        f"{share.whole:,}{few}",
        f"{100 * share.share:.1f} %",
        f"{100 * low:.1f} %",
        f"{100 * high:.1f} %",
    )


def _as_shown(raw: str) -> str:
    try:
        return html.parse(raw).text
    except html.HtmlError:
        return raw


def _moment(when: datetime, zone: ZoneInfo) -> str:
    local = when.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}"


def _day(when: datetime, zone: ZoneInfo) -> str:
    local = when.astimezone(zone)
    return f"{local.day} {local:%b %Y}"
