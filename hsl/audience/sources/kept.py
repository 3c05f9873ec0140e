"""Whether there is any source at all, as what reads them takes long to load."""

from sqlalchemy import Engine, select

from hsl import database, models


def any_kept(engine: Engine) -> bool:
    """True where at least one source is kept."""
    with database.read_only(engine).begin() as connection:
        return connection.execute(select(models.sources.c.id).limit(1)).first() is not None
