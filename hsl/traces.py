"""OpenTelemetry traces, where OTEL_EXPORTER_OTLP_ENDPOINT is set and its packages are installed.

OpenTelemetry's own variables configure the rest. Spans carry ids and no text, name or address.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
LAST = 2_000  # milliseconds that the last spans may take to leave
logger = logging.getLogger(__name__)
_provider: Any = None  # of the packages, which need not be here


def configure(service: str) -> None:
    """Export this process's spans from now on, if an endpoint is set."""
    global _provider
    if not os.environ.get(ENDPOINT):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        logger.warning(
            "%s is set, and nothing is traced: run pip install opentelemetry-sdk "
            "opentelemetry-exporter-otlp-proto-http",
            ENDPOINT,
        )
        return
    _provider = TracerProvider(resource=Resource.create({"service.name": service}))
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))


def flush() -> None:
    """Send what is left, and trace no more."""
    global _provider
    if _provider is not None:
        _provider.force_flush(LAST)
        _provider.shutdown()
        _provider = None


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator[Callable[..., None]]:
    """A span around what is within; what it yields adds attributes. Nothing where none is traced.

    Attributes are named `hsl.` and their name.
    """
    if _provider is None:
        yield _nothing
        return
    with _provider.get_tracer("hsl").start_as_current_span(name) as current:

        def add(**more: str | int) -> None:
            for key, value in more.items():
                current.set_attribute(f"hsl.{key}", value)

        add(**attributes)
        yield add


def _nothing(**_more: str | int) -> None:
    return
