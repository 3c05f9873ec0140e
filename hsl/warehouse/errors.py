"""What can go wrong with the store."""


class StoreError(RuntimeError):
    """The store cannot be read or filled; the message says why and what to do."""
