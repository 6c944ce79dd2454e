"""Judges a connector: every rule met, missed or exempt, with the tests that prove it, and the tier that follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from accountpulse.core.errors import SettingsError
from accountpulse.core.sync.connector import Connector
from accountpulse.testing.quality.checks import CHECKS
from accountpulse.testing.quality.declaration import FILE, Claim, Declaration, read_declaration
from accountpulse.testing.quality.evidence import Evidence, source_folder, source_tree
from accountpulse.testing.quality.rules import RULES, QualityRule, Tier, tier_of

if TYPE_CHECKING:
    from accountpulse.testing.kit.rules import Coverage

RuleStatus = Literal["met", "missed", "exempt"]
PUSHED = {
    "credentials": "test_what_is_not_signed_is_refused",
    "settings": "test_settings_are_explained_and_secrets_marked",
    "secrets": "test_settings_are_explained_and_secrets_marked",
}
"""The tests of PushSuite, by the rule that they prove."""


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What was found of one rule.

    why: of one that is missed or exempt. tests: node ids that prove it. claimed: whether the connector says it is met.
    vendor_lacks: of an exemption, that the vendor has nothing of the kind, so that it costs no tier.
    """

    rule: str
    tier: Tier
    text: str
    status: RuleStatus
    why: str | None = None
    tests: tuple[str, ...] = ()
    claimed: bool = True
    vendor_lacks: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A connector on the scale. tier: None below bronze. problem: why nothing could be judged by its declaration.

    source_tree: whether its tests and page were at hand; without them, claims about those are taken as they are made.
    """

    connector: str
    title: str
    tier: Tier | None
    rules: tuple[RuleReport, ...]
    problem: str | None = None
    source_tree: bool = field(default=True)

    @property
    def false_claims(self) -> tuple[RuleReport, ...]:
        """The rules that the connector says it meets, and doesn't."""
        return tuple(each for each in self.rules if each.status == "missed" and each.claimed)


def audit(connector: type[Connector[Any]]) -> Report:
    """The report of a connector, ours or a stranger's."""
    evidence, problem = gather(connector)
    if evidence is None:
        missed = tuple(RuleReport(r.id, r.tier, r.text, "missed", problem, claimed=False) for r in RULES)
        return Report(connector.id, connector.title, None, missed, problem)
    rules = tuple(_judged(rule, evidence) for rule in RULES)
    good = {each.rule for each in rules if each.status != "missed"}
    capped = any(each.status == "exempt" and not each.vendor_lacks for each in rules if each.tier != "platinum")
    return Report(connector.id, connector.title, tier_of(good, capped), rules, source_tree=evidence.tree is not None)


def gather(connector: type[Connector[Any]]) -> tuple[Evidence | None, str | None]:
    """What there is to judge a connector by; or None, and why."""
    folder = source_folder(connector)
    file = folder / FILE
    if not file.is_file():
        return None, f"it has no {FILE} beside {connector.__module__}: docs/plugins/quality.md says what stands in it"
    try:
        declaration: Declaration = read_declaration(file, connector.id)
    except SettingsError as error:
        return None, str(error)
    return Evidence(connector, declaration, folder, source_tree(folder)), None


def _judged(rule: QualityRule, evidence: Evidence) -> RuleReport:
    claim = evidence.declaration.rules.get(rule.id)
    if claim is None:
        if rule.reading and not evidence.connector.streams():
            return _report(rule, "exempt", "it reads nothing: everything is pushed to it", vendor_lacks=True)
        return _report(rule, "missed", f"{FILE} says nothing of it", claimed=False)
    if claim.status == "todo":
        return _report(rule, "missed", claim.reason or "not done yet", claimed=False)
    try:
        tests, uncovered = _proofs(rule, evidence)
        missing = [why for test in claim.tests if (why := evidence.missing_test(test))]
    except ValueError as error:  # a suite that can't be had
        return _report(rule, "missed", str(error))
    tests = (*claim.tests, *tests)
    if missing:
        return _report(rule, "missed", "; ".join(missing))
    if claim.status == "exempt":
        return _report(rule, "exempt", claim.reason, tests=tests, vendor_lacks=claim.vendor_lacks)
    return _done(rule, evidence, claim, tests, uncovered)


def _done(rule: QualityRule, evidence: Evidence, claim: Claim, tests: tuple[str, ...], uncovered: list[Coverage]) -> RuleReport:
    check = CHECKS.get(rule.id)
    why = check(evidence) if check else None
    if why is None and uncovered and not claim.tests:
        why = "; ".join(_told(each) for each in uncovered)
    if why is None and rule.needs_test and not tests:
        why = "name the test that proves it"
    if why is not None:
        return _report(rule, "missed", why, tests=tests)
    return _report(rule, "met", tests=tests)


def _report(
    rule: QualityRule,
    status: RuleStatus,
    why: str | None = None,
    *,
    tests: tuple[str, ...] = (),
    claimed: bool = True,
    vendor_lacks: bool = False,
) -> RuleReport:
    return RuleReport(rule.id, rule.tier, rule.text, status, why, tests, claimed, vendor_lacks)


def _proofs(rule: QualityRule, evidence: Evidence) -> tuple[tuple[str, ...], list[Coverage]]:
    """The kit's tests that prove a rule, and what the suites leave out with a reason that no declaration gives."""
    if rule.id == "kit":
        return tuple(suite.node for suite in evidence.suites), []
    tests = dict.fromkeys(_pushed(rule, evidence))
    uncovered: list[Coverage] = []
    for node, coverage in _covering(rule, evidence):
        if coverage.status == "covered":
            tests.setdefault(f"{node}::{coverage.test}")
        elif not coverage.declared:
            uncovered.append(coverage)
    return tuple(tests), uncovered


def _pushed(rule: QualityRule, evidence: Evidence) -> Iterator[str]:
    """The tests of what is pushed that prove a rule."""
    for suite in evidence.suites:
        if test := PUSHED.get(rule.id) if not suite.coverage else None:
            yield f"{suite.node}::{test}"


def _covering(rule: QualityRule, evidence: Evidence) -> Iterator[tuple[str, Coverage]]:
    for suite in evidence.suites:
        for coverage in suite.coverage:
            if coverage.topic in rule.topics:
                yield suite.node, coverage


def _told(coverage: Coverage) -> str:
    where = f"{coverage.stream}: " if coverage.stream else ""
    return f"the kit's {coverage.topic!r} is not covered ({where}{coverage.reason})"
