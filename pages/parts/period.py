"""Which days the calendar shows: a month or a week, as its address names it."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_interval

from hsl import words

DAY = timedelta(days=1)
YEARS = range(1970, 2200)


@dataclass(frozen=True)
class Period:
    """A month (its first day) or a week (its Monday, by ISO)."""

    mode: str  # "month" or "week"
    first: date

    @classmethod
    def of(cls, month: str, week: str, today: date) -> "Period":
        """From the address: "2026-11", or "2026-W48"; this month where it names neither."""
        if match := re.fullmatch(r"(\d{4})-W(\d{1,2})", week):
            try:
                monday = date.fromisocalendar(int(match[1]), int(match[2]), 1)
            except ValueError:
                return cls.week_of(today)
            return cls("week", monday) if monday.year in YEARS else cls.week_of(today)
        if match := re.fullmatch(r"(\d{4})-(\d{2})", month):
            year, number = int(match[1]), int(match[2])
            if year in YEARS and 1 <= number <= 12:
                return cls("month", date(year, number, 1))
        return cls.month_of(today)

    @classmethod
    def month_of(cls, day: date) -> "Period":
        """The month of a day."""
        return cls("month", day.replace(day=1))

    @classmethod
    def week_of(cls, day: date) -> "Period":
        """The week of a day."""
        return cls("week", day - day.weekday() * DAY)

    @property
    def address(self) -> dict[str, str]:
        """As it stands in the address."""
        if self.mode == "month":
            return {"month": f"{self.first:%Y-%m}"}
        year, number, _ = self.first.isocalendar()
        return {"week": f"{year}-W{number:02}"}

    def moved(self, by: int) -> "Period":
        """So many months or weeks later; the same where that is out of all reach."""
        if self.mode == "week":
            other = self.first + by * 7 * DAY
        else:
            months = 12 * self.first.year + self.first.month - 1 + by
            other = date(months // 12, months % 12 + 1, 1)
        return Period(self.mode, other) if other.year in YEARS else self

    def days(self) -> list[date]:
        """The days to show, whole weeks, which begin as the reader's do."""
        lead = int(words.locale().first_week_day)  # 0 is Monday
        begin = self.first - ((self.first.weekday() - lead) % 7) * DAY
        if self.mode == "week":
            return [begin + n * DAY for n in range(7)]
        last = self.moved(1).first
        weeks = -(-(last - begin).days // 7)
        return [begin + n * DAY for n in range(7 * weeks)]

    def title(self) -> str:
        """Such as "November 2026" or "23–29 Nov 2026"."""
        locale = words.locale()
        if self.mode == "month":
            name = str(format_datetime(_noon(self.first), "LLLL y", locale=locale))
            return name[:1].upper() + name[1:]
        days = self.days()
        return str(format_interval(days[0], days[-1], "yMMMd", locale=locale))


def bounds(days: list[date], zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of these days and the first after them, by the clock of `zone`."""
    return (
        datetime.combine(days[0], time(), zone),
        datetime.combine(days[-1] + DAY, time(), zone),
    )


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12))
