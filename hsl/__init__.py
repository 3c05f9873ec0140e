"""HSL Dashboard: find people, write to them through a Telegram bot, and see what arrived."""

__version__ = "0.1.0"
