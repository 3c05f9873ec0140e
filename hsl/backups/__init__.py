"""Backups: one file with the database, the archive's files and a manifest, proven by restoring."""

from hsl.errors import PlainError


class BackupError(PlainError, RuntimeError):
    """A backup cannot be made, is not whole, or cannot be restored; the message says what to do."""
