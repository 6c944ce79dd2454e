"""The checks that code can make of a claim. Each answers why the claim does not hold, or None."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from accountpulse.core.sync.connector import Connector
from accountpulse.diagnostics import described_settings
from accountpulse.testing.kit.explained import unexplained, unmarked
from accountpulse.testing.quality import page
from accountpulse.testing.quality.evidence import Evidence

Check = Callable[[Evidence], str | None]
CANARY = "canary-3f9ad1"
SECTIONS = ("What it reads", "Scopes", "How to remove it")


def kit(evidence: Evidence) -> str | None:
    if evidence.tree is None:
        return None
    if not evidence.suites:
        return "name its test class in `suites`, as FILE::CLASS"
    reading = any(suite.coverage for suite in evidence.suites)
    if evidence.connector.streams() and not reading:
        return "it reads, and none of its suites is a ConnectorSuite"
    return None


def identity(evidence: Evidence) -> str | None:
    return "it has no check()" if evidence.connector.check is Connector.check else None


def settings(evidence: Evidence) -> str | None:
    lacking = unexplained(evidence.connector.Config)
    return f"not explained in {evidence.connector.Config.__name__}'s docstring: {', '.join(lacking)}" if lacking else None


def secrets(evidence: Evidence) -> str | None:
    plain = unmarked(evidence.connector.Config)
    if plain:
        return f"make it pydantic.SecretStr: {', '.join(plain)}"
    shown = repr(_with_canaries(evidence))
    return "a secret shows in repr(config)" if CANARY in shown else None


def docs(evidence: Evidence) -> str | None:
    return _lacks_sections(evidence, SECTIONS)


def limits(evidence: Evidence) -> str | None:
    return _lacks_sections(evidence, ("Limits",))


def owner(evidence: Evidence) -> str | None:
    return None if evidence.declaration.owner else "name an `owner`"


def streams(evidence: Evidence) -> str | None:
    return _not_current(evidence)


def history(evidence: Evidence) -> str | None:
    return _not_current(evidence)


def fields(evidence: Evidence) -> str | None:
    if lacking := page.untold(evidence):
        return f"say under `fields` where it comes from: {', '.join(lacking)}"
    if unknown := page.unknown_notes(evidence):
        return f"`fields` tells of what the code does not fill: {', '.join(unknown)}"
    return _not_current(evidence)


def deletes(evidence: Evidence) -> str | None:
    blind = [spec.name for spec in evidence.connector.streams() if spec.deletes == "none"]
    return f"it can't see deletions in: {', '.join(blind)}" if blind else None


def rates(evidence: Evidence) -> str | None:
    return None if evidence.connector.rate_limits else "declare the vendor's limits as `rate_limits`"


def api_version(evidence: Evidence) -> str | None:
    if evidence.connector.api_version is None:
        return "declare what requests ask for as `api_version`"
    return _not_current(evidence)


def diagnostics(evidence: Evidence) -> str | None:
    shown = str(described_settings(_with_canaries(evidence)))
    return "a secret shows in its diagnostics" if CANARY in shown else None


def strictly_typed(evidence: Evidence) -> str | None:
    package = evidence.connector.__module__.partition(".")[0]
    spec = find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not any((Path(place) / "py.typed").is_file() for place in places):
        return f"{package} ships no py.typed"
    if evidence.tree is None:
        return None
    tools = tomllib.loads((evidence.tree / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    strict = tools.get("mypy", {}).get("strict")
    return None if strict is True else "pyproject.toml lacks strict = true under [tool.mypy]"


def push(evidence: Evidence) -> str | None:
    if not evidence.connector.inbounds():
        return "it takes no pushes"
    return None if evidence.connector.streams() else "it has nothing to read what a push missed with"


CHECKS: Mapping[str, Check] = {
    "kit": kit,
    "identity": identity,
    "settings": settings,
    "secrets": secrets,
    "docs": docs,
    "owner": owner,
    "limits": limits,
    "streams": streams,
    "deletes": deletes,
    "rates": rates,
    "diagnostics": diagnostics,
    "fields": fields,
    "history": history,
    "api-version": api_version,
    "typing": strictly_typed,
    "push": push,
}


def _lacks_sections(evidence: Evidence, sections: tuple[str, ...]) -> str | None:
    if evidence.tree is None:
        return None if evidence.declaration.docs else "name its page in `docs`"
    if evidence.page is None:
        return f"there is no {evidence.declaration.docs}" if evidence.declaration.docs else "name its page in `docs`"
    headings = {text.strip().lower() for text in re.findall(r"^#+\s*(.+)$", evidence.page, re.MULTILINE)}
    lacking = [section for section in sections if section.lower() not in headings]
    return f"{evidence.declaration.docs} lacks a section: {', '.join(lacking)}" if lacking else None


def _not_current(evidence: Evidence) -> str | None:
    """Whether the page's written part is what the code says today."""
    if evidence.tree is None:
        return None
    if evidence.page is None:
        return _lacks_sections(evidence, ())
    part = page.written(evidence)
    if part in evidence.page:
        return None
    command = f"accountpulse plugins page {evidence.connector.id} --write"
    return f"{evidence.declaration.docs} is not what the code says: run {command}"


def _with_canaries(evidence: Evidence) -> object:
    """The connector's settings with every secret known by a canary, and nothing else."""
    config = evidence.connector.Config
    filled: dict[str, Any] = {
        name: (SecretStr(CANARY),) if "tuple" in str(field.annotation) else SecretStr(CANARY)
        for name, field in config.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    return config.model_construct(**filled)
