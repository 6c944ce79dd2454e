"""The Salesforce objects the simulator has: their fields, types and key prefixes, and describe answers."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_COMMON = {
    "Id": "id",
    "CreatedDate": "datetime",
    "LastModifiedDate": "datetime",
    "SystemModstamp": "datetime",
    "IsDeleted": "boolean",
}
_ACTIVITY = {
    "AccountId": "reference",
    "WhatId": "reference",
    "WhoId": "reference",
    "OwnerId": "reference",
    "Subject": "string",
    "Type": "picklist",
    "ActivityDate": "date",
    "IsArchived": "boolean",
}
SCHEMA: dict[str, dict[str, str]] = {
    "Account": {
        **_COMMON,
        "Name": "string",
        "Website": "url",
        "Type": "picklist",
        "Industry": "picklist",
        "ParentId": "reference",
        "OwnerId": "reference",
        "NumberOfEmployees": "int",
        "AnnualRevenue": "currency",
        "BillingCountry": "string",
        "LastActivityDate": "date",
        "MasterRecordId": "reference",
        "Plan__c": "picklist",
        "Region__c": "picklist",
        "Lifecycle_Stage__c": "picklist",
        "Customer_Since__c": "date",
        "Renewal_Date__c": "date",
        "Churned_On__c": "date",
    },
    "Contact": {
        **_COMMON,
        "AccountId": "reference",
        "FirstName": "string",
        "LastName": "string",
        "Name": "string",
        "Email": "email",
        "Title": "string",
        "HasOptedOutOfEmail": "boolean",
        "MasterRecordId": "reference",
    },
    "Opportunity": {
        **_COMMON,
        "AccountId": "reference",
        "OwnerId": "reference",
        "Name": "string",
        "Type": "picklist",
        "StageName": "picklist",
        "IsClosed": "boolean",
        "IsWon": "boolean",
        "Amount": "currency",
        "Probability": "percent",
        "CloseDate": "date",
        "ForecastCategoryName": "picklist",
    },
    "User": {
        **{name: kind for name, kind in _COMMON.items() if name != "IsDeleted"},
        "Name": "string",
        "FirstName": "string",
        "LastName": "string",
        "Email": "email",
        "Username": "string",
        "Title": "string",
        "IsActive": "boolean",
    },
    "Task": {
        **_COMMON,
        **_ACTIVITY,
        "Status": "picklist",
        "Priority": "picklist",
        "IsClosed": "boolean",
        "TaskSubtype": "picklist",
        "CallType": "picklist",
        "CompletedDateTime": "datetime",
    },
    "Event": {
        **_COMMON,
        **_ACTIVITY,
        "ActivityDateTime": "datetime",
        "StartDateTime": "datetime",
        "EndDateTime": "datetime",
        "DurationInMinutes": "int",
        "IsChild": "boolean",
    },
    "Contract": {
        **_COMMON,
        "AccountId": "reference",
        "ContractNumber": "string",
        "Status": "picklist",
        "StatusCode": "picklist",
        "StartDate": "date",
        "EndDate": "date",
        "ContractTerm": "int",
        "ActivatedDate": "datetime",
        "Seats__c": "double",
    },
    "Asset": {
        **_COMMON,
        "AccountId": "reference",
        "Product2Id": "reference",
        "Name": "string",
        "Status": "picklist",
        "Quantity": "double",
        "PurchaseDate": "date",
        "InstallDate": "date",
        "UsageEndDate": "date",
        "IsCompetitorProduct": "boolean",
    },
    "Product2": {
        **_COMMON,
        "Name": "string",
        "Family": "picklist",
        "IsActive": "boolean",
    },
    "OpportunityLineItem": {
        **_COMMON,
        "OpportunityId": "reference",
        "Product2Id": "reference",
        "Quantity": "double",
        "UnitPrice": "currency",
        "TotalPrice": "currency",
    },
    # Field history is never changed, so it has no stamps but its own date.
    "OpportunityFieldHistory": {
        "Id": "id",
        "IsDeleted": "boolean",
        "OpportunityId": "reference",
        "CreatedById": "reference",
        "CreatedDate": "datetime",
        "Field": "picklist",
        "OldValue": "anyType",
        "NewValue": "anyType",
    },
    "Organization": {
        **_COMMON,
        "Name": "string",
        "OrganizationType": "picklist",
        "IsSandbox": "boolean",
        "InstanceName": "string",
    },
}
PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "Opportunity": "006",
    "User": "005",
    "Task": "00T",
    "Event": "00U",
    "Contract": "800",
    "Asset": "02i",
    "Product2": "01t",
    "OpportunityLineItem": "00k",
    "OpportunityFieldHistory": "017",
    "Organization": "00D",
}
MERGEABLE = ("Account", "Contact")
_REFERENCES = {
    "AccountId": ["Account"],
    "ParentId": ["Account"],
    "WhatId": ["Account", "Opportunity"],
    "WhoId": ["Contact"],
    "OwnerId": ["User"],
    "CreatedById": ["User"],
    "OpportunityId": ["Opportunity"],
    "Product2Id": ["Product2"],
}


def describe(name: str, hidden: frozenset[str] = frozenset()) -> Json:
    """The describe answer of an object, without the fields that field-level security hides."""
    return {
        **summary(name),
        "fields": [_field(name, field, kind) for field, kind in SCHEMA[name].items() if field not in hidden],
        "childRelationships": [],
        "recordTypeInfos": [],
    }


def summary(name: str) -> Json:
    """The object as the global describe lists it."""
    return {
        "name": name,
        "label": name,
        "labelPlural": f"{name}s",
        "keyPrefix": PREFIXES[name],
        "custom": False,
        "queryable": True,
        "retrieveable": True,
        "replicateable": True,
        "mergeable": name in MERGEABLE,
    }


def _field(sobject: str, name: str, kind: str) -> Json:
    targets = [sobject] if name == "MasterRecordId" else _REFERENCES.get(name, [])
    return {
        "name": name,
        "label": name.removesuffix("__c").replace("_", " "),
        "type": kind,
        "custom": name.endswith("__c"),
        "nillable": name not in ("Id", "CreatedDate", "SystemModstamp", "IsDeleted"),
        "filterable": kind != "anyType",
        "sortable": kind != "anyType",
        "calculated": False,
        "referenceTo": targets,
        "relationshipName": name.removesuffix("Id") if targets else None,
    }
