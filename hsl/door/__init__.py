"""The door of the pages: signing in and out, the second factor, and setting a password."""
