"""Real columns (dbt_salesforce's seeds) through the mapping. The seeds are not ours, so they may be absent."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from accountpulse.connectors.salesforce import deals, mapping, values
from accountpulse.connectors.salesforce.config import AccountFields, ContactFields, OpportunityFields

SEEDS = Path(__file__).parents[4] / "shared" / "fixtures" / "dbt-seeds" / "salesforce"
ZONE = ZoneInfo("UTC")

pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason="the dbt_salesforce seeds are not beside the repository")


def rows(name: str) -> Iterator[dict[str, object]]:
    """A seed's rows with the API's field names; dates get the offset that the export dropped."""
    with (SEEDS / f"sf_{name}_data.csv").open(newline="", encoding="utf-8") as lines:
        for line in csv.DictReader(lines):
            yield {
                "".join(part.capitalize() for part in column.removesuffix("_c").split("_")): _value(text)
                for column, text in line.items()
            }


def _value(text: str) -> object:
    if text == "":
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return f"{text.replace(' ', 'T')}.000+0000" if len(text) == 19 and text[10] == " " else text


def test_accounts() -> None:
    found = [mapping.account(row, fields=AccountFields().by_attribute(), owner=None, zone=ZONE) for row in rows("account")]
    assert found
    assert all(each.name for each in found)
    assert len({each.source_id for each in found}) == len(found)


def test_opportunities() -> None:
    found = [
        deals.opportunity(row, fields=OpportunityFields().by_attribute(), currency="USD", kinds={}, products={}, zone=ZONE)
        for row in rows("opportunity")
    ]
    assert any(each is not None and each.amount == 2_412_000_000 for each in found)


def test_contacts_without_an_account_are_left_out() -> None:
    found = list(rows("contact"))
    mapped = [mapping.contact(row, fields=ContactFields().by_attribute(), zone=ZONE) for row in found]
    assert [each is None for each in mapped] == [row["AccountId"] is None for row in found]


def test_a_task_of_subtype_task_is_no_activity_but_an_event_of_type_call_is_one() -> None:
    assert all(
        mapping.task(row, kinds={}, zone=ZONE) is None
        for row in rows("task")
        if row["TaskSubtype"] == "Task" and not row["Type"]
    )
    found = [mapping.event(row, kinds={}, zone=ZONE) for row in rows("event")]
    assert any(each is not None and each.kind == "call" for each in found)


@pytest.mark.parametrize("name", ["account", "contact", "opportunity", "event", "task", "user"])
def test_every_real_18_character_id_is_rebuilt_from_its_first_15(name: str) -> None:
    real = [
        str(row["Id"]) for row in rows(name) if row["Id"] is not None and len(str(row["Id"])) == 18 and str(row["Id"]).isalnum()
    ]
    assert [values.long_id(each[:15]) for each in real] == real
