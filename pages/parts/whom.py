"""To whom a message goes and who made it, in the viewer's language: what is stored is English."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from hsl.audience.cohort import Audience
from hsl.delivery.history import Message
from hsl.models import Action
from hsl.words import N_, _, language

# Who works here, and what works here by itself, as they sign the audit; others have names.
ACTORS = {
    "analyst": N_("analyst"),
    "operator": N_("operator"),
    "sample": N_("sample"),
    "scheduler": N_("scheduler"),
}


def whom(message: Message) -> str:
    """To whom a message goes."""
    is_group = message.audience is not None and message.experiment_id is None
    if language() == "en" or not is_group or message.action is not Action.SEND:
        return message.to
    return of_audience(message.audience or {}) or message.to


def of_audience(stored: Mapping[str, Any]) -> str:
    """An audience as it is stored, in words; empty where it was chosen by name or is unreadable."""
    try:
        audience = Audience.model_validate(stored)
    except ValidationError:
        return ""
    return "" if audience.is_individual else audience.sentence()


def actor(name: str) -> str:
    """Who did something; a person's name stays as it is."""
    return _(ACTORS[name]) if name in ACTORS else name
