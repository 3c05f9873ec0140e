"""How the bot stands, as sentences (markdown) for the band and the pages."""

from zoneinfo import ZoneInfo

from hsl.delivery.standing import Standing
from hsl.models import utc_now
from pages.parts import show


def trouble(found: Standing, zone: ZoneInfo) -> str:
    """What has stopped, since when, and when Telegram is asked next."""
    since = f" since {show.moment(found.trouble_since, zone)}" if found.trouble_since else ""
    waiting = {0: "", 1: " One message waits for it."}.get(
        found.paused, f" {found.paused:,} messages wait for it."
    )
    return show.plain(
        f"Sending has stopped{since}. {found.trouble}.{waiting} {_next_look(found, zone)} What was "
        "paused goes on by itself then. If the token is wrong, set BOT_TOKEN and start again."
    )


def hold(found: Standing, zone: ZoneInfo) -> str:
    """Until when nobody is sent to, and why."""
    if found.held_until is None:
        return ""
    if not found.asked_to_wait:
        return "Telegram cannot be reached. It is tried again every few seconds."
    until = show.exactly(found.held_until, zone)
    return show.plain(
        f"Telegram asked to wait until {until} ({show.ago(found.held_until)}). Sending goes on by "
        "itself then, more slowly at first."
    )


def paid(found: Standing, zone: ZoneInfo) -> str:
    """Why it goes at the free rate, and until when."""
    again = f" at {show.moment(found.pays_again_at, zone)}" if found.pays_again_at else ""
    return show.plain(
        f"Telegram takes no paid broadcast ({found.paid_refusal}). Sending goes on at the free "
        f"rate, and tries to pay again{again}."
    )


def pace(found: Standing) -> str:
    """How fast it may go at this moment, and what Telegram thought of it so far."""
    if found.trouble:
        words = f"Pace: nothing is sent; at most {found.full_rate:.1f} messages a second after that"
    elif found.rate < found.full_rate:
        words = f"Pace: {found.rate:.1f} messages a second, climbing to {found.full_rate:.1f}"
    else:
        words = f"Pace: {found.full_rate:.1f} messages a second at most"
    if not found.refusals:
        return f"{words}. Telegram has never asked to wait."
    times = "once" if found.refusals == 1 else f"{found.refusals:,} times"
    return f"{words}. Telegram has asked to wait {times} so far."


def _next_look(found: Standing, zone: ZoneInfo) -> str:
    if found.next_look is None or found.next_look <= utc_now():
        return "Telegram is asked again as soon as a scheduler runs."
    return (
        f"Telegram is asked again {show.ago(found.next_look)}, at "
        f"{show.exactly(found.next_look, zone)}."
    )
