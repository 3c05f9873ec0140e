"""WHAT: a message, its checks and its preview."""
