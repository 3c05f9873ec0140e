"""Sending what waits in the webhooks' outbox: signed, and again later where it does not arrive.

1. What is due is taken for a while, so that of several schedulers one sends it.
2. An answer of 2xx within TIMEOUT is an arrival; anything else is tried again, later each time.
3. After GIVEN_UP it is given up, and the audit says so. 410 Gone switches the webhook off at once.
"""

import base64
import hashlib
import hmac
import http.client
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request

from sqlalchemy import Connection, Engine, Row, delete, select, update

from hsl import audit, audit_changes, database, outward, public_web, sealing
from hsl.audience.sources import watching
from hsl.errors import PlainError
from hsl.settings import Settings
from hsl.webhooks import kept

Hooks, Deliveries = outward.webhooks, outward.webhook_deliveries
AT_ONCE = 8  # sent side by side
TAKEN = 16  # at a time
LEASE = timedelta(seconds=60)  # in which nobody else sends it
TIMEOUT = 10.0  # seconds for the whole of one
FIRST_WAIT, LONGEST_WAIT = 5.0, 4 * 3600.0  # seconds until the next try
GIVEN_UP = timedelta(hours=24)
FORGOTTEN = timedelta(days=30)  # since it was over
GONE = 410
AGENT = "hsl-dashboard"


class _RefusedError(PlainError):
    """The address leads where webhooks may not go."""


def any_due(engine: Engine) -> bool:
    """Whether anything is due; costs little."""
    with database.read_only(engine).begin() as connection:
        return connection.execute(_due(database.now(connection)).limit(1)).first() is not None


def send_due(
    engine: Engine, settings: Settings, stopped: Callable[[], bool] = lambda: False
) -> int:
    """Send some of what is due; how many were tried."""
    with engine.begin() as connection:
        found = _take(connection, _due(database.now(connection)))
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
        list(pool.map(lambda row: _send(engine, settings, row, stopped), found))
    return len(found)


def send_one(engine: Engine, settings: Settings, delivery_id: int) -> str | None:
    """Send this delivery now; None where it arrived, else why it did not."""
    with engine.begin() as connection:
        now = database.now(connection)
        found = _take(connection, _due(now).where(Deliveries.c.id == delivery_id))
    if not found:
        return "it is being sent at this moment"
    return _send(engine, settings, found[0], lambda: False)


def forget(engine: Engine) -> int:
    """Forget what has been over for long; how many."""
    with engine.begin() as connection:
        before = database.now(connection) - FORGOTTEN
        return connection.execute(
            delete(Deliveries).where(Deliveries.c.finished_at < before)
        ).rowcount


def signature(secret: str, event_id: str, timestamp: int, body: str) -> str:
    """The header webhook-signature: "v1," and the HMAC-SHA256 of id, time and body in base64."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{event_id}.{timestamp}.{body}".encode()
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def wait_after(attempts: int) -> float:
    """Seconds until the next try after so many, with jitter."""
    longest = min(FIRST_WAIT * 3.0 ** min(attempts - 1, 20), LONGEST_WAIT)
    return longest * random.uniform(0.8, 1.2)  # nosec B311: a jitter, and no secret


def _due(now: datetime) -> Any:
    return (
        select(Deliveries, Hooks.c.address, Hooks.c.sealed_secret)
        .join(Hooks, Hooks.c.id == Deliveries.c.webhook_id)
        .where(Deliveries.c.finished_at.is_(None), Deliveries.c.next_attempt_at <= now)
        .order_by(Deliveries.c.next_attempt_at, Deliveries.c.id)
    )


def _take(connection: Connection, due: Any) -> list[Row[Any]]:
    rows = connection.execute(
        due.limit(TAKEN).with_for_update(skip_locked=True, of=Deliveries)
    ).all()
    connection.execute(
        update(Deliveries)
        .where(Deliveries.c.id.in_([row.id for row in rows]))
        .values(
            next_attempt_at=database.now(connection) + LEASE, attempts=Deliveries.c.attempts + 1
        )
    )
    return list(rows)


def _send(
    engine: Engine, settings: Settings, row: Row[Any], stopped: Callable[[], bool]
) -> str | None:
    fault, is_gone = _post(settings, row, stopped)
    with engine.begin() as connection:
        now = database.now(connection)
        if fault is None:
            _arrived(connection, row, now)
        else:
            _failed(connection, row, now, fault, is_gone=is_gone)
    return fault


def _post(
    settings: Settings, row: Row[Any], stopped: Callable[[], bool]
) -> tuple[str | None, bool]:
    """Send one; why it did not arrive (None: it did), and whether the address is gone for good."""
    refuse = None if settings.webhooks_private else _refuse_private
    try:
        kept.check(row.address, settings)
        request = _request(settings, row)
        with (
            watching.until(time.monotonic() + TIMEOUT, stopped) as watch,
            public_web.opener(refuse, watch.over, redirects=False).open(request, timeout=TIMEOUT),
        ):
            return None, False
    except HTTPError as error:
        error.close()
        return f"it answers with status {error.code}", error.code == GONE
    except PlainError as refused:
        return str(refused), False
    except (URLError, OSError, ValueError, http.client.HTTPException) as error:
        # Its words may hold the address, and with it a secret.
        reason = getattr(error, "reason", error)
        return f"it cannot be reached ({type(reason).__name__})", False


def _request(settings: Settings, row: Row[Any]) -> Request:
    """What is sent, signed. Raises SealError where the secret does not open."""
    secret = sealing.unseal(settings, row.sealed_secret).decode()
    timestamp = int(time.time())
    return Request(
        row.address,
        data=row.body.encode(),
        method="POST",
        headers={
            "Content-Type": "application/json",
            "User-Agent": AGENT,
            "webhook-id": row.event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(secret, row.event_id, timestamp, row.body),
        },
    )


def _refuse_private(_host: str, place: str) -> None:
    if not public_web.is_public(place):
        raise _RefusedError(
            f"its address is on a private network ({place}); HSL_WEBHOOKS_PRIVATE=1 allows that"
        )


def _arrived(connection: Connection, row: Row[Any], now: datetime) -> None:
    connection.execute(
        update(Deliveries)
        .where(Deliveries.c.id == row.id)
        .values(delivered_at=now, finished_at=now, last_error=None)
    )
    connection.execute(
        update(Hooks)
        .where(Hooks.c.id == row.webhook_id, Hooks.c.trouble.is_not(None))
        .values(trouble=None, trouble_since=None)
    )


def _failed(
    connection: Connection, row: Row[Any], now: datetime, fault: str, *, is_gone: bool
) -> None:
    again = now + timedelta(seconds=wait_after(row.attempts + 1))
    is_over = is_gone or again > row.created_at + GIVEN_UP
    connection.execute(
        update(Deliveries)
        .where(Deliveries.c.id == row.id)
        .values(last_error=fault, next_attempt_at=again, finished_at=now if is_over else None)
    )
    connection.execute(
        update(Hooks)
        .where(Hooks.c.id == row.webhook_id, Hooks.c.trouble.is_(None))
        .values(trouble_since=now)
    )
    changes = {"trouble": fault, **({"active": False} if is_gone else {})}
    connection.execute(update(Hooks).where(Hooks.c.id == row.webhook_id).values(**changes))
    if is_over:
        audit.record(
            connection,
            actor="scheduler",
            action="webhook_gone" if is_gone else "webhook_given_up",
            object_type="webhook",
            object_id=row.webhook_id,
            details={
                "address": kept.shown(row.address),
                **(audit_changes.between({"active": True}, {"active": False}) if is_gone else {}),
                "event": row.event,
                "event_id": row.event_id,
                "attempts": row.attempts + 1,
                "fault": fault,
            },
        )
