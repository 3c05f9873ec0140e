"""A cohort in a page's address: its expression where that is short, else packed JSON."""

import base64
import binascii
import zlib
from collections.abc import Mapping

from pydantic import ValidationError

from hsl.audience import where, where_text
from hsl.audience.cohort import Cohort
from hsl.audience.conditions import leaves
from hsl.words import _

SHORT = 400  # characters of an expression that stand in an address as they are
PACKED = "~"  # before packed JSON; no expression begins with it
MOST_BYTES = 2_000_000  # of unpacked JSON


class AddressError(ValueError):
    """An address holds no cohort that can be read; the message says why."""


def to_address(cohort: Cohort) -> str:
    """The cohort as a short text for a parameter; empty for nobody."""
    words = where_text.write(cohort)
    if len(words) <= SHORT:
        return words
    packed = zlib.compress(cohort.model_dump_json(exclude_none=True).encode(), 9)
    return PACKED + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def from_address(words: str, attributes: Mapping[str, str] | None = None) -> Cohort:
    """The cohort that an address holds. Raises AddressError for anything else."""
    if not words.strip():
        return Cohort()
    if not words.startswith(PACKED):
        try:
            return where.parse(words, attributes)
        except where.WhereError as error:
            raise AddressError(str(error)) from None
    try:
        packed = base64.urlsafe_b64decode(words[len(PACKED) :] + "=" * (-len(words[1:]) % 4))
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(packed, MOST_BYTES)
        if unpacking.unconsumed_tail or not unpacking.eof:
            raise AddressError(_("The address holds a cohort that is cut off or far too large."))
        cohort = Cohort.model_validate_json(text)
        if cohort.where and sum(1 for _ in leaves(cohort.where)) > where.MOST_CONDITIONS:
            raise AddressError(
                _(
                    "The address holds more than {most} conditions.",
                    most=where.MOST_CONDITIONS,
                )
            )
        return cohort
    except (binascii.Error, zlib.error, ValidationError, ValueError, RecursionError) as error:
        if isinstance(error, AddressError):
            raise
        raise AddressError(_("The address holds no cohort; it was cut off or changed.")) from None
