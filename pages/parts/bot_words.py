"""How the bot stands, as sentences (markdown) for the band and the pages."""

from zoneinfo import ZoneInfo

from hsl import words
from hsl.delivery import told
from hsl.delivery.standing import Standing
from hsl.models import utc_now
from hsl.words import _, plural
from pages.parts import show


def trouble(found: Standing, zone: ZoneInfo) -> str:
    """What has stopped, since when, and when Telegram is asked next."""
    said = [
        _("Sending has stopped since {moment}.", moment=show.moment(found.trouble_since, zone))
        if found.trouble_since
        else _("Sending has stopped."),
        f"{told.reason(found.trouble or '')}.",
        plural("One message waits for it.", "{n} messages wait for it.", found.paused)
        if found.paused
        else "",
        _next_look(found, zone),
        _("What was paused goes on by itself then."),
        _("If the token is wrong, set BOT_TOKEN and start again."),
    ]
    return show.plain(" ".join(said))


def hold(found: Standing, zone: ZoneInfo) -> str:
    """Until when nobody is sent to, and why."""
    if found.held_until is None:
        return ""
    if not found.asked_to_wait:
        return _("Telegram cannot be reached. It is tried again every few seconds.")
    return show.plain(
        _(
            "Telegram asked to wait until {until} ({span}). Sending goes on by itself then, more "
            "slowly at first.",
            until=show.exactly(found.held_until, zone),
            span=show.ago(found.held_until),
        )
    )


def paid(found: Standing, zone: ZoneInfo) -> str:
    """Why it goes at the free rate, and until when."""
    said = _(
        "Telegram takes no paid broadcast ({reason}). Sending goes on at the free rate.",
        reason=found.paid_refusal,
    )
    if found.pays_again_at is None:
        return show.plain(said)
    again = _("Paying is tried again at {moment}.", moment=show.moment(found.pays_again_at, zone))
    return show.plain(f"{said} {again}")


def pace(found: Standing) -> str:
    """How fast it may go at this moment, and what Telegram thought of it so far."""
    full = words.number(found.full_rate, decimals=1)
    if found.trouble:
        said = _("Pace: nothing is sent; at most {full} messages a second after that.", full=full)
    elif found.rate < found.full_rate:
        said = _(
            "Pace: {rate} messages a second, climbing to {full}.",
            rate=words.number(found.rate, decimals=1),
            full=full,
        )
    else:
        said = _("Pace: {full} messages a second at most.", full=full)
    if not found.refusals:
        return f"{said} {_('Telegram has never asked to wait.')}"
    asked = plural(
        "Telegram has asked to wait once so far.",
        "Telegram has asked to wait {n} times so far.",
        found.refusals,
    )
    return f"{said} {asked}"


def _next_look(found: Standing, zone: ZoneInfo) -> str:
    if found.next_look is None or found.next_look <= utc_now():
        return _("Telegram is asked again as soon as a scheduler runs.")
    return _(
        "Telegram is asked again {span}, at {moment}.",
        span=show.ago(found.next_look),
        moment=show.exactly(found.next_look, zone),
    )
