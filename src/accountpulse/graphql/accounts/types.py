"""Accounts in GraphQL."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
import strawberry
from strawberry.scalars import JSON

from accountpulse.core.store.accounts import ALL
from accountpulse.core.store.types import EPOCH
from accountpulse.graphql.connections.types import SourceConnection
from accountpulse.graphql.context import Context, Info
from accountpulse.graphql.execution.projection import columns
from accountpulse.graphql.fields import choice, column, resolver
from accountpulse.graphql.people.types import PeopleInput
from accountpulse.graphql.records.features import WINDOW, AccountFeature, DaysArg, FeaturesArg, check_window, features_of
from accountpulse.graphql.records.of_account import AccountRecords
from accountpulse.graphql.relay import LISTED, ListedArg, Node, global_id, listed
from accountpulse.graphql.scalars import BigInt, Money
from accountpulse.graphql.scores.buckets import HistoryStep, ScoreBucket, StartArg, StepArg, check_steps, score_buckets
from accountpulse.graphql.scores.queries import MAX_POINTS, check_points, score_history
from accountpulse.graphql.scores.types import BasisArg, FromArg, HistoryBasis, PointsArg, Score, ScoreHistory, ToArg


@strawberry.enum(description="What says that a source account and an account are the same.")
class LinkMethod(Enum):
    ANCHOR = choice("anchor", "The source account founded the account.")
    MANUAL = choice("manual", "A person linked it.")
    REFERENCE = choice("reference", "One system holds the other's id.")
    PLUGIN = choice("plugin", "A plugin's rule decided.")
    DOMAIN = choice("domain", "Both use the same web domain.")
    EMAIL = choice("email", "Both know the same contact.")
    NAME = choice("name", "Both are called the same: a suggestion, never enough to link.")


@strawberry.type(description="A source account that belongs to an account, and why.")
class AccountLink:
    key: str = strawberry.field(description="The source's own key of the account.")
    connection_name: str = strawberry.field(description="The name of the connection it comes from.")
    method: LinkMethod = strawberry.field(description="What says that they are the same.")
    evidence: str = strawberry.field(description="The evidence, in words.")
    since: datetime | None = strawberry.field(
        description="Since when the link has held; null where it was the source account's first, and so holds for all time."
    )
    connection_id: strawberry.Private[int]

    @resolver("The connection it comes from.")
    async def connection(self, info: Info) -> SourceConnection | None:
        row = await info.context.loaders.connection.load(self.connection_id)
        return None if row is None else SourceConnection.of(row, info.context)


@strawberry.type(description="Which connection an attribute's value comes from.")
class Origin:
    field: str = strawberry.field(description="The attribute, such as plan or owner.")
    connection: str = strawberry.field(description="The connection's name.")


@strawberry.type(description="A customer. What is known of it is merged from the source accounts linked to it.")
class Account(PeopleInput, AccountRecords, Node):
    """Reads a row of `core.store.accounts`."""

    name: str = column("name", "Its name.")
    domain: str | None = column("domain", "Its web domain.")
    owner: str | None = column("owner", "Name or e-mail of the person responsible in our company.")
    plan: str | None = column("plan", "The plan it is on, in the source's words.")
    industry: str | None = column("industry", "Its industry, in the source's words.")
    region: str | None = column("region", "Its region, in the source's words.")
    employees: int | None = column("employees", "Its head count.")
    lifecycle_stage: str | None = column("lifecycle_stage", "Its lifecycle stage, in the source's words.")
    customer_since: datetime | None = column("customer_since", "The first day as a paying customer.")
    renewal_at: datetime | None = column("renewal_at", "The next contract renewal.")
    churned_at: datetime | None = column("churned_at", "The end of the last contract; null for a customer.")
    custom: JSON = column("custom", "Further attributes by name, as the sources call them.")
    row: strawberry.Private[Any]
    context: strawberry.Private[Context]

    @resolver(
        "Monthly recurring revenue in the store's reporting currency; null where no source tells it.",
        needs=("mrr",),
    )
    def mrr(self) -> Money | None:
        amount = self.row.mrr
        return None if amount is None else Money(amount=BigInt(amount), currency=self.context.hub.currency)

    @resolver("Which connection each attribute's value comes from.", needs=("origins",), check=listed)
    def origins(self, first: ListedArg = LISTED) -> list[Origin]:
        named = sorted(self.row.origins.items())[: listed(first)]
        return [Origin(field=field, connection=str(name)) for field, name in named]

    @resolver("Its score now; null until it has been scored for the first time.", needs=("score",), within=True)
    def score(self) -> Score | None:
        if self.row.score is None:
            return None
        return Score(row=self.row, context=self.context)

    @resolver("The account it belongs to, such as a holding; null where there is none.", needs=("parent_account_id",))
    async def parent(self, info: Info) -> Account | None:
        return await account_of(info, self.row.parent_account_id)

    @resolver("The source accounts it is made of, the most believed first.", needs=(), check=listed)
    async def links(self, info: Info, first: ListedArg = LISTED) -> list[AccountLink]:
        return [
            AccountLink(
                key=row.key,
                connection_name=row.connection,
                connection_id=row.connection_id,
                method=LinkMethod(row.method),
                evidence=row.evidence,
                since=None if row.known_from == EPOCH else row.known_from,
            )
            for row in (await info.context.loaders.links.load(self.row_id))[: listed(first)]
        ]

    @resolver(
        "How its score went: a point where the score moved by a point, or the band, model or segment changed. "
        "`from` and `to` on one day give the score in force then.",
        needs=(),
        check=check_points,
    )
    async def history(
        self,
        info: Info,
        from_: FromArg,
        to: ToArg = None,
        basis: BasisArg = HistoryBasis.BEST,
        first: PointsArg = MAX_POINTS,
    ) -> ScoreHistory:
        return await score_history(info, self.row_id, from_, to, basis, first)

    @resolver(
        "How its score went, in even steps: what a chart shows. Steps without a day that had a score are left out.",
        needs=(),
        check=check_steps,
    )
    async def history_buckets(
        self,
        info: Info,
        every: StepArg = HistoryStep.WEEK,
        from_: StartArg = None,
        to: ToArg = None,
        basis: BasisArg = HistoryBasis.BEST,
    ) -> list[ScoreBucket]:
        return await score_buckets(info.context, self.row_id, from_, to, every, basis)

    @resolver("The features that it used, or used before and no longer, the most used first.", needs=(), check=check_window)
    async def features(self, info: Info, days: DaysArg = WINDOW, first: FeaturesArg = 20) -> list[AccountFeature]:
        return await features_of(info.context, self.row_id, days, first)

    @staticmethod
    def of(row: sa.Row[Any], context: Context) -> Account:
        """From a row of `core.store.accounts`."""
        return Account(id=global_id("Account", row.account_id), row_id=row.account_id, row=row, context=context)


async def account_of(info: Info, id: int | None) -> Account | None:
    """The account of an id, with the columns that the field being resolved needs; None where there is none."""
    if id is None:
        return None
    found = await info.context.loaders.account.load((id, columns(info, "Account", everything=ALL)))
    return None if found is None else Account.of(found, info.context)


@strawberry.type(description="An account that a source account might belong to.")
class Candidate:
    name: str | None = strawberry.field(description="What the account was called when it was suggested.")
    method: LinkMethod = strawberry.field(description="What speaks for it.")
    evidence: str = strawberry.field(description="The evidence, in words.")
    account_id: strawberry.Private[int]

    @resolver("The account.")
    async def account(self, info: Info) -> Account | None:
        return await account_of(info, self.account_id)


@strawberry.type(description="A source account that no rule could place. Its facts count for no account until it is linked.")
class UnlinkedAccount(Node):
    key: str = strawberry.field(description="The source's own key.")
    name: str | None = strawberry.field(description="What the source calls it; null where it only mentions the key.")
    domains: list[str] = strawberry.field(description="The web domains that the source gives it.")
    connection_name: str = strawberry.field(description="The name of the connection it comes from.")
    reason: str = strawberry.field(description="Why no rule could place it.")
    first_known_at: datetime = strawberry.field(description="When we first heard of it.")
    suggested: strawberry.Private[list[dict[str, Any]]]

    @resolver("The accounts that come into question.", check=listed)
    def candidates(self, first: ListedArg = 20) -> list[Candidate]:
        return [
            Candidate(
                account_id=candidate["account_id"],
                name=candidate["name"],
                method=LinkMethod(candidate["method"]),
                evidence=candidate["evidence"],
            )
            for candidate in self.suggested[: listed(first)]
        ]

    @staticmethod
    def of(row: sa.Row[Any]) -> UnlinkedAccount:
        """From a row of `accounts.unlinked_page`."""
        return UnlinkedAccount(
            id=global_id("UnlinkedAccount", row.source_account_id),
            key=row.key,
            name=row.name,
            domains=list(row.domains or ()),
            connection_name=row.connection,
            reason=row.reason,
            first_known_at=row.first_known_at,
            suggested=row.candidates,
        )
