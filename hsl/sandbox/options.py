"""What the sandbox pretends: its pace, its people, and the faults that tests ask for."""

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

BLOCKED = "Forbidden: bot was blocked by the user"
DEACTIVATED = "Forbidden: user is deactivated"
NEVER_STARTED = "Forbidden: bot can't initiate conversation with a user"

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Many = Annotated[int, Field(ge=0)]


@dataclass
class SandboxOptions:
    """Rates in messages per second, times in seconds, shares from 0 to 1."""

    rate: Rate = 30.0
    tolerance: Tolerance = 3.0  # messages that may come early
    chat_rate: Rate = 1.0
    latency: Seconds = 0.0
    blocked_share: Share = 0.03
    deactivated_share: Share = 0.01
    never_started_share: Share = 0.01
    revoked: bool = False
    no_stars: bool = False
    fail_next: Many = 0  # answers of 502 without JSON
    drop_before_next: Many = 0  # connections closed with nothing accepted
    drop_after_next: Many = 0  # messages accepted, connections closed without an answer
    garble_next: Many = 0  # messages accepted, answered by something that is not JSON
    refuse_for: Seconds = 0.0  # seconds that the next answer, a 429, asks to wait
    descriptions: dict[int, str] = field(default_factory=dict)  # chat id → its 400's description


_CHECKED = TypeAdapter(SandboxOptions)


def changed_options(options: SandboxOptions, wanted: Any) -> SandboxOptions:
    """The options with what is wanted of them. Raises ValueError."""
    if not isinstance(wanted, dict):
        raise ValueError("send a JSON object of options")
    standing = asdict(options)
    unknown = wanted.keys() - standing.keys()
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    return _CHECKED.validate_python({**standing, **wanted})


def fate(user_id: int, options: SandboxOptions) -> str | None:
    """Why a person can't be reached; None if they can. A hash of the id, so always the same."""
    digest = hashlib.blake2b(str(user_id).encode(), digest_size=8).digest()
    place = int.from_bytes(digest) / 2**64
    for share, description in (
        (options.blocked_share, BLOCKED),
        (options.deactivated_share, DEACTIVATED),
        (options.never_started_share, NEVER_STARTED),
    ):
        if place < share:
            return description
        place -= share
    return None
