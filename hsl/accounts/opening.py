"""Whether the pages may open at an address: others reach it only once somebody can sign in."""

from sqlalchemy import Engine

from hsl.accounts import AccountError, links, registry
from hsl.addresses import is_loopback
from hsl.settings import Settings


def require_somebody(engine: Engine, settings: Settings) -> None:
    """Raise AccountError where strangers would reach pages that nobody can sign in to."""
    if is_loopback(settings.host) or registry.exist(engine) or links.waits_for_first(engine):
        return
    raise AccountError(
        f"HSL_HOST {settings.host} is open to others, and there is no account. Add one with "
        "`python -m hsl user add NAME --role admin`, or start with --setup-link, which prints a "
        "link that makes the first."
    )


def first_link(engine: Engine, settings: Settings) -> str:
    """The address at which the first admin is set up, once. Raises AccountError after that."""
    return links.address(settings, links.make(engine))
