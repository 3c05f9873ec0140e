"""A local Bot API server for trying out and for tests; nothing leaves the machine."""
