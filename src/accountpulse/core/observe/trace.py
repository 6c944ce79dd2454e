"""Spans for OpenTelemetry (extra `otel`): nothing at all until they are switched on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from accountpulse.core.errors import MissingExtra
from accountpulse.core.observe.about import told

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

_tracer: Any = None
_provider: TracerProvider | None = None


def switch_on(processor: SpanProcessor | None = None) -> None:
    """From now on hand spans to a processor; without one, to what the variables of OpenTelemetry name (`OTEL_EXPORTER_OTLP_*`).

    Raises MissingExtra.
    """
    global _tracer, _provider
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise MissingExtra("Traces", "otel") from error
    switch_off()
    provider = TracerProvider(resource=Resource.create({"service.name": "accountpulse"}))
    provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
    _tracer, _provider = provider.get_tracer("accountpulse"), provider


def switch_off() -> None:
    """No spans any longer; those that there are have been handed over when this returns."""
    global _tracer, _provider
    if _provider is not None:
        _provider.shutdown()
    _tracer = _provider = None


_NOTHING = nullcontext()


def span(name: str, **attributes: str | int | float | bool) -> AbstractContextManager[None]:
    """What lasts as long as the block does, as part of the one around it. An exception marks it, without its text.

    Attributes never hold what customers or vendors sent. Costs next to nothing while it is switched off.
    """
    return _NOTHING if _tracer is None else _opened(name, attributes)


@contextmanager
def _opened(name: str, attributes: Mapping[str, str | int | float | bool]) -> Iterator[None]:
    ids = {f"accountpulse.{key}": value for key, value in {**told(), **attributes}.items()}
    with _tracer.start_as_current_span(name, attributes=ids, record_exception=False, set_status_on_exception=False) as opened:
        try:
            yield
        except BaseException as error:
            from opentelemetry.trace import Status, StatusCode

            opened.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
