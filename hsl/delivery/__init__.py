"""HOW: the outbox, its pace, the Bot API and what its answers mean."""
