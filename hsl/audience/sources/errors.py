"""What can go wrong with a source; every message is one sentence or two, with the remedy."""

from hsl.errors import PlainError


class SourceError(PlainError, ValueError):
    """The source cannot be kept or read as it is; nothing was changed."""


class SourceBusyError(SourceError):
    """Another process is reading this source right now."""


class SourceShrunkError(SourceError):
    """So few people came that a mistake at the source is likelier than that they left."""


class SourceStoppedError(SourceError):
    """The run was told to stop before it changed anything."""
