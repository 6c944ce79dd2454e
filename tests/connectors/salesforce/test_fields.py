"""Configured fields: they fill what they should, and one that does not exist is named with what was meant."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.salesforce.conftest import NOW, Org

from accountpulse.plugins import ConfigError

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("stream", "settings", "field", "meant"),
    [
        ("accounts", {"fields": {"plan": "Plan_c"}}, "fields.plan", "Plan__c"),
        ("accounts", {"fields": {"plan": "plan__c"}}, "fields.plan", "Plan__c"),  # rows are written with the field's own case
        ("accounts", {"fields": {"industry": ["Industry", "Idnustry"]}}, "fields.industry", "Industry"),
        ("accounts", {"custom": ["AnnualRevenues"]}, "custom", "AnnualRevenue"),
        ("accounts", {"references": ["RenewalDate"]}, "references", "Renewal_Date__c"),
        ("contacts", {"contact_fields": {"role": "Titel"}}, "contact_fields.role", "Title"),
        ("opportunities", {"opportunity_fields": {"amount": "Amout__c"}}, "opportunity_fields.amount", "Amount"),
        ("contracts", {"contract_fields": {"seats": "Seats"}}, "contract_fields.seats", "Seats__c"),
    ],
)
def test_an_unknown_field_is_named_with_those_it_may_have_meant(
    org: Org, stream: str, settings: dict[str, Any], field: str, meant: str
) -> None:
    org.vendor.put("Organization", {"Name": "Fernwood"}, at=NOW)
    found = org.read(stream, connector=org.connect(**settings))
    assert (found.records, found.checkpoints) == ([], [])
    with pytest.raises(ConfigError) as checked:
        org.connect(**settings).check()
    for error in (found.error, checked.value):
        assert isinstance(error, ConfigError)
        assert error.field == field
        assert meant in str(error).partition("did you mean")[2]


def test_nothing_near_is_no_suggestion(org: Org) -> None:
    error = org.read("accounts", connector=org.connect(custom=["Zzyzx__c"])).error
    assert isinstance(error, ConfigError)
    assert "did you mean" not in str(error)
    assert "'Zzyzx__c'" in str(error)


def test_a_configured_field_that_was_hidden_stops_the_stream_and_a_default_does_not(org: Org) -> None:
    org.vendor.put("Account", {"Name": "Acme", "Plan__c": "gold"}, at=NOW - HOUR)
    org.vendor.hidden_fields = frozenset({"Plan__c"})
    assert isinstance(org.read("accounts", connector=org.connect(fields={"plan": "Plan__c"})).error, ConfigError)
    assert org.read("accounts").error is None


def test_fields_of_other_objects_are_mapped_too(org: Org) -> None:
    account = org.vendor.put("Account", {}, at=NOW - HOUR)["Id"]
    own = {"AccountId": account}
    org.vendor.put("Contact", {**own, "Title": "CFO", "FirstName": "Buyer"}, at=NOW - HOUR)
    org.vendor.put("Opportunity", {**own, "Probability": 30.0, "StageName": "Renewal talks"}, at=NOW - HOUR)
    org.vendor.put("Contract", {**own, "StatusCode": "Activated", "ContractNumber": "gold"}, at=NOW - HOUR)
    connector = org.connect(
        contact_fields={"role": ["FirstName", "Title"]},
        opportunity_fields={"kind": "StageName", "amount": ["Amount", "Probability"]},
        contract_fields={"plan": "ContractNumber"},
    )
    [contact] = org.read("contacts", connector=connector).records
    [deal] = org.read("opportunities", connector=connector).records
    [contract] = org.read("contracts", connector=connector).records
    assert (contact.role, deal.kind, deal.amount, contract.plan) == ("Buyer", "renewal", 3000, "gold")
