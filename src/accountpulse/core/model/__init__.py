"""The unified account model: what connectors yield."""

from accountpulse.core.model.records import (
    RECORD_TYPES,
    Account,
    Activity,
    Contact,
    Invoice,
    Opportunity,
    Outcome,
    Pulse,
    Record,
    Subscription,
    SubscriptionChange,
    SurveyResponse,
    Ticket,
    UsageDay,
)
from accountpulse.core.model.schema import FieldSchema, Kind, RecordSchema, schema_of, schemas

__all__ = [
    "RECORD_TYPES",
    "Account",
    "Activity",
    "Contact",
    "FieldSchema",
    "Invoice",
    "Kind",
    "Opportunity",
    "Outcome",
    "Pulse",
    "Record",
    "RecordSchema",
    "Subscription",
    "SubscriptionChange",
    "SurveyResponse",
    "Ticket",
    "UsageDay",
    "schema_of",
    "schemas",
]
