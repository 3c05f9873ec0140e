"""WITH WHAT: the library of files at Telegram that messages bring."""
