"""The course platform that docs/sources.md tells of."""

import re
from dataclasses import dataclass

from sqlalchemy import Engine, text

from hsl.settings import ROOT

DOCUMENT = (ROOT / "docs" / "sources.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The document's blocks of one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


@dataclass(frozen=True)
class Platform:
    """The platform's database, and how its people can be read."""

    address: str
    engine: Engine

    def do(self, statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in filter(str.strip, statements.split(";")):
                connection.execute(text(statement))
