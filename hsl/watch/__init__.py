"""Watching over what runs: its vital signs, the alarms that they raise, and who is told."""
