"""Spans are handed over where they are switched on, with whose doing they are, and nothing of what was sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.core.scoring.test_service import TODAY, World, company

from accountpulse.core.observe import trace
from accountpulse.core.observe.about import about
from accountpulse.testing.stores import fresh_store


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    trace.switch_on(SimpleSpanProcessor(exporter))
    yield exporter
    trace.switch_off()


def test_scoring_leaves_a_span_for_each_of_its_stages(spans: InMemorySpanExporter, tmp_path) -> None:  # type: ignore[no-untyped-def]
    with fresh_store(tmp_path) as store:
        world = World(store)
        world.put("crm", company("busy"))
        with about(run=12):
            world.service.run(TODAY)
    found = {each.name: each for each in spans.get_finished_spans()}
    assert {"scoring.day", "scoring.measure", "scoring.write"} <= set(found)
    day = found["scoring.day"]
    assert all(found[name].parent.span_id == day.context.span_id for name in ("scoring.measure", "scoring.write"))
    assert day.attributes == {"accountpulse.run": "12"}


def test_an_error_marks_its_span_without_its_text(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError), trace.span("work"):
        raise ValueError("token=hunter2")
    (span,) = spans.get_finished_spans()
    assert span.status.description == "ValueError"
    assert "hunter2" not in span.to_json()


def test_nothing_happens_until_it_is_switched_on() -> None:
    with trace.span("work", accounts=3):
        pass
    assert trace._tracer is None
