"""The tables of what other programs use: keys of the API and its answers, webhooks and events."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text
from sqlmodel import Field, SQLModel

from hsl.models import NEVER_AGAIN, JsonValue, RowId, UtcDateTime, utc_now


def _row_id() -> Any:
    return Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))


def _json(default: Any) -> Any:
    return Field(default_factory=default, sa_column=Column(JsonValue, nullable=False))


class ApiKey(SQLModel, table=True):
    """A program's key to the API: its secret is kept as a hash only, and shown once."""

    __tablename__ = "api_keys"
    __table_args__ = NEVER_AGAIN
    id: int | None = _row_id()
    name: str = Field(unique=True)
    prefix: str  # the beginning of the secret, by which a person tells keys apart
    secret_hash: str = Field(unique=True)  # SHA-256, in hex
    scopes: list[str] = _json(list)  # of acting.Permission
    created_by: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApiAnswer(SQLModel, table=True):
    """A request that has an Idempotency-Key: who works on it, what it did, and its answer.

    `done` is the first audit entry of its deed, written in the transaction of the deed itself.
    """

    __tablename__ = "api_answers"
    __table_args__ = (
        Index("ux_api_answers_key", "api_key_id", "idempotency_key", unique=True),
        NEVER_AGAIN,
    )
    id: int | None = _row_id()
    api_key_id: int = Field(sa_column=Column(RowId, nullable=False))
    idempotency_key: str
    request_hash: str
    owner: str  # a random name of the one request that may do the deed
    owned_until: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)
    done: dict[str, Any] | None = Field(default=None, sa_column=Column(JsonValue, nullable=True))
    status: int | None = None  # of HTTP; None while there is no answer
    content_type: str | None = None
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class Webhook(SQLModel, table=True):
    """A web address that is told of events."""

    __tablename__ = "webhooks"
    __table_args__ = NEVER_AGAIN
    id: int | None = _row_id()
    address: str = Field(sa_column=Column(Text, nullable=False))
    sealed_secret: str = Field(sa_column=Column(Text, nullable=False))  # signs what is sent
    events: list[str] = _json(list)
    active: bool = True
    created_by: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    trouble: str | None = Field(default=None, sa_column=Column(Text))  # why it was not told
    trouble_since: datetime | None = Field(default=None, sa_type=UtcDateTime)


class WebhookDelivery(SQLModel, table=True):
    """An event on its way to a webhook, written in the transaction that made it happen."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_due", "finished_at", "next_attempt_at"),
        NEVER_AGAIN,
    )
    id: int | None = _row_id()
    webhook_id: int = Field(sa_column=Column(RowId, nullable=False, index=True))
    event_id: str  # the header webhook-id: the same at every attempt
    event: str
    body: str = Field(sa_column=Column(Text, nullable=False))  # JSON, as it is signed
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    next_attempt_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    attempts: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # or given up
    last_error: str | None = Field(default=None, sa_column=Column(Text))


def _table(model: type[SQLModel]) -> Table:
    return cast(Table, model.__table__)  # type: ignore[attr-defined]


api_keys = _table(ApiKey)
api_answers = _table(ApiAnswer)
webhooks = _table(Webhook)
webhook_deliveries = _table(WebhookDelivery)
