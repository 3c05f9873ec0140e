"""What the pages share: the house around them, and how things are shown."""
