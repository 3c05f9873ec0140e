"""Who somebody is: accounts, their passwords and second factors, and their sessions.

Everything that is secret and random (a session, a set-up link, a recovery code) is stored as its
SHA-256 alone, so that who reads the database can act as nobody. Passwords are hashed by Argon2.
"""

from hsl.errors import PlainError


class AccountError(PlainError, ValueError):
    """The account cannot be as asked; the message is one sentence that says why."""
