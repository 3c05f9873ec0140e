"""What every error has in common that is meant for a person."""


class PlainError(Exception):
    """Its message says what is wrong and what to do; the command line prints it as one line."""
