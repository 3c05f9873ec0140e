"""The doctor looks at what guards people and the record: the audit, what is kept, and secrets."""

from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hsl import audit_chain, models, resealing, sealing
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


def sealed(engine: Engine, settings: Settings) -> Check:
    """Whether the secrets that the database keeps are sealed, and with a key that is there."""
    try:
        found = resealing.kept_secrets(engine)
    except SQLAlchemyError as fault:
        return Check("secrets", False, str(fault).splitlines()[0], _("See migrations."))
    if found.plain:
        return _unsealed(found.plain, has_key=sealing.is_set(settings))
    if not sealing.is_set(settings):
        if not found.sealed:
            return Check("secrets", True, _("The database keeps none."))
        return Check(
            "secrets",
            False,
            plural(
                "{n} secret is sealed, and no key is set that opens it.",
                "{n} secrets are sealed, and no key is set that opens them.",
                found.sealed,
            ),
            _("Set HSL_SECRET_KEY or HSL_SECRET_KEY_FILE as it was when they were kept."),
        )
    try:
        sealing.check(settings)
    except sealing.SealError as fault:
        return Check("secrets", False, str(fault))
    well = plural("{n} is kept, sealed.", "{n} are kept, all sealed.", found.sealed)
    return Check("secrets", True, well)


def _unsealed(secrets: int, *, has_key: bool) -> Check:
    said = plural(
        "What the codes of {n} second factor are made from stands in the database as it is, and "
        "in its backups.",
        "What the codes of {n} second factors are made from stands in the database as it is, and "
        "in its backups.",
        secrets,
    )
    remedy = (
        _("Seal it: run `python -m hsl bot rotate --key`.")
        if has_key
        else _(
            "Make a key with `python -m hsl secret-key`, set it as HSL_SECRET_KEY, start the web "
            "and the scheduler again, and run `python -m hsl bot rotate --key`."
        )
    )
    return Check("secrets", False, said, remedy)
