"""The unified account model: what connectors yield."""

from accountpulse.core.model.money import currency_codes, is_currency, minor_digits
from accountpulse.core.model.records import (
    RECORD_TYPES,
    Account,
    Activity,
    ActivityKind,
    Contact,
    Invoice,
    Opportunity,
    Outcome,
    PaymentIssue,
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
    "ActivityKind",
    "Contact",
    "FieldSchema",
    "Invoice",
    "Kind",
    "Opportunity",
    "Outcome",
    "PaymentIssue",
    "Pulse",
    "Record",
    "RecordSchema",
    "Subscription",
    "SubscriptionChange",
    "SurveyResponse",
    "Ticket",
    "UsageDay",
    "currency_codes",
    "is_currency",
    "minor_digits",
    "schema_of",
    "schemas",
]
