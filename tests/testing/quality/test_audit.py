"""The audit: a stranger's distribution on disk, with claims that hold and claims that don't."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from accountpulse.plugins import Connector
from accountpulse.testing.quality import Report, audit
from accountpulse.testing.quality.audit import gather
from accountpulse.testing.quality.page import END, written, written_into
from accountpulse.testing.quality.rules import RULES

SOURCE = '''
from datetime import timedelta
from pydantic import SecretStr
from accountpulse.plugins import *
from accountpulse.plugins import RateLimit

PRIORITIES = {"low": 1, "high": 3}

class StrangerConfig(ConnectorConfig):
    """token: from Stranger's settings."""
    token: SecretStr

class Stranger(Connector[StrangerConfig]):
    id, title = "stranger", "Stranger"
    api_version = "v2"
    rate_limits = (RateLimit(100, timedelta(minutes=1), "for each account"),)

    def check(self):
        return Identity("1", "one")

    @stream(Ticket, cursor=TimeCursor("changed"), lag=timedelta(minutes=5), deletes="tombstones")
    def tickets(self, window):
        """Tickets."""
        for row in self.rows():
            yield ticket(row)

def ticket(found):
    times = found.get("times")
    return Ticket(
        source_id=str(found["id"]),
        account=found["company"]["id"],
        opened_at=instant(times, "opened"),
        solved_at=instant(times, "solved") if found.get("state") == "done" else None,
        priority=PRIORITIES.get(found.get("urgency"), 2),
        channel="email",
    )

def instant(times, name):
    return require_aware(times[name])
'''
PAGE = "# Stranger\n\n## What it reads\n\n## Scopes\n\n## Limits\n\n## How to remove it\n"
TESTS = """
from accountpulse.testing.connectors import ConnectorSuite, RestVendor
from stranger_plugin import Stranger

class TestStranger(ConnectorSuite):
    connector = Stranger
    good = {"token": "good"}
    bad = {"token": "bad"}
    vendor = RestVendor("/tickets")
    not_covered = {"resume": "the vendor pages newest first"}

def test_quality():
    pass
"""
TESTED = "{status: done, test: tests/test_it.py::test_quality}"
QUALITY = {rule.id: "done" for rule in RULES if rule.tier != "platinum"} | {
    "resume": "{status: exempt, reason: the vendor pages newest first, vendor_lacks: true}",
    **dict.fromkeys(
        ("diagnostics", "fields", "history", "api-version"), "{status: done, test: tests/test_it.py::test_quality}"
    ),
}

Make = Callable[..., type[Connector[Any]]]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Writes the distribution, with some of its rules or files changed, and gives its connector."""

    def make(*, rules: dict[str, str | None] | None = None, more: str = "", source: str = SOURCE, tree: bool = True) -> Any:
        folder = tmp_path / "src"
        for path, text in {
            "src/stranger_plugin.py": source,
            "src/quality.yaml": quality({**QUALITY, **(rules or {})}, more),
            "tests/test_it.py": TESTS,
            "README.md": PAGE,
            **({"pyproject.toml": '[project]\nname = "stranger"\n'} if tree else {}),
        }.items():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_text(textwrap.dedent(text))
        module = ModuleType("stranger_plugin")
        module.__file__ = str(folder / "stranger_plugin.py")
        monkeypatch.setitem(sys.modules, "stranger_plugin", module)
        exec(compile(source, module.__file__, "exec"), module.__dict__)
        connector = module.Stranger
        if tree:
            evidence, problem = gather(connector)
            assert evidence, problem
            page = tmp_path / "README.md"
            page.write_text(written_into(page.read_text(), written(evidence)))
        return connector

    return make


def quality(rules: dict[str, str | None], more: str) -> str:
    lines = [f"  {name}: {claim}" for name, claim in rules.items() if claim is not None]
    head = [
        "connector: stranger",
        "owner: Somebody",
        "docs: README.md",
        "suites: tests/test_it.py::TestStranger",
        more,
        "rules:",
    ]
    return "\n".join([*head, *lines])


def found(report: Report, rule: str) -> tuple[str, str | None]:
    return next((each.status, each.why) for each in report.rules if each.rule == rule)


def test_a_strangers_connector_reaches_gold(make: Make) -> None:
    report = audit(make())
    assert [(each.rule, each.why) for each in report.rules if each.status == "missed" and each.tier != "platinum"] == []
    assert report.tier == "gold"
    deletes = next(each for each in report.rules if each.rule == "deletes")
    assert deletes.tests[0] == "tests/test_it.py::TestStranger::test_14_what_is_deleted"


def test_an_exemption_costs_gold_unless_the_vendor_lacks_the_feature(make: Make) -> None:
    mine = "{status: exempt, reason: we had no time for it}"
    assert audit(make(rules={"deletes": mine})).tier == "silver"
    theirs = "{status: exempt, reason: the vendor has no deletions at all, vendor_lacks: true}"
    assert audit(make(rules={"deletes": theirs})).tier == "gold"


@pytest.mark.parametrize(
    ("rules", "rule", "tier", "why"),
    [
        ({"kit": None}, "kit", None, "says nothing of it"),
        ({"owner": "{status: todo}"}, "owner", "bronze", "not done yet"),
        ({"resume": "done"}, "resume", "bronze", "the vendor pages newest first"),
        ({"api-version": "done"}, "api-version", "silver", "name the test"),
        ({"fields": "{status: done, test: tests/test_it.py::test_gone}"}, "fields", "silver", "there is no test_gone"),
        ({"history": "{status: done, test: tests/gone.py::test_quality}"}, "history", "silver", "there is no tests/gone.py"),
    ],
)
def test_what_is_missed(make: Make, rules: dict[str, str | None], rule: str, tier: str | None, why: str) -> None:
    report = audit(make(rules=rules))
    status, told = found(report, rule)
    assert (status, report.tier) == ("missed", tier)
    assert why in (told or "")


@pytest.mark.parametrize(
    ("old", "new", "rule", "why"),
    [
        ("token: SecretStr", "token: str", "secrets", "SecretStr: token"),
        ('"""token: from Stranger\'s settings."""', '"""Settings."""', "settings", "docstring: token"),
        ('deletes="tombstones"', 'deletes="none"', "deletes", "deletions in: tickets"),
        ("    rate_limits = ", "    unknown = ", "rates", "rate_limits"),
        ("    api_version = ", "    unknown = ", "api-version", "as `api_version`"),
        ("    def check(self):", "    def unknown(self):", "identity", "no check()"),
        ("opened_at=instant(times, ", "opened_at=self.zone(", "fields", "ticket.opened_at"),
    ],
)
def test_claims_that_the_code_belies(make: Make, old: str, new: str, rule: str, why: str) -> None:
    assert old in SOURCE
    status, told = found(audit(make(source=SOURCE.replace(old, new))), rule)
    assert status == "missed"
    assert why in (told or "")


def test_a_page_that_is_out_of_date(make: Make, tmp_path: Path) -> None:
    connector = make()
    page = tmp_path / "README.md"
    page.write_text(page.read_text().replace("5 min", "9 min").replace("## Limits", "## Other"))
    report = audit(connector)
    assert "plugins page stranger --write" in (found(report, "streams")[1] or "")
    assert "lacks a section: Limits" in (found(report, "limits")[1] or "")


def test_the_table_of_fields(make: Make) -> None:
    evidence, _ = gather(make(more="fields: {ticket.channel: only mail is read}"))
    assert evidence is not None
    part = written(evidence)
    assert "| `account` | `company.id` |" in part
    assert "| `opened_at` | `times.opened` |" in part
    assert "| `solved_at` | `state`, `times.solved` |" in part
    assert "| `priority` | `urgency` |" in part
    assert "| `channel` | only mail is read |" in part
    assert "Not filled: `subject`, `requester`, `first_replied_at`, `reopened`, `outcome`." in part
    assert "* Stranger allows 100 requests a minute: for each account." in part
    assert "| `tickets` | `ticket` | the time in `changed` | 5 min | - | told | all |" in part


def test_a_note_of_what_is_not_filled(make: Make) -> None:
    report = audit(make(more="fields: {ticket.subject: the first line}"))
    assert found(report, "fields") == ("missed", "`fields` tells of what the code does not fill: ticket.subject")


def test_a_page_keeps_what_people_wrote() -> None:
    part = f"<!-- begin -->\nnew\n{END}"
    assert written_into("mine", part) == f"mine\n\n{part}\n"
    assert written_into(f"mine\n\n<!-- begin -->\nold\n{END}\nand this\n", part) == f"mine\n\n{part}\nand this\n"


def test_without_a_source_tree_claims_are_taken(make: Make) -> None:
    report = audit(make(tree=False))
    assert report.source_tree is False
    assert found(report, "kit") == ("met", None)
    assert found(report, "docs") == ("met", None)


def test_mistakes_in_the_declaration_are_told_at_their_lines(make: Make, tmp_path: Path) -> None:
    connector = make()
    file = tmp_path / "src" / "quality.yaml"
    file.write_text("connector: other\nrules:\n  kitt: done\n  deletes: exempt\n  owner: {status: done, vendor_lacks: true}\n")
    report = audit(connector)
    assert report.tier is None
    told = report.problem or ""
    for line in (
        ":1: connector: found 'other'",
        ":3: rules.kitt: unknown key (did you mean 'kit'?)",
        ":4: rules.deletes:",
        ":5:",
    ):
        assert line in told
    file.unlink()
    assert "it has no quality.yaml beside stranger_plugin" in (audit(connector).problem or "")
