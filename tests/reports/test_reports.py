"""Reports: the right figures, in one file that asks nobody, light and dark, by the clock too."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from hsl import models, scheduler
from hsl.archive import storing
from hsl.insights import wilson
from hsl.models import utc_now
from hsl.reports import figures, page, schedule, svg, writing
from hsl.settings import SettingsError, load_settings
from tests.archive.past import APRIL, MARCH, Past
from tests.test_cli import Terminal

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
    assert {s.name: (s.delivered, s.tried) for s in shares if s.tried} == {
        name: pair for name, pair in expected.items() if pair[1]
    }
    assert before.figures.total.interval == wilson(*expected["all"])
    assert before.closing.total == 114
    assert sum(count.people for count in before.figures.reasons) == before.closing.failed
    assert [message.message_id for message in before.messages] == sorted(in_period, reverse=True)
    assert sum(share.tried for _, share in before.figures.by_day) == expected["all"][1]
    storing.archive(streams.engine, utc_now(), actor="anna")
    assert found() == before


def test_a_stream_alone(streams: Past) -> None:
    found = figures.of_period(streams.engine, *WHOLE, MOSCOW, ["5th_stream"])
    in_period = [streams.ids[name] for name in ("march", "cancelled", "april", "paused")]
    total = found.figures.total
    assert (total.delivered, total.tried) == counted(streams, in_period, range(110, 130))
    assert [share.name for share in found.figures.by_stream] == ["5th_stream"]


def test_one_message(streams: Past) -> None:
    found = figures.of_message(streams.engine, streams.ids["march"], MOSCOW)
    assert (found.figures.total.delivered, found.figures.total.tried) == (15, 30)
    assert {count.name: count.people for count in found.figures.reasons} == {
        "blocked the bot": 5,
        "refused for another reason": 5,
    }
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


def test_the_period_that_is_due(tmp_path: Path) -> None:
    settings = load_settings(
        report_folder=tmp_path, report_every="mon 08:00", time_zone="Europe/Moscow"
    )
    monday = datetime(2026, 11, 23, 8, tzinfo=MOSCOW)
    week = (monday - timedelta(days=7), monday)
    assert schedule.due(settings, monday) == week
    assert schedule.due(settings, monday + timedelta(days=6, hours=23)) == week
    before = schedule.due(settings, monday - timedelta(seconds=1))
    assert before is not None
    assert before[1] == week[0]
    assert schedule.due(load_settings(), monday) is None
    assert schedule.name_of(*week, MOSCOW) == "report-2026-11-16-to-2026-11-23.html"
    with pytest.raises(SettingsError, match="HSL_REPORT_EVERY"):
        load_settings(HSL_REPORT_EVERY="mondays 8")


def test_a_scheduler_writes_what_is_due_once(past: Past, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    settings = load_settings(report_folder=folder, report_every="daily 08:00")
    reports = schedule.Reports(past.engine, settings)
    now = datetime(2025, 4, 1, 9, tzinfo=UTC)
    reports.look(now)
    reports.wait()
    (path,) = folder.iterdir()
    assert path.name == "report-2025-03-31-to-2025-04-01.html"
    assert "3 messages that started" in path.read_text("utf-8")
    written = path.stat().st_mtime_ns
    reports.look(now + timedelta(hours=1))
    reports.wait()
    assert path.stat().st_mtime_ns == written
    reports.look(now + timedelta(days=1))
    reports.wait()
    assert len(list(folder.iterdir())) == 2


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


def test_the_scheduler_looks_by_itself(past: Past, tmp_path: Path) -> None:
    settings = load_settings(report_folder=tmp_path / "reports", report_every="daily 08:00")
    working = scheduler.Scheduler(settings, past.engine)
    assert "report" in str([job.job_func for job in working._jobs.get_jobs()])
    working.report()
    working._reports.wait()
    assert len(list((tmp_path / "reports").iterdir())) == 1
