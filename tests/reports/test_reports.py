"""Reports: the right figures, in one file that asks nobody, light and dark, by the clock too."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from hsl import models
from hsl.archive import storing
from hsl.insights import wilson
from hsl.models import utc_now
from hsl.reports import figures, names, page, svg, writing
from tests.archive.past import APRIL, MARCH, Past, add_message
from tests.typing_commands import Terminal

MOSCOW = ZoneInfo("Europe/Moscow")
WHOLE = (MARCH - timedelta(days=10), APRIL + timedelta(days=1))


class Page(HTMLParser):
    """What a page would fetch, and what it says."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.fetched += [
            f"{name}={value}"
            for name, value in attrs
            if name in {"src", "href", "srcset", "action", "data", "xlink:href"}
        ]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def streams(past: Past) -> Past:
    """People 100 to 119 in 4th_stream, 110 to 129 in 5th_stream."""
    places = [(i, "4th_stream") for i in range(100, 120)] + [
        (i, "5th_stream") for i in range(110, 130)
    ]
    with past.engine.begin() as connection:
        connection.execute(
            insert(models.enrollments),
            [{"user_id": user_id, "course_stream": stream} for user_id, stream in places],
        )
    return past


def counted(past: Past, numbers: list[int], people: range) -> tuple[int, int]:
    """Delivered and tried, by plain Python over the raw rows."""
    names = [column.name for column in models.message_recipients.columns]
    rows = [dict(zip(names, row, strict=True)) for row in past.rows()]
    chosen = [r for r in rows if r["message_id"] in numbers and r["user_id"] in people]
    got = [r for r in chosen if r["delivery_status"] in {"sent", "deleted"}]
    return len(got), len([r for r in chosen if r["delivery_status"] != "pending"])


def reached(past: Past, numbers: list[int], people: range) -> tuple[int, int]:
    """Who got at least one, and all there are, by plain Python over the raw rows."""
    names = [column.name for column in models.message_recipients.columns]
    rows = [dict(zip(names, row, strict=True)) for row in past.rows()]
    rows = [r for r in rows if r["message_id"] in numbers]
    got = {r["user_id"] for r in rows if r["delivery_status"] in {"sent", "deleted"}}
    return len(got & set(people)), len(people)


def test_figures_equal_a_plain_count_and_stay_equal_archived(streams: Past) -> None:
    in_period = [streams.ids[name] for name in ("march", "cancelled", "april", "paused")]
    expected = {
        "all": counted(streams, in_period, range(1000)),
        "4th_stream": counted(streams, in_period, range(100, 120)),
        "5th_stream": counted(streams, in_period, range(110, 130)),
        figures.NO_STREAM: counted(streams, in_period, range(130, 1000)),
    }

    def found() -> figures.OfPeriod:
        return figures.of_period(streams.engine, *WHOLE, MOSCOW)

    before = found()
    shares = [before.figures.total, *before.figures.by_stream]
    assert {s.name: (s.part, s.whole) for s in shares if s.whole} == {
        name: pair for name, pair in expected.items() if pair[1]
    }
    assert before.figures.total.interval == wilson(*expected["all"])
    assert before.closing.total == 114
    assert sum(count.people for count in before.figures.reasons) == before.closing.failed
    assert [message.message_id for message in before.messages] == sorted(in_period, reverse=True)
    assert sum(share.whole for _, share in before.figures.by_day) == expected["all"][1]
    assert {share.name: (share.part, share.whole) for share in before.figures.reach} == {
        "4th_stream": reached(streams, in_period, range(100, 120)),
        "5th_stream": reached(streams, in_period, range(110, 130)),
    }
    storing.archive(streams.engine, utc_now(), actor="anna")
    assert found() == before


def test_a_stream_alone(streams: Past) -> None:
    found = figures.of_period(streams.engine, *WHOLE, MOSCOW, ["5th_stream"])
    in_period = [streams.ids[name] for name in ("march", "cancelled", "april", "paused")]
    total = found.figures.total
    assert (total.part, total.whole) == counted(streams, in_period, range(110, 130))
    assert [share.name for share in found.figures.by_stream] == ["5th_stream"]


def test_one_message(streams: Past) -> None:
    found = figures.of_message(streams.engine, streams.ids["march"], MOSCOW)
    assert (found.figures.total.part, found.figures.total.whole) == (15, 30)
    assert {count.name: count.people for count in found.figures.reasons} == {
        "blocked the bot": 5,
        "refused for another reason": 5,
    }
    assert found.figures.reach == (
        figures.Share("4th_stream", 11, 20),
        figures.Share("5th_stream", 10, 20),
    )
    assert found.figures.by_hour == ((datetime(2025, 4, 1, 2, tzinfo=MOSCOW), 30),)
    with pytest.raises(figures.ReportError, match="no started message 999"):
        figures.of_message(streams.engine, 999, MOSCOW)


def test_a_report_fetches_nothing_and_says_n_and_interval(streams: Past) -> None:
    for content in (
        page.of_message(figures.of_message(streams.engine, streams.ids["march"], MOSCOW), MOSCOW),
        page.of_period(figures.of_period(streams.engine, *WHOLE, MOSCOW), MOSCOW),
    ):
        seen = Page(content)
        assert seen.fetched == []
        assert not seen.tags & {"script", "link", "img", "iframe", "object", "embed"}
        assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", content)
        assert "default-src 'none'" in content
        assert "prefers-color-scheme:dark" in content
        assert "@media print" in content
        words = " ".join(seen.words)
        assert re.search(r"\d+\.\d % of \d+", words)
        assert "between" in words
        assert "MSK" in words


def test_what_people_wrote_is_inert(past: Past) -> None:
    evil = "<b>x</b> &lt;img src=//evil&gt; \"' {first_name|y}"
    history = models.message_history
    with past.engine.begin() as connection:
        connection.execute(
            update(history).values(message_text=evil, author="<script>", recipient_group="<i>")
        )
        connection.execute(
            insert(models.enrollments),
            [{"user_id": 100, "course_stream": "<svg onload=alert(1)>"}],
        )
    contents = [
        page.of_message(figures.of_message(past.engine, past.ids["march"], MOSCOW), MOSCOW),
        page.of_period(
            figures.of_period(past.engine, *WHOLE, MOSCOW, ["<svg onload=alert(1)>"]), MOSCOW
        ),
    ]
    for content in contents:
        assert "<script" not in content
        assert "<img" not in content
        assert "<svg onload" not in content


def test_an_empty_period_says_so(past: Past) -> None:
    since = datetime(2001, 1, 1, tzinfo=UTC)
    found = figures.of_period(past.engine, since, since + timedelta(days=1), MOSCOW)
    assert "Nothing was sent in this period." in page.of_period(found, MOSCOW)


def test_a_file_is_whole_or_not_there(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "new" / "folder"
    path = writing.message(past.engine, past.ids["march"], MOSCOW, out)
    assert path == out / f"message-{past.ids['march']}.html"
    named = writing.period(past.engine, *WHOLE, MOSCOW, tmp_path / "r.html")
    assert named.read_text("utf-8").endswith("</html>\n")

    def fails(_file: Any, _to: Any) -> None:
        raise OSError("No space left on device")

    before = path.read_text("utf-8")
    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="No space"):
        writing.message(past.engine, past.ids["march"], MOSCOW, out)
    assert path.read_text("utf-8") == before
    assert [p.name for p in out.iterdir()] == [path.name]


def test_reach_is_of_the_people_in_a_stream_and_arrival_of_those_tried(streams: Past) -> None:
    content = page.of_period(figures.of_period(streams.engine, *WHOLE, MOSCOW), MOSCOW)
    reach = content.split("<h2>Which stream do we reach?</h2>")[1].split("<h2>")[0]
    assert "<th>Reached</th><th>People</th>" in reach
    assert "Of the people in the stream today" in reach
    arrival = content.split("<h2>In which stream does it arrive?</h2>")[1].split("<h2>")[0]
    assert "<th>Delivered</th><th>Tried</th>" in arrival


def test_what_is_still_going_is_marked(past: Past) -> None:
    found = figures.of_period(past.engine, *WHOLE, MOSCOW)
    assert [(g.message_id, g.status) for g in found.going] == [(past.ids["paused"], "paused")]
    words = " ".join(Page(page.of_period(found, MOSCOW)).words)
    assert "Not over when this was made" in words
    assert "paused, 0 not tried yet" in words
    one = figures.of_message(past.engine, past.ids["paused"], MOSCOW)
    assert "Not over when this was made" in page.of_message(one, MOSCOW)
    over = figures.of_message(past.engine, past.ids["march"], MOSCOW)
    assert "Not over" not in page.of_message(over, MOSCOW)


@pytest.mark.parametrize(
    ("zone", "started", "hours"),
    [
        # 10:29:59.9 and a second later in a zone of quarters, and on both sides of a whole hour.
        ("Asia/Kolkata", "2025-06-01T04:29:50+00:00", ["2025-06-01 09:00", "2025-06-01 10:00"]),
        ("Asia/Kathmandu", "2025-06-01T04:14:50+00:00", ["2025-06-01 09:00", "2025-06-01 10:00"]),
        ("Europe/Berlin", "2025-10-26T00:59:50+00:00", ["2025-10-26 02:00", "2025-10-26 02:00"]),
        ("Europe/Berlin", "2025-03-30T00:59:50+00:00", ["2025-03-30 01:00", "2025-03-30 03:00"]),
    ],
)
def test_hours_are_those_of_the_zone(past: Past, zone: str, started: str, hours: list[str]) -> None:
    began = datetime.fromisoformat(started)
    number = add_message(past.engine, started_at=began, people=20)
    recipients = models.message_recipients
    with past.engine.begin() as connection:
        connection.execute(
            update(recipients)
            .where(recipients.c.message_id == number, recipients.c.user_id >= 110)
            .values(sending_at=began + timedelta(seconds=20))
        )
    found = figures.of_message(past.engine, number, ZoneInfo(zone))
    assert [(f"{hour:%Y-%m-%d %H:%M}", n) for hour, n in found.figures.by_hour] == [
        (hour, 10) for hour in hours
    ]
    content = page.of_message(found, ZoneInfo(zone))
    assert all(f"{hour} " in content for hour in hours)
    assert content.split("When did it leave?")[2].count("<rect") == 2
    xs = re.findall(r'<rect x="([\d.]+)%"', svg.by_hour(found.figures.by_hour, "Q?"))
    assert float(xs[1]) - float(xs[0]) == pytest.approx(svg.ACROSS / 2, abs=0.01)


def test_the_line_over_time_breaks_where_few_were_tried() -> None:
    day = MARCH.date()
    tried = [100, 100, 3, 100, 100, 100]
    days = [
        (day + timedelta(days=n), figures.Share("d", 9 * whole // 10, whole))
        for n, whole in enumerate(tried)
    ]
    chart = svg.over_time(days, "Q?")
    lines = re.findall(r'<polyline points="([^"]+)"', chart)
    assert [len(points.split()) for points in lines] == [2, 3]
    assert [len(p.split()) for p in re.findall(r'<polygon points="([^"]+)"', chart)] == [4, 6]
    assert chart.count("<circle") == 6
    assert "80 %" in chart  # where the intervals of many begin, not that of three


def test_names_by_hand_differ_from_those_by_the_clock_and_from_each_other() -> None:
    since = datetime(2026, 11, 16, tzinfo=MOSCOW)
    period = (since, since + timedelta(days=7), MOSCOW)
    odd = ["4th stream", "a-b", "x" * 300, "x" * 299, "потік", "../up"]
    streams = [(), ("4th_stream",), ("a", "b"), *((name,) for name in odd)]
    found = [names.of_period(*period, chosen) for chosen in streams]
    assert found[:2] == [
        "report-2026-11-16-to-2026-11-23.html",
        "report-2026-11-16-to-2026-11-23-4th_stream.html",
    ]
    by_clock = names.scheduled(*period)
    assert by_clock == "report-2026-11-16-0000-to-2026-11-23-0000.html"
    assert len({*found, by_clock}) == len(streams) + 1
    assert [names.is_scheduled(Path(name)) for name in [*found, by_clock]] == [
        *[False] * len(streams),
        True,
    ]
    assert all(len(name.encode()) < 200 and "/" not in name for name in found)


def test_charts_hold_what_they_are_given() -> None:
    lines = [figures.Share("a<b", 98, 100), figures.Share("few", 1, 2)]
    chart = svg.shares(lines, "Q?")
    assert "a&lt;b" in chart
    assert "98.0 % of 100" in chart
    assert chart.count("var(--grey)") == 1
    assert f"{svg.NAME}%" in chart
    assert svg.by_hour([(MARCH, 7)], "Q?").count("<rect") == 1
    days = [(MARCH.date(), lines[0])]
    assert svg.over_time(days, "Q?").count("<circle") == 1
    assert "--blue:#0072B2" in svg.standalone(chart)


def test_the_command(past: Past, database_address: str, tmp_path: Path) -> None:
    hsl = Terminal(database_address, tmp_path)
    done = hsl("report", str(past.ids["march"]), "--out", "reports")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / done.stdout.strip()).is_file()
    words = ("report", "--since", "2025-03-01", "--until", "2025-05-01", "--stream", "4th_stream")
    done = hsl(*words, "--out", "p.html", HSL_TIME_ZONE="Europe/Moscow")
    assert "people in 4th_stream" in (tmp_path / "p.html").read_text("utf-8")
    assert hsl("report", "--since", "2025-03-01", "--out", "p.html").returncode == 2
    assert hsl("report", "999", "--out", "p.html").returncode == 1
