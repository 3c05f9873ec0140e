"""The alarms: one table of what somebody must look at, for pages, metrics, doctor and Telegram."""

from collections.abc import Callable
from dataclasses import dataclass

from hsl import spans, words
from hsl.delivery import told
from hsl.watch.vitals import Vitals
from hsl.words import N_, _, plural

SILENT = 60.0  # seconds without a scheduler's sign
WAITING = 30.0  # seconds for which something is due and nobody starts it
FAILING = 0.5  # share of the last outcomes
FEWEST = 50  # outcomes, of which a share says something
LOWEST_SPACE = 500 * 2**20  # bytes


@dataclass(frozen=True)
class Alarm:
    """A rule: whether it `holds` is asked of the vital signs, and `says` is a sentence of them.

    `over` is said when it does not hold any more. `remedy` is what to do. The latter two are
    English, to be translated where they are shown.
    """

    name: str
    holds: Callable[[Vitals], bool]
    says: Callable[[Vitals], str]
    remedy: str
    over: str

    def sentence(self, vitals: Vitals) -> str:
        """What is wrong and what to do, in the reader's language."""
        return f"{self.says(vitals)} {_(self.remedy)}"


def _is_silent(vitals: Vitals) -> bool:
    if vitals.scheduler_silent is not None:
        return vitals.scheduler_silent > SILENT
    # None signed on, or the last one signed off: no matter while there is nothing to do.
    return vitals.schedule_lag > WAITING or vitals.queue_depth > 0


def _silence(vitals: Vitals) -> str:
    if vitals.scheduler_silent is None:
        return _("No scheduler is running, so nothing is sent.")
    silent = spans.words(vitals.scheduler_silent)
    return _("The scheduler is silent for {span}, so nothing is sent.", span=silent)


def _many(vitals: Vitals) -> str:
    return plural(
        "{failures} of the last {n} delivery failed.",
        "{failures} of the last {n} deliveries failed.",
        vitals.tried,
        failures=vitals.failures,
    )


def _is_old(vitals: Vitals) -> bool:
    if vitals.backup_limit is None:
        return False
    if vitals.backup_age is None:
        return vitals.backup_failed is not None
    return vitals.backup_age > vitals.backup_limit


def _age(vitals: Vitals) -> str:
    if vitals.backup_age is None:
        said = _("There is no backup.")
    else:
        said = _("The last backup is {span} old.", span=spans.words(vitals.backup_age))
    return f"{said} {vitals.backup_failed}" if vitals.backup_failed else said


ALARMS = (
    Alarm(
        "scheduler_silent",
        _is_silent,
        _silence,
        N_("Start `python -m hsl scheduler` again."),
        N_("A scheduler is at work again."),
    ),
    Alarm(
        "many_failing",
        lambda vitals: vitals.tried >= FEWEST and vitals.failing > FAILING,
        _many,
        N_("Look at the reasons on Delivery."),
        N_("Most deliveries arrive again."),
    ),
    Alarm(
        "token_refused",
        lambda vitals: vitals.trouble is not None,
        lambda vitals: f"{told.reason(vitals.trouble or '').rstrip('.')}.",
        N_("Set BOT_TOKEN as @BotFather shows it."),
        N_("Telegram takes the bot again."),
    ),
    Alarm(
        "disk_low",
        lambda vitals: vitals.disk_free < LOWEST_SPACE,
        lambda vitals: _(
            "Only {space} GiB are free on the disk.",
            space=words.number(vitals.disk_free / 2**30, decimals=1),
        ),
        N_("Free some space: without it nothing can be recorded."),
        N_("There is space on the disk again."),
    ),
    Alarm(
        "backup_old",
        _is_old,
        _age,
        N_("Run `python -m hsl backup` and see what it says."),
        N_("There is a fresh backup again."),
    ),
)


def standing(vitals: Vitals) -> list[Alarm]:
    """The alarms that hold."""
    return [alarm for alarm in ALARMS if alarm.holds(vitals)]
