"""The vital signs and alarms as OpenMetrics."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from hsl import __version__
from hsl.watch.alarms import ALARMS
from hsl.watch.vitals import Vitals

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def render(vitals: Vitals | None) -> bytes:
    """All metrics as text; of a database that does not answer, that it does not."""
    registry = CollectorRegistry()
    registry.register(_Collector(vitals))
    found: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return found


def families(vitals: Vitals) -> Iterator[Metric]:
    """Every metric of one reading."""
    single = {
        "hsl_queue_depth": ("People of what is being sent, without an outcome", vitals.queue_depth),
        "hsl_queue_age_seconds": ("Age of the oldest message being sent", vitals.queue_age),
        "hsl_schedule_lag_seconds": (
            "How late the oldest message is that is due and not started", vitals.schedule_lag),
        "hsl_on_their_way": ("Requests without a recorded answer", vitals.on_their_way),
        "hsl_permitted_rate": ("Permits of the bot a second", vitals.rate),
        "hsl_bot_held": ("1 while Telegram asked to wait or is away", vitals.is_held),
        "hsl_bot_trouble": ("1 while Telegram refuses the bot", vitals.trouble is not None),
        "hsl_scheduler_silent_seconds": (
            "Since a scheduler's last sign", vitals.scheduler_silent),
        "hsl_backup_age_seconds": ("Age of the last backup", vitals.backup_age),
        "hsl_backup_failed": (
            "1 where the last backup failed", vitals.backup_failed is not None),
        "hsl_index_age_seconds": ("Age of the index of people and deliveries", vitals.index_age),
        "hsl_disk_free_bytes": ("Free space of the data folder", vitals.disk_free),
        "hsl_database_latency_seconds": (
            "Time of one round trip to the database", vitals.database_latency),
    }  # fmt: skip
    for name, (about, value) in single.items():
        if value is not None:
            yield GaugeMetricFamily(name, about, value=float(value))
    yield CounterMetricFamily(
        "hsl_departures", "Requests that left for Telegram", value=vitals.departures
    )
    messages = GaugeMetricFamily("hsl_messages", "Messages by status", labels=["status"])
    for status, number in vitals.messages.items():
        messages.add_metric([status], number)
    yield messages
    outcomes = GaugeMetricFamily("hsl_outcomes", "People by what became of it", labels=["status"])
    for status, number in vitals.outcomes.items():
        outcomes.add_metric([status], number)
    yield outcomes
    lately = GaugeMetricFamily(
        "hsl_outcomes_lately",
        "The last 1,000 outcomes of ten minutes, by status and reason",
        labels=["status", "reason"],
    )
    for (status, reason), number in vitals.lately.items():
        lately.add_metric([status, reason], number)
    yield lately
    alarms = GaugeMetricFamily("hsl_alarm", "1 while an alarm holds", labels=["name"])
    for alarm in ALARMS:
        alarms.add_metric([alarm.name], float(alarm.holds(vitals)))
    yield alarms


class _Collector(Collector):
    def __init__(self, vitals: Vitals | None) -> None:
        self._vitals = vitals

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "hsl_database_up", "1 while the database answers", value=self._vitals is not None
        )
        build = GaugeMetricFamily("hsl_build", "The program's version", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        if self._vitals is not None:
            yield from families(self._vitals)
