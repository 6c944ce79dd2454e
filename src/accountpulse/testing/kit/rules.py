"""The 24 rules of the kit: which test proves which, where a rule does not apply, and what is not covered, with the reason."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import pytest

from accountpulse.core.sync.connector import StreamSpec

if TYPE_CHECKING:
    from accountpulse.testing.kit.base import Suite

Test = TypeVar("Test", bound=Callable[..., None])
# Why a rule doesn't apply to a stream, going by what is declared; None where it does.
Unless = Callable[["type[Suite]", StreamSpec], str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. number: in the kit. topic: what `not_covered` calls it. test: the function that proves it. text: what it says.

    always: no reason exempts from it. by_stream: it is proved for each stream on its own.
    """

    number: int
    topic: str
    test: str
    text: str
    always: bool
    by_stream: bool
    unless: Unless


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a suite says of one rule, for one stream or, with None, for the connector.

    status: `covered` by the named test; `exempt` with a reason, which `declared` says follows from the stream's declaration.
    """

    rule: int
    topic: str
    test: str
    stream: str | None
    status: Literal["covered", "exempt"]
    reason: str | None = None
    declared: bool = False


def proves(
    number: int, topic: str, *, always: bool = False, unless: Unless = lambda _suite, _spec: None
) -> Callable[[Test], Test]:
    """Mark a test as the proof of a rule; it is skipped, with the reason, where the rule does not apply."""

    def mark(test: Test) -> Test:
        rule = Rule(
            number=number,
            topic=topic,
            test=test.__name__,
            text=" ".join(inspect.cleandoc(test.__doc__ or "").split()),
            always=always,
            by_stream="stream" in inspect.signature(test).parameters,
            unless=unless,
        )

        @wraps(test)
        def checked(self: Suite, *args: Any, **kwargs: Any) -> None:
            stream = kwargs.get("stream") if rule.by_stream else None
            exempt = exemption(type(self), rule, stream)
            if exempt is not None:
                pytest.skip(exempt[0])
            test(self, *args, **kwargs)

        checked.__rule__ = rule  # type: ignore[attr-defined]  # a marker that `rules_of` collects
        return checked  # type: ignore[return-value]  # wraps keeps the signature

    return mark


def rules_of(suite: type[Suite]) -> list[Rule]:
    """The rules that a suite proves, by number."""
    found = (getattr(member, "__rule__", None) for _, member in inspect.getmembers(suite, callable))
    return sorted((rule for rule in found if rule is not None), key=lambda rule: rule.number)


def exemption(suite: type[Suite], rule: Rule, stream: str | None) -> tuple[str, bool] | None:
    """Why a rule is not proved, and whether that follows from the declaration; None where it is proved."""
    given = reason_given(suite.not_covered, rule.topic, stream)
    for spec in suite.connector.streams():
        if spec.name == stream:
            declared = rule.unless(suite, spec)
            if declared is not None:
                return given or declared, True
    return (given, False) if given is not None else None


def reason_given(reasons: Mapping[str, str], topic: str, stream: str | None) -> str | None:
    """The reason that a suite gives, for one stream or for all."""
    return reasons.get(f"{stream}.{topic}", reasons.get(topic)) if stream is not None else reasons.get(topic)


def coverage_of(suite: type[Suite]) -> Iterator[Coverage]:
    """What a suite says of every rule."""
    for rule in rules_of(suite):
        streams: list[str | None] = [spec.name for spec in suite.connector.streams()] if rule.by_stream else [None]
        for stream in streams:
            exempt = exemption(suite, rule, stream)
            if exempt is None:
                yield Coverage(rule.number, rule.topic, rule.test, stream, "covered")
            else:
                yield Coverage(rule.number, rule.topic, rule.test, stream, "exempt", *exempt)


def refuse_bad_reasons(suite: type[Suite]) -> None:
    """Raises TypeError where `not_covered` names what isn't there, gives no reason, or contradicts the declaration."""
    rules = {rule.topic: rule for rule in rules_of(suite)}
    streams = {spec.name: spec for spec in suite.connector.streams()}
    for key, reason in suite.not_covered.items():
        stream, _, topic = key.rpartition(".")
        place = f"{suite.__name__}.not_covered[{key!r}]"
        if topic not in rules or (stream and stream not in streams):
            raise TypeError(f"{place}: put one of {', '.join(rules)}, alone or as STREAM.TOPIC with {', '.join(streams)}")
        if not isinstance(reason, str) or len(reason.split()) < 3:
            raise TypeError(f"{place}: say in a sentence why; it is shown to those who choose a connector")
        if rules[topic].always:
            raise TypeError(f"{place}: no connector is exempt from this: {rules[topic].text}")
        for spec in [streams[stream]] if stream else streams.values():
            if topic == "tombstones" and spec.deletes != "none":
                raise TypeError(f"{place}: stream {spec.name} declares deletes={spec.deletes!r}, so it must show them")
            if topic == "snapshots" and spec.deletes == "snapshot":
                raise TypeError(f"{place}: stream {spec.name} deletes what is absent, so it must show when it is complete")
            if topic == "late" and spec.lag:
                raise TypeError(f"{place}: stream {spec.name} declares a lag of {spec.lag}, so it must show that it keeps it")
