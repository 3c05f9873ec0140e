"""The doctor's look at what guards people and the record: the audit's chain, and what is kept."""

from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hsl import audit_chain, models
from hsl.doctor import Check
from hsl.privacy import retention, sign_ins
from hsl.settings import Settings
from hsl.words import _, number, plural

LOOKED_AT = 2_000  # of the audit's last entries
LATE = timedelta(days=1.5)  # after which what should have gone is late


def audited(engine: Engine) -> Check:
    """Whether the last entries of the audit are a whole chain."""
    found = audit_chain.verify(engine, last=LOOKED_AT)
    if found.is_whole:
        whole = plural(
            "The last {n} entry is whole.", "The last {n} entries are whole.", found.looked
        )
        return Check("audit", True, whole)
    remedy = _(
        "Somebody changed the database itself. Keep a copy of it, and run "
        "`python -m hsl audit verify`."
    )
    return Check("audit", False, found.faults[0].what, remedy)


def kept(engine: Engine, settings: Settings) -> Check:
    """Whether what is kept no longer is gone, a night's delay aside."""
    days = (
        settings.keep_recipients_days,
        settings.keep_presses_days,
        settings.keep_drafts_days,
        settings.keep_sign_ins_days,
    )
    if not any(days):
        return Check("retention", True, _("All is kept for ever."))
    try:
        long_ago = models.utc_now() - LATE
        late = retention.due(engine, settings, long_ago).total
        late += sign_ins.due(engine, settings, long_ago)
    except SQLAlchemyError as fault:
        return Check("retention", False, str(fault).splitlines()[0], _("See migrations."))
    if not late:
        return Check("retention", True, _("Nothing is kept for longer than the settings say."))
    return Check(
        "retention",
        False,
        _("{rows} rows ought to be gone.", rows=number(late)),
        _("A running scheduler lets go of them at night; see its log."),
    )
