"""Traces reach an OTLP/HTTP receiver where one is set, and cost nothing where none is."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from hsl import traces


def test_a_span_arrives_with_its_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceRequest,
    )

    taken: list[tuple[str, bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                import gzip

                body = gzip.decompress(body)
            taken.append((self.path, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv(traces.ENDPOINT, f"http://127.0.0.1:{server.server_port}")
        traces.configure("hsl-test")
        with traces.span("telegram sendMessage", message_id=3, recipient_id=4) as facts:
            facts(verdict="sent")
        traces.flush()
        server.shutdown()
        thread.join()
    (path, body), *_rest = taken
    assert path == "/v1/traces"
    found = ExportTraceServiceRequest.FromString(body).resource_spans[0]
    (span,) = found.scope_spans[0].spans
    assert span.name == "telegram sendMessage"
    kept = {a.key: a.value.string_value or a.value.int_value for a in span.attributes}
    assert kept == {"hsl.message_id": 3, "hsl.recipient_id": 4, "hsl.verdict": "sent"}


def test_without_an_endpoint_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(traces.ENDPOINT, raising=False)
    traces.configure("hsl-test")
    with traces.span("telegram sendMessage", message_id=3) as facts:
        facts(verdict="sent")
    assert traces._provider is None
