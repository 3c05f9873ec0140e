"""Tables as CSV that a spreadsheet opens and never executes."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, ending: Sequence[str] = ()
) -> bytes:
    """UTF-8 with a mark, as spreadsheets want it; `ending` is a last line."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    if ending:
        writer.writerow(ending)
    return written.getvalue().encode("utf-8-sig")


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value
