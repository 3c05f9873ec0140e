"""To whom a message goes, in the viewer's language: what is stored is English."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from hsl.audience.cohort import Audience
from hsl.delivery.history import Message
from hsl.models import Action
from hsl.words import language


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
