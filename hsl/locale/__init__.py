"""Translations: a folder a language, a file a room of the house."""
