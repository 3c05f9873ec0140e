"""Quiet hours: when a person sleeps, by their own zone or else by the school's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from hsl.settings import Settings

ZONE_ATTRIBUTE = "time_zone"  # a person's attribute, such as "Asia/Almaty"
LONGEST = timedelta(hours=26)  # from an evening to a morning, also where the clocks change


@dataclass(frozen=True)
class QuietHours:
    """From `start` to `end` by the local clock; `zone` is the school's."""

    start: time
    end: time
    zone: ZoneInfo

    @classmethod
    def of(cls, settings: Settings) -> "QuietHours":
        """The quiet hours that these settings name."""
        start, end = settings.quiet_times
        return cls(start, end, settings.zone)

    def zone_of(self, person: Mapping[str, Any]) -> ZoneInfo:
        """A person's zone, from the attribute `time_zone`; the school's where it names none."""
        name = (person.get("attributes") or {}).get(ZONE_ATTRIBUTE)
        # ZoneInfo takes paths too, and attributes come from files.
        known = isinstance(name, str) and name in known_zones()
        return ZoneInfo(str(name)) if known else self.zone

    def until(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet that holds at `moment` in `zone` ends, in UTC; None where none holds."""
        local = moment.astimezone(zone)
        clock = local.time()
        within = (
            self.start <= clock < self.end
            if self.start <= self.end
            else clock >= self.start or clock < self.end
        )
        if not within:
            return None
        day = local.date() + timedelta(days=1 if clock >= self.end else 0)
        morning = datetime.combine(day, self.end, zone).astimezone(UTC)
        # Clocks that go back through the end of the quiet give that local time twice.
        return morning if morning > moment else moment + timedelta(hours=1)

    def __str__(self) -> str:
        return f"{self.start:%H:%M}–{self.end:%H:%M}"


@cache
def known_zones() -> frozenset[str]:
    """The zones' names; the standard library reads them from disk at every call."""
    return frozenset(available_timezones())
