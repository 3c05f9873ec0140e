"""Every setting in one class, read once from the environment and `.env`."""

import os
import re
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from hsl.words import N_, _

ROOT = Path(__file__).resolve().parent.parent
SANDBOX_TOKEN = "1:sandbox"
SANDBOX_MEDIA_CHAT = "-1001"


class SettingsError(ValueError):
    """A setting is unknown or has a bad value; the message is one line that says which and why."""


class PaceMode(StrEnum):
    """How departures are spaced: evenly at the limit, or the older "ten, then a second's pause"."""

    EVEN = "even"
    TEN_THEN_PAUSE = "ten-then-pause"


class Settings(BaseSettings):
    """All settings. Names in the environment are the aliases below; times are in seconds."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", populate_by_name=True
    )

    bot_token: SecretStr | None = Field(
        None,
        alias="BOT_TOKEN",
        description=N_("The bot's token from @BotFather; none: the sandbox"),
    )
    database_url: SecretStr | None = Field(
        None,
        alias="DATABASE_URL",
        description=N_("SQLAlchemy address; none: SQLite in the data folder"),
    )
    telegram_api_url: str = Field(
        "https://api.telegram.org",
        alias="HSL_TELEGRAM_API_URL",
        pattern=r"^https?://\S+$",
        description=N_("Bot API server"),
    )
    messages_per_second: float = Field(
        30.0, alias="HSL_MESSAGES_PER_SECOND", gt=0, le=1000, description=N_("Pace of one bot")
    )
    paid_broadcast: bool = Field(
        False, alias="HSL_PAID_BROADCAST", description=N_("Pay Telegram Stars above 30 a second")
    )
    pace: PaceMode = Field(
        PaceMode.EVEN, alias="HSL_PACE", description=N_("even, or ten-then-pause (ten, then 1 s)")
    )
    batch_size: int = Field(
        100, alias="HSL_BATCH_SIZE", ge=1, le=10_000, description=N_("Recipients leased at a time")
    )
    media_chat: str = Field(
        "",
        alias="HSL_MEDIA_CHAT",
        description=N_(
            "The team's own chat that keeps uploaded files: its id, or a channel's @name"
        ),
    )
    host: str = Field("127.0.0.1", alias="HSL_HOST", description=N_("Address the pages listen on"))
    port: int = Field(8501, alias="HSL_PORT", ge=1, le=65535, description=N_("Port of the pages"))
    public_url: str = Field(
        "",
        alias="HSL_PUBLIC_URL",
        pattern=r"^(https?://[^\s/]+(/[^\s?#]*)?)?$",
        description=N_("Where people reach the pages, such as https://hsl.school.org; for links"),
    )
    trusted_proxies: str = Field(
        "127.0.0.1,::1",
        alias="HSL_TRUSTED_PROXIES",
        pattern=r"^[0-9a-fA-F.:/, ]*$",
        description=N_("Addresses or networks of proxies that may say who asks, and how"),
    )
    session_idle: float = Field(
        43_200.0,
        alias="HSL_SESSION_IDLE",
        ge=60,
        description=N_("Seconds after which who did nothing is signed out"),
    )
    session_longest: float = Field(
        604_800.0,
        alias="HSL_SESSION_LONGEST",
        ge=60,
        description=N_("Seconds after which everybody signs in again"),
    )
    oidc_issuer: str = Field(
        "",
        alias="HSL_OIDC_ISSUER",
        # By TLS, but at this machine.
        pattern=r"^(https://\S+|http://(127\.0\.0\.1|localhost)(:\d+)?(/\S*)?)?$",
        description=N_("Provider of single sign-on (OpenID Connect); none: passwords alone"),
    )
    oidc_client_id: str = Field(
        "", alias="HSL_OIDC_CLIENT_ID", description=N_("What the provider calls this program")
    )
    oidc_client_secret: SecretStr | None = Field(
        None,
        alias="HSL_OIDC_CLIENT_SECRET",
        description=N_("What this program proves itself with to the provider"),
    )
    oidc_new_viewers: bool = Field(
        False,
        alias="HSL_OIDC_NEW_VIEWERS",
        description=N_("Make a viewer of whomever the provider knows and who has no account"),
    )
    sandbox_port: int = Field(
        8502,
        alias="HSL_SANDBOX_PORT",
        ge=1,
        le=65535,
        description=N_("Port of the sandbox Bot API"),
    )
    data_dir: Path = Field(
        ROOT / "data", alias="HSL_DATA_DIR", description=N_("Folder of the embedded database")
    )
    time_zone: str = Field(
        "UTC", alias="HSL_TIME_ZONE", description=N_("The school's zone, such as Europe/Moscow")
    )
    quiet_hours: str = Field(
        "22:00-08:00",
        alias="HSL_QUIET_HOURS",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$",
        description=N_("Local hours in which messages that ask for it wait for the morning"),
    )
    frequency_cap: str = Field(
        "",
        alias="HSL_FREQUENCY_CAP",
        description=N_("Most messages to a person in so many days, such as 2/7d; empty: no cap"),
    )
    confirm_over: int = Field(
        500,
        alias="HSL_CONFIRM_OVER",
        ge=0,
        description=N_("Who sends to more people than this types their number first; 0: always"),
    )
    second_approver_over: int = Field(
        0,
        alias="HSL_SECOND_APPROVER_OVER",
        ge=0,
        description=N_("A message to more people than this needs a second approver; 0: none does"),
    )
    viewers_see_names: bool = Field(
        True,
        alias="HSL_VIEWERS_SEE_NAMES",
        description=N_("Whether viewers see who the people are, or figures alone"),
    )
    take_back_seconds: float = Field(
        10.0,
        alias="HSL_TAKE_BACK_SECONDS",
        ge=0,
        le=300,
        description=N_(
            "Seconds in which a message sent now can be taken back; 0: it leaves at once"
        ),
    )
    index_refresh: float = Field(
        300.0,
        alias="HSL_INDEX_REFRESH",
        gt=0,
        le=300,
        description=N_("Seconds after which the audience index refreshes by itself"),
    )
    index_memory: str = Field(
        "4GB",
        alias="HSL_INDEX_MEMORY",
        pattern=r"^[1-9]\d*(\.\d+)?(MB|GB)$",
        description=N_(
            "The most memory that the index of people and deliveries takes, such as 4GB"
        ),
    )

    @field_validator("media_chat")
    @classmethod
    def _chat_shape(cls, value: str) -> str:
        if value.strip() and not re.fullmatch(r"-?[1-9]\d{0,15}|@[A-Za-z]\w{3,31}", value.strip()):
            raise ValueError("is neither a chat's id such as -1001234567890 nor a channel's @name")
        return value.strip()

    @field_validator("frequency_cap")
    @classmethod
    def _cap_shape(cls, value: str) -> str:
        if value.strip() and not re.fullmatch(r"[1-9]\d{0,3}/[1-9]\d{0,2}d", value.strip()):
            raise ValueError("is not MESSAGES/DAYSd, such as 2/7d")
        return value.strip()

    sources_private: bool = Field(
        False,
        alias="HSL_SOURCES_PRIVATE",
        description=N_("Let sources read web addresses on private networks"),
    )

    secret_key: SecretStr | None = Field(
        None,
        alias="HSL_SECRET_KEY",
        description=N_(
            "The key that seals tokens and second factors; several: the first one seals"
        ),
    )
    secret_key_file: Path | None = Field(
        None,
        alias="HSL_SECRET_KEY_FILE",
        description=N_("A file that holds the key instead"),
    )
    api_requests_per_minute: int = Field(
        600,
        alias="HSL_API_REQUESTS_PER_MINUTE",
        ge=1,
        le=100_000,
        description=N_("Most requests of one key to the API in a minute"),
    )
    webhooks_private: bool = Field(
        False,
        alias="HSL_WEBHOOKS_PRIVATE",
        description=N_("Let webhooks go to web addresses on private networks"),
    )

    report_folder: Path | None = Field(
        None,
        alias="HSL_REPORT_FOLDER",
        description=N_("Where the scheduler writes reports; none: it writes no report"),
    )
    report_every: str = Field(
        "mon 08:00",
        alias="HSL_REPORT_EVERY",
        pattern=r"^(daily|(mon|tue|wed|thu|fri|sat|sun)(,(mon|tue|wed|thu|fri|sat|sun))*) "
        r"([01]\d|2[0-3]):[0-5]\d$",
        description=N_(
            "When it writes one, of the time since the one before, in the school's zone"
        ),
    )

    keep_recipients_days: int = Field(
        0,
        alias="HSL_KEEP_RECIPIENTS_DAYS",
        ge=0,
        le=36_500,
        description=N_("Days for which it is kept who got a finished message; 0: for ever"),
    )
    keep_presses_days: int = Field(
        0,
        alias="HSL_KEEP_PRESSES_DAYS",
        ge=0,
        le=36_500,
        description=N_("Days for which presses of buttons are kept; 0: for ever"),
    )
    keep_drafts_days: int = Field(
        0,
        alias="HSL_KEEP_DRAFTS_DAYS",
        ge=0,
        le=36_500,
        description=N_("Days for which a draft that nobody changes is kept; 0: for ever"),
    )
    keep_sign_ins_days: int = Field(
        90,
        alias="HSL_KEEP_SIGN_INS_DAYS",
        ge=0,
        le=36_500,
        description=N_("Days for which sessions and attempts that are over are kept; 0: for ever"),
    )

    backup_folder: Path | None = Field(
        None,
        alias="HSL_BACKUP_FOLDER",
        description=N_("Where the scheduler makes backups; none: it makes none"),
    )
    backup_every: float = Field(
        24.0,
        alias="HSL_BACKUP_EVERY",
        ge=0.25,
        le=24 * 31,
        description=N_("Hours from one backup to the next"),
    )
    backup_keep: int = Field(
        7, alias="HSL_BACKUP_KEEP", ge=1, description=N_("How many of the last backups are kept")
    )
    backup_weeks: int = Field(
        8,
        alias="HSL_BACKUP_WEEKS",
        ge=0,
        description=N_("For how many weeks one backup a week is kept"),
    )
    backup_before_upgrade: bool = Field(
        True,
        alias="HSL_BACKUP_BEFORE_UPGRADE",
        description=N_("Back up before a new program changes the schema"),
    )

    admin_chats: str = Field(
        "",
        alias="HSL_ADMIN_CHATS",
        pattern=r"^\s*(-?[1-9]\d{0,15}(\s*,\s*-?[1-9]\d{0,15})*)?\s*$",
        description=N_("Telegram ids of who is told of alarms, such as 1001,1002"),
    )
    metrics_token: SecretStr | None = Field(
        None,
        alias="HSL_METRICS_TOKEN",
        description=N_("What may read /metrics from elsewhere; none: this machine alone"),
    )
    log_format: Literal["text", "json"] = Field(
        "text", alias="HSL_LOG_FORMAT", description=N_("How the log is written: text or json")
    )
    base_path: str = Field(
        "",
        alias="HSL_BASE_PATH",
        pattern=r"^(/[A-Za-z0-9_-]+)*/?$",
        description=N_("Where a proxy shows the pages, such as /hsl; empty: at its root"),
    )

    @field_validator("base_path")
    @classmethod
    def _no_slash_at_end(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is not a time zone's name such as Europe/Moscow")
        return value

    @field_validator(
        "bot_token", "secret_key", "secret_key_file", "report_folder", "backup_folder",
        "metrics_token", "oidc_client_secret", mode="before",
    )  # fmt: skip
    @classmethod
    def _blank_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("bot_token")
    @classmethod
    def _token_shape(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().partition(":")[0].isdigit():
            raise ValueError("does not look like a bot token (123456:ABC…) from @BotFather")
        return value

    @field_validator("database_url")
    @classmethod
    def _address_known(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        try:
            backend = make_url(value.get_secret_value()).get_backend_name()
        except ArgumentError as error:
            raise ValueError("is not a database address such as sqlite:///hsl.db") from error
        if backend not in {"sqlite", "postgresql"}:
            raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
        return value

    @property
    def is_sandbox(self) -> bool:
        """True where no bot token is set, so that nothing leaves this machine."""
        return self.bot_token is None

    @property
    def token(self) -> str:
        """The token to send with. A secret unless in the sandbox: never log or show it."""
        return SANDBOX_TOKEN if self.bot_token is None else self.bot_token.get_secret_value()

    @property
    def bot_id(self) -> int:
        """The bot's id: the public part of its token."""
        return int(self.token.partition(":")[0])

    @property
    def api_url(self) -> str:
        """The Bot API server in use, without a slash at its end."""
        if self.is_sandbox and "telegram_api_url" not in self.model_fields_set:
            return f"http://127.0.0.1:{self.sandbox_port}"
        return self.telegram_api_url.rstrip("/")

    @property
    def media_place(self) -> str | None:
        """The chat that keeps uploaded files; None where none is set, but in the sandbox."""
        return self.media_chat or (SANDBOX_MEDIA_CHAT if self.is_sandbox else None)

    @property
    def admin_ids(self) -> list[int]:
        """The chats that are told of alarms."""
        return [int(chat) for chat in self.admin_chats.split(",") if chat.strip()]

    @property
    def database_address(self) -> str:
        """SQLAlchemy address of the database. It may hold a password: never log or show it."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'hsl.db'}"

    @property
    def archive_dir(self) -> Path:
        """Folder of the rows that were archived; every machine on a database must see the same."""
        return self.data_dir / "archive"

    @property
    def quiet_times(self) -> tuple[time, time]:
        """Beginning and end of the quiet hours by the local clock."""
        start, _, end = self.quiet_hours.partition("-")
        return time.fromisoformat(start), time.fromisoformat(end)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The school's time zone."""
        return ZoneInfo(self.time_zone)


def load_settings(**overrides: object) -> Settings:
    """Read the settings; `overrides` win over environment and file. Raises SettingsError."""
    known = {str(field.alias) for field in Settings.model_fields.values()}
    unknown = sorted(name for name in os.environ if name.startswith("HSL_") and name not in known)
    if unknown:
        raise SettingsError(
            f"{unknown[0]} is not a setting. Known are: {', '.join(sorted(known))}."
        )
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        message = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{first['loc'][0]}: {message}. Correct it and start again.") from None


@dataclass(frozen=True)
class Described:
    """A setting as it may be shown: its value masked where it is secret."""

    name: str
    value: str
    source: str
    description: str
    is_given: bool  # by the environment or .env


def described(settings: Settings) -> list[Described]:
    """Every setting with its value and where it comes from: environment, .env or default."""
    found = []
    for field_name, field in Settings.model_fields.items():
        name, value = str(field.alias), getattr(settings, field_name)
        given = field_name in settings.model_fields_set
        source = (_("environment") if name in os.environ else ".env") if given else _("default")
        found.append(
            Described(name, _shown(name, value), source, _(field.description or ""), given)
        )
    return found


def _shown(name: str, value: object) -> str:
    if value is None:
        return _("not set")
    if isinstance(value, SecretStr):
        secret = value.get_secret_value()
        if name == "HSL_SECRET_KEY":
            return "••••"
        # The part of a bot's token before the colon is its public id.
        bot, colon, rest = secret.partition(":")
        if colon and bot.isdigit() and rest:
            return f"{bot}:••••"
        return _masked_address(secret) if "://" in secret else "••••"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def _masked_address(address: str) -> str:
    return make_url(address).render_as_string(hide_password=True)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings, read at the first call. Raises SettingsError."""
    return load_settings()
