"""The webhooks that there are: made, listed, tested and removed."""

import base64
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from hsl import audit, audit_changes, database, models, outward, sealing
from hsl.acting import Permission, needs
from hsl.errors import PlainError
from hsl.settings import Settings
from hsl.webhooks import events
from hsl.webhooks.events import TOLD, Event
from hsl.words import _

Hooks, Deliveries = outward.webhooks, outward.webhook_deliveries
LONGEST_ADDRESS = 2000  # characters


class WebhookError(PlainError, ValueError):
    """A webhook cannot be made or changed as asked; nothing was changed."""


@dataclass(frozen=True)
class Webhook:
    """A webhook without its secret; `shown` is its address without what may be secret in it.

    `waiting` events are on their way to it; `trouble` says why the last one did not arrive.
    """

    id: int
    shown: str
    events: tuple[Event, ...]
    active: bool
    created_by: str
    created_at: datetime
    trouble: str | None
    trouble_since: datetime | None
    waiting: int = 0


@needs(Permission.MANAGE)
def add(
    engine: Engine,
    settings: Settings,
    address: str,
    wanted: Collection[Event] = TOLD,
    *,
    actor: str,
) -> tuple[Webhook, str]:
    """Tell this address of these events from now on; the secret that signs is had this once.

    Raises WebhookError, and SealError where no key is set to seal the secret with.
    """
    words = address.strip()
    check(words, settings)
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    with engine.begin() as connection:
        row = connection.execute(
            insert(Hooks).returning(Hooks),
            {
                "address": words,
                "sealed_secret": sealing.seal(settings, secret.encode()),
                "events": [one.value for one in TOLD if one in wanted],
                "active": True,
                "created_by": actor,
                "created_at": models.utc_now(),
            },
        ).one()
        made = _webhook(row)
        _record(connection, "webhook_added", made, actor, audit_changes.between({}, _told(made)))
    return made, secret


@needs(Permission.MANAGE)
def listing(engine: Engine) -> list[Webhook]:
    """All webhooks, the first made first."""
    waiting = select(Deliveries.c.webhook_id).where(Deliveries.c.finished_at.is_(None))
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(select(Hooks).order_by(Hooks.c.id)).all()
        due = [row.webhook_id for row in connection.execute(waiting)]
    return [_webhook(row, due.count(row.id)) for row in rows]


@needs(Permission.MANAGE)
def remove(engine: Engine, webhook_id: int, *, actor: str) -> None:
    """Tell an address nothing more, also of what waits. Raises WebhookError."""
    with engine.begin() as connection:
        row = connection.execute(
            delete(Hooks).where(Hooks.c.id == webhook_id).returning(Hooks)
        ).one_or_none()
        if row is None:
            raise _missing(webhook_id)
        connection.execute(delete(Deliveries).where(Deliveries.c.webhook_id == webhook_id))
        gone = _webhook(row)
        _record(connection, "webhook_removed", gone, actor, audit_changes.between(_told(gone), {}))


@needs(Permission.MANAGE)
def put_test(engine: Engine, webhook_id: int) -> int:
    """Put a test event into its outbox; the delivery's id. Raises WebhookError."""
    with engine.begin() as connection:
        if connection.execute(select(Hooks.c.id).where(Hooks.c.id == webhook_id)).first() is None:
            raise _missing(webhook_id)
        return events.put(connection, webhook_id, Event.TEST, {"webhook_id": webhook_id})


def seal_within(connection: Connection, settings: Settings, *, actor: str) -> int:
    """Seal the secret of each with the first key; how many there are. Raises SealError."""
    rows = connection.execute(select(Hooks).with_for_update()).all()
    for row in rows:
        sealed = sealing.sealed_anew(settings, row.sealed_secret)
        connection.execute(update(Hooks).where(Hooks.c.id == row.id).values(sealed_secret=sealed))
        _record(connection, "webhook_sealed_anew", _webhook(row), actor, {})
    return len(rows)


def check(address: str, settings: Settings) -> None:
    """Raises WebhookError for what is no address that may be told of anything."""
    try:
        parts = urlsplit(address)
        is_whole = bool(parts.hostname) and parts.port != 0  # asking for it raises ValueError
    except ValueError:
        is_whole = False
    fits = is_whole and address.isprintable() and " " not in address
    if not fits or len(address) > LONGEST_ADDRESS or parts.scheme not in {"http", "https"}:
        raise WebhookError(_("A webhook's address is like https://crm.example.org/events."))
    if parts.username or parts.password:
        raise WebhookError(
            _("A webhook's address has no password in it: what is sent is signed instead.")
        )
    if parts.scheme == "http" and not settings.webhooks_private:
        raise WebhookError(
            _(
                "A webhook's address begins with https://. Set HSL_WEBHOOKS_PRIVATE=1 if it is on "
                "your own network."
            )
        )


def shown(address: str) -> str:
    """An address as it may be shown: many hold a secret after the name of the host."""
    parts = urlsplit(address)
    has_more = parts.path.strip("/") or parts.query
    return f"{parts.scheme}://{parts.netloc}/{'…' if has_more else ''}"


def _missing(webhook_id: int) -> WebhookError:
    return WebhookError(
        _(
            "There is no webhook {number}. `python -m hsl webhook list` shows them.",
            number=str(webhook_id),
        )
    )


def _told(hook: Webhook) -> dict[str, Any]:
    """What the audit says of a webhook: neither its secret nor its whole address."""
    return {"address": hook.shown, "events": list(hook.events), "active": hook.active}


def _record(
    connection: Connection, action: str, hook: Webhook, actor: str, changed: dict[str, Any]
) -> None:
    audit.record(
        connection,
        actor=actor,
        action=action,
        object_type="webhook",
        object_id=hook.id,
        details=changed,
    )


def _webhook(row: Row[Any], waiting: int = 0) -> Webhook:
    return Webhook(
        id=row.id,
        shown=shown(row.address),
        events=tuple(Event(one) for one in row.events),
        active=row.active,
        created_by=row.created_by,
        created_at=row.created_at,
        trouble=row.trouble,
        trouble_since=row.trouble_since,
        waiting=waiting,
    )
