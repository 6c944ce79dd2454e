"""Real columns (dbt_zendesk's seeds) through the mapping. The seeds are not ours, so they may be absent."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accountpulse.connectors.zendesk import mapping

SEEDS = Path(__file__).parents[4] / "shared" / "fixtures" / "dbt-seeds" / "zendesk"

pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason="the dbt_zendesk seeds are not beside the repository")


def rows(name: str) -> Iterator[dict[str, Any]]:
    """A seed's rows as JSON would have them; times get the offset that the export dropped."""
    with (SEEDS / f"{name}_data.csv").open(newline="", encoding="utf-8") as lines:
        for line in csv.DictReader(lines):
            yield {column: _value(text) for column, text in line.items()}


def _value(text: str) -> Any:
    if text.lower() in ("", "true", "false"):
        return {"": None, "true": True, "false": False}[text.lower()]
    return f"{text.replace(' ', 'T')}Z" if len(text) == 19 and text[10] == " " else text


def test_organizations_with_their_domains() -> None:
    found = [mapping.account({**row, "domain_names": ["acme.example"]}) for row in rows("organization")]
    assert found
    assert all(each is not None and each.name and each.created_at for each in found)


def test_users() -> None:
    seeds = list(rows("user"))
    found = [mapping.contact(row) for row in seeds]
    kept = [row["role"] == "end-user" and row["organization_id"] is not None for row in seeds]
    assert [each is not None for each in found] == kept


def test_tickets() -> None:
    seeds = list(rows("ticket"))
    found = [mapping.ticket({**row, "via": {"channel": row["via_channel"]}}) for row in seeds]
    kept = [row["status"] != "deleted" and row["organization_id"] is not None for row in seeds]
    assert [each is not None for each in found] == kept
    assert any(kept)
    assert all(each is None or each.channel for each in found)
