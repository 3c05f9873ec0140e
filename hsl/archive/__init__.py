"""The archive: recipients' rows of old messages, moved out of the database into Parquet files.

A message's rows are either all in the database or all in one file that was read back and found
equal; `message_history.archived_at` says which, and `archived_months` lists the files. The
message's own row with its counters always stays.
"""

from hsl.errors import PlainError


class ArchiveError(PlainError, RuntimeError):
    """The archive cannot do what was asked; the message says what is wrong and what to do."""
