"""Alembic's environment: it runs on the connection that `hsl.database.migrate` hands over."""

from alembic import context
from sqlmodel import SQLModel

import hsl.models
import hsl.outward  # noqa: F401 - they fill SQLModel.metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
context.run_migrations()
