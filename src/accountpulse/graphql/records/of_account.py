"""The records of an account in GraphQL, page by page."""

from __future__ import annotations

import strawberry

from accountpulse.graphql.context import Info
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.records.paging import check_of, page_of
from accountpulse.graphql.records.types import (
    ActivityRecord,
    ContactRecord,
    InvoiceRecord,
    OpportunityChangeRecord,
    OpportunityRecord,
    PaymentIssueRecord,
    SubscriptionChangeRecord,
    SubscriptionRecord,
    SurveyResponseRecord,
    TicketRecord,
    UsageDayRecord,
)
from accountpulse.graphql.relay import AfterArg, Connection, FirstArg


@strawberry.type
class AccountRecords:
    """The fields of an account that hold what sources tell of it. row_id: the account's number."""

    row_id: strawberry.Private[int]

    @resolver("Its people, the newest first.", needs=(), check=check_of(ContactRecord))
    async def contacts(self, info: Info, first: FirstArg = None, after: AfterArg = None) -> Connection[ContactRecord]:
        return await page_of(info.context, ContactRecord, self.row_id, first, after)

    @resolver("Its contracts, the newest first.", needs=(), check=check_of(SubscriptionRecord))
    async def subscriptions(self, info: Info, first: FirstArg = None, after: AfterArg = None) -> Connection[SubscriptionRecord]:
        return await page_of(info.context, SubscriptionRecord, self.row_id, first, after)

    @resolver("How its recurring revenue moved, the newest first.", needs=(), check=check_of(SubscriptionChangeRecord))
    async def subscription_changes(
        self, info: Info, first: FirstArg = None, after: AfterArg = None
    ) -> Connection[SubscriptionChangeRecord]:
        return await page_of(info.context, SubscriptionChangeRecord, self.row_id, first, after)

    @resolver("Its bills, the newest first.", needs=(), check=check_of(InvoiceRecord))
    async def invoices(self, info: Info, first: FirstArg = None, after: AfterArg = None) -> Connection[InvoiceRecord]:
        return await page_of(info.context, InvoiceRecord, self.row_id, first, after)

    @resolver("Payments that failed or were taken back, the newest first.", needs=(), check=check_of(PaymentIssueRecord))
    async def payment_issues(
        self, info: Info, first: FirstArg = None, after: AfterArg = None
    ) -> Connection[PaymentIssueRecord]:
        return await page_of(info.context, PaymentIssueRecord, self.row_id, first, after)

    @resolver("Its support requests, the newest first.", needs=(), check=check_of(TicketRecord))
    async def tickets(self, info: Info, first: FirstArg = None, after: AfterArg = None) -> Connection[TicketRecord]:
        return await page_of(info.context, TicketRecord, self.row_id, first, after)

    @resolver("Its answers to surveys, the newest first.", needs=(), check=check_of(SurveyResponseRecord))
    async def survey_responses(
        self, info: Info, first: FirstArg = None, after: AfterArg = None
    ) -> Connection[SurveyResponseRecord]:
        return await page_of(info.context, SurveyResponseRecord, self.row_id, first, after)

    @resolver(
        "What its users did with the product, a row a user, feature and day, the newest first.",
        needs=(),
        check=check_of(UsageDayRecord),
    )
    async def usage(self, info: Info, first: FirstArg = None, after: AfterArg = None) -> Connection[UsageDayRecord]:
        return await page_of(info.context, UsageDayRecord, self.row_id, first, after)

    @resolver("Its deals, the newest first.", needs=(), check=check_of(OpportunityRecord))
    async def opportunities(self, info: Info, first: FirstArg = None, after: AfterArg = None) -> Connection[OpportunityRecord]:
        return await page_of(info.context, OpportunityRecord, self.row_id, first, after)

    @resolver("How its deals were changed, the newest first.", needs=(), check=check_of(OpportunityChangeRecord))
    async def opportunity_changes(
        self, info: Info, first: FirstArg = None, after: AfterArg = None
    ) -> Connection[OpportunityChangeRecord]:
        return await page_of(info.context, OpportunityChangeRecord, self.row_id, first, after)

    @resolver("What our people and theirs did together, the newest first.", needs=(), check=check_of(ActivityRecord))
    async def activities(self, info: Info, first: FirstArg = None, after: AfterArg = None) -> Connection[ActivityRecord]:
        return await page_of(info.context, ActivityRecord, self.row_id, first, after)
