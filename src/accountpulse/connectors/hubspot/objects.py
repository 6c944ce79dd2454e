"""The kinds of objects that are read: what they are called in paths, and which properties of each are asked for."""

from __future__ import annotations

from dataclasses import dataclass

from accountpulse.connectors.hubspot.config import HubSpotConfig
from accountpulse.plugins import Account, Activity, Contact, Opportunity, Record, SurveyResponse, Ticket

_ALWAYS = ("hs_object_id", "hs_merged_object_ids")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of objects. name: in paths. singular, type_id: what webhooks call it. record: what one becomes.

    wanted: properties to ask for; one that an account does not have is left out of the answer. modified: the property that says
    when an object last changed.
    """

    name: str
    singular: str
    type_id: str
    record: type[Record]
    wanted: tuple[str, ...]
    modified: str = "hs_lastmodifieddate"

    @property
    def asked(self) -> tuple[str, ...]:
        """All properties that are asked for."""
        return (*_ALWAYS, self.modified, *self.wanted)


_COMPANY = (
    "name", "domain", "hs_additional_domains", "website", "hubspot_owner_id", "hs_parent_company_id", "createdate",
)  # fmt: skip
CONTACTS = Kind(
    "contacts", "contact", "0-1", Contact, ("firstname", "lastname", "email", "jobtitle", "createdate"), "lastmodifieddate"
)
DEALS = Kind(
    "deals", "deal", "0-3", Opportunity,
    ("dealname", "dealtype", "dealstage", "pipeline", "amount", "deal_currency_code", "closedate", "createdate", "hs_is_closed",
     "hs_is_closed_won"),
)  # fmt: skip
TICKETS = Kind(
    "tickets", "ticket", "0-5", Ticket,
    ("subject", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority", "source_type", "createdate", "closed_date",
     "hs_last_closed_date", "first_agent_reply_date", "hs_ticket_reopened_at"),
)  # fmt: skip
MEETINGS = Kind(
    "meetings", "meeting", "0-47", Activity,
    ("hs_timestamp", "hs_meeting_title", "hs_meeting_start_time", "hs_meeting_outcome", "hs_activity_type", "hs_createdate"),
)  # fmt: skip
CALLS = Kind(
    "calls", "call", "0-48", Activity,
    ("hs_timestamp", "hs_call_title", "hs_call_direction", "hs_call_status", "hs_activity_type", "hs_createdate"),
)  # fmt: skip
EMAILS = Kind(
    "emails", "email", "0-49", Activity,
    ("hs_timestamp", "hs_email_subject", "hs_email_direction", "hs_email_status", "hs_createdate"),
)  # fmt: skip
TASKS = Kind(
    "tasks", "task", "0-27", Activity,
    ("hs_timestamp", "hs_task_subject", "hs_task_type", "hs_task_status", "hs_task_completion_date", "hs_createdate"),
)  # fmt: skip
SURVEYS = Kind(
    "feedback_submissions", "feedback_submission", "0-19", SurveyResponse,
    ("hs_survey_type", "hs_survey_id", "hs_value", "hs_content", "hs_contact_id", "hs_submission_timestamp", "hs_createdate"),
)  # fmt: skip
LINE_ITEM = ("name", "hs_sku", "hs_product_type", "amount")


def companies(config: HubSpotConfig) -> Kind:
    """Companies, with the properties that are configured."""
    configured = {name for names in config.fields.by_attribute().values() for name in names}
    wanted = dict.fromkeys((*_COMPANY, *sorted(configured), *config.references, *config.custom))
    return Kind("companies", "company", "0-2", Account, tuple(wanted))


def kinds(config: HubSpotConfig) -> dict[str, Kind]:
    """What is read with these settings, by stream."""
    all_kinds = {
        "companies": companies(config),
        "contacts": CONTACTS,
        "deals": DEALS,
        "tickets": TICKETS,
        "meetings": MEETINGS,
        "calls": CALLS,
        "emails": EMAILS,
        "tasks": TASKS,
        "surveys": SURVEYS,
    }
    return {stream: kind for stream, kind in all_kinds.items() if stream not in config.leave_out}
