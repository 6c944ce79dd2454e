"""A connector's `quality.yaml`: what it claims of each rule, beside its code and shipped with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from accountpulse.config.yaml import load_yaml
from accountpulse.core.scoring.problems import Path as KeyPath
from accountpulse.core.scoring.problems import Reader
from accountpulse.testing.quality.rules import BY_ID, RULES

FILE = "quality.yaml"
Status = Literal["done", "todo", "exempt"]
STATUSES = ("done", "todo", "exempt")
WORDS = 3
"""A reason is a sentence: it has at least so many words."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed of one rule. tests: node ids that prove it. vendor_lacks: the vendor itself has nothing of the kind."""

    status: Status
    reason: str | None = None
    tests: tuple[str, ...] = ()
    vendor_lacks: bool = False


@dataclass(frozen=True, slots=True)
class Declaration:
    """A `quality.yaml`. docs, suites: places in the source tree. fields: `record.field` or `record` -> its origin."""

    connector: str
    owner: str | None = None
    docs: str | None = None
    suites: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Claim] = field(default_factory=dict)


def read_declaration(file: Path, connector: str) -> Declaration:
    """Read a file. Raises SettingsError with everything that is wrong with it, each at its line."""
    located = load_yaml(file)
    reader = Reader()
    found = _Declared(reader).read(located.data, connector)
    if found is None or reader.problems:
        raise located.error(reader.problems)
    return found


class _Declared:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(self, data: object, connector: str) -> Declaration | None:
        keys = self._reader.mapping(data, (), required=("connector", "rules"), optional=("owner", "docs", "suites", "fields"))
        if keys is None:
            return None
        if keys.get("connector") != connector:
            self._reader.wrong(("connector",), keys.get("connector"), f"{connector!r}, the id of the connector beside it")
        return Declaration(
            connector=connector,
            owner=self._text(keys, "owner", "who answers for the connector: a name, and where to write to"),
            docs=self._text(keys, "docs", "the page about it, from the top of the source tree, such as README.md"),
            suites=self._texts(keys.get("suites"), ("suites",), "FILE::CLASS, such as tests/test_acme.py::TestAcme"),
            fields=self._fields(keys.get("fields")),
            rules=self._rules(keys.get("rules")),
        )

    def _text(self, keys: Mapping[str, object], key: str, what: str) -> str | None:
        return self._reader.text(keys[key], (key,), what) if keys.get(key) is not None else None

    def _texts(self, data: object, path: KeyPath, what: str) -> tuple[str, ...]:
        if data is None:
            return ()
        items = [data] if isinstance(data, str) else self._reader.items(data, path, what) or []
        return tuple(text for i, item in enumerate(items) if (text := self._reader.text(item, (*path, i), what)))

    def _fields(self, data: object) -> dict[str, str]:
        if data is None:
            return {}
        if not isinstance(data, Mapping):
            self._reader.wrong(("fields",), data, "a mapping such as {ticket.priority: where it comes from}")
            return {}
        what = "where the field comes from, in a few words"
        return {key: text for key, item in data.items() if (text := self._reader.text(item, ("fields", key), what))}

    def _rules(self, data: object) -> dict[str, Claim]:
        keys = self._reader.mapping(data, ("rules",), optional=[rule.id for rule in RULES])
        claims = {} if keys is None else {id: self._claim(keys[id], ("rules", id)) for id in keys if id in BY_ID}
        return {id: claim for id, claim in claims.items() if claim is not None}

    def _claim(self, data: object, path: KeyPath) -> Claim | None:
        if isinstance(data, str):
            data = {"status": data}
        keys = self._reader.mapping(data, path, required=("status",), optional=("reason", "test", "vendor_lacks"))
        if keys is None or "status" not in keys:
            return None
        status = cast("Status | None", self._reader.choice(keys["status"], (*path, "status"), STATUSES))
        reason = self._text_at(keys.get("reason"), (*path, "reason"))
        lacks = keys.get("vendor_lacks", False)
        if not isinstance(lacks, bool):
            self._reader.wrong((*path, "vendor_lacks"), lacks, "true or false")
        if status == "exempt" and (reason is None or len(reason.split()) < WORDS):
            self._reader.add(path, "an exemption needs a `reason`, a sentence: people who choose a connector read it")
        if status != "exempt" and lacks:
            self._reader.add((*path, "vendor_lacks"), f"belongs to an exemption; the status is {status!r}")
        if status is None:
            return None
        tests = self._texts(keys.get("test"), (*path, "test"), "a test's node id, such as tests/test_acme.py::test_deletes")
        return Claim(status, reason, tests, lacks is True)

    def _text_at(self, data: object, path: KeyPath) -> str | None:
        return self._reader.text(data, path, "a sentence") if data is not None else None
