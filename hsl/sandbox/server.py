"""The sandbox served over HTTP on this machine alone."""

from pathlib import Path

import uvicorn

from hsl.sandbox.app import build
from hsl.sandbox.options import SandboxOptions


def server(
    options: SandboxOptions, *, port: int, host: str = "127.0.0.1", log_file: Path | None = None
) -> uvicorn.Server:
    """A server that is not started yet; the access log is off, as addresses hold tokens."""
    config = uvicorn.Config(
        build(options, log_file, host=host),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)


def run(
    options: SandboxOptions, *, port: int, host: str = "127.0.0.1", log_file: Path | None = None
) -> None:
    """Serve until SIGINT or SIGTERM."""
    server(options, port=port, host=host, log_file=log_file).run()
