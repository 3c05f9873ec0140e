"""Names and texts as SQL takes them, where a statement cannot take them as values."""


def identifier(name: str) -> str:
    """A column's or table's name."""
    return '"' + name.replace('"', '""') + '"'


def literal(words: str) -> str:
    """A text."""
    return "'" + words.replace("'", "''") + "'"


def pointer(key: str) -> str:
    """The JSON pointer of a key (RFC 6901), which unlike a JSON path takes any name."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
