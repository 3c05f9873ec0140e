"""A statement of SQLAlchemy, made for the target "duckdb", as DuckDB takes it."""

from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects import postgresql


def translated(chosen: Select[*tuple[Any, ...]]) -> tuple[str, list[Any]]:
    """Its text, and its values in order. DuckDB understands PostgreSQL's words."""
    compiled = chosen.compile(
        dialect=postgresql.dialect(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )
    values = compiled.params
    return str(compiled), [values[name] for name in compiled.positiontup or ()]
