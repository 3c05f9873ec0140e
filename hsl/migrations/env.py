"""Alembic's environment: it runs on the connection that `hsl.database.migrate` hands over."""

from alembic import context
from sqlmodel import SQLModel

import hsl.models  # noqa: F401 - fills SQLModel.metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
context.run_migrations()
