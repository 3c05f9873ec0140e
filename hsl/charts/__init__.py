"""RESULT, drawn: the figures of `hsl.insights` as Altair charts, for the pages and for files.

Only what the numbers carry is drawn: a share comes with its interval and its n, one of fewer than
30 is grey and says so. Colours are an `Ink`, so that text is readable on light and on dark.
"""
