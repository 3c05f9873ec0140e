"""What a source is: where it is, what it is asked, and what its columns mean."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hsl.audience.sources import addresses, queries
from hsl.audience.sources.errors import SourceError


class Kind(StrEnum):
    """A query on another database, or files."""

    SQL = "sql"
    FILES = "files"


class Which(StrEnum):
    """Of the files that a pattern names: the one written last, or all of them."""

    NEWEST = "newest"
    ALL = "all"


class Definition(BaseModel):
    """What a source is. Its address holds no password: it names an environment variable then."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(min_length=1, max_length=80)
    kind: Kind
    address: str = Field(min_length=1)
    query: str | None = None  # of the kind sql
    which: Which = Which.NEWEST  # of the kind files
    mapping: dict[str, str] = Field(default_factory=dict)  # their column to ours; "" leaves it out
    every_minutes: int | None = Field(default=None, ge=1, le=525_600)
    mark_left: bool = True  # who is gone from it gets the status "left"

    @field_validator("name", "address", mode="before")
    @classmethod
    def _stripped(cls, value: object) -> object:
        return value.strip() if isinstance(value, str) else value

    @field_validator("address")
    @classmethod
    def _without_secrets(cls, value: str) -> str:
        addresses.refuse_secrets(value)
        return value

    @model_validator(mode="before")
    @classmethod
    def _absolute(cls, given: Any) -> Any:
        # The scheduler may work in another folder than the one where the source was added.
        address = str(given.get("address") or "").strip()
        if given.get("kind") == Kind.FILES:
            relative = not addresses.is_web(address) and not address.startswith("env:")
            if address and relative and "://" not in address:
                return {**given, "address": str(Path(address).expanduser().absolute())}
        elif re.match(r"sqlite:///[^/]", address):
            return {**given, "address": f"sqlite:///{Path(address[10:]).absolute()}"}
        return given

    @field_validator("mapping")
    @classmethod
    def _one_to_one(cls, value: dict[str, str]) -> dict[str, str]:
        plain = {theirs.strip(): ours.strip().lower() for theirs, ours in value.items()}
        ours = [name for name in plain.values() if name]
        twice = sorted({name for name in ours if ours.count(name) > 1})
        if twice:
            raise ValueError(f"two columns are mapped to {twice[0]}. Keep one of them")
        if "" in plain:
            raise ValueError("a mapping has no column of theirs. Write theirs=ours")
        return plain

    @model_validator(mode="after")
    def _query_fits(self) -> "Definition":
        if self.kind is Kind.FILES and self.query:
            raise ValueError("files are read whole: a query needs a database's address")
        if self.kind is Kind.SQL:
            url = addresses.database(addresses.resolve(self.address))
            queries.check(self.query or "", url.get_backend_name())
        return self


def define(**fields: Any) -> Definition:
    """A definition of these fields. Raises SourceError with one sentence where they do not fit."""
    try:
        return Definition(**fields)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        words = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
        about = str(first["loc"][0]) if first["loc"] else ""
        needs_name = about and not isinstance(first.get("ctx", {}).get("error"), ValueError)
        raise SourceError(f"{about}: {words}." if needs_name else f"{words}.") from None
