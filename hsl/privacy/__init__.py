"""What is held about a person, how they are forgotten, and what is not kept for ever."""

from hsl.errors import PlainError


class PrivacyError(PlainError, ValueError):
    """It cannot be done; the message says why, and what to do."""


NO_LONGER = "kept_no_longer"  # how the audit calls it when old rows are let go of
