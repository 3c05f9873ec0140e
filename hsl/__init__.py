"""HSL Dashboard: find people, write to them through a Telegram bot, and see what arrived.

As a library: `from hsl import open_workspace`, see docs/library.md.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hsl.workspace import Workspace, open_workspace

__version__ = "0.1.0"
__all__ = ["Workspace", "__version__", "open_workspace"]


def __getattr__(name: str) -> Any:
    # The library brings pandas and DuckDB with it; nothing else should load them for its name.
    if name in {"Workspace", "open_workspace"}:
        from hsl import workspace

        return getattr(workspace, name)
    raise AttributeError(f"module 'hsl' has no attribute {name!r}")
