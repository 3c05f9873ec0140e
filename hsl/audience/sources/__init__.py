"""WHO, again and again: people from where they are, a query on another database or files."""
