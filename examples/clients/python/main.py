"""The portfolio, the page of the account that scores worst, why its score moved, and a person's word on it."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

from accountpulse_client import AccountBy, OverrideScoreInput
from connecting import from_environment


async def main() -> None:
    async with from_environment() as client:
        portfolio = (await client.portfolio()).portfolio
        print(f"{portfolio.accounts} accounts on {portfolio.day}")
        for group in portfolio.groups:
            print(f"  {', '.join(key.value or 'none' for key in group.keys)}: {group.accounts} ({group.share:.0%})")

        account = next(iter((await client.account_page()).accounts.nodes), None)
        if account is None or account.score is None:
            raise SystemExit("no account has a score yet: run accountpulse score")
        print(f"{account.name}: {account.score.value:.1f}, {account.score.band}")
        for component in account.score.components:
            print(f"  {component.reason}")

        print((await client.why(AccountBy(id=account.id))).explain_change.summary)

        wanted = OverrideScoreInput(
            account=AccountBy(id=account.id),
            score=2 if account.score.value == 1 else 1,
            reason="they told us that they leave",
            until=datetime.now(UTC) + timedelta(days=1),
            expected_revision=account.revision,
            idempotency_key=str(uuid.uuid4()),
        )
        done = (await client.override(wanted)).override_score
        for error in done.user_errors:
            raise SystemExit(f"{'.'.join(error.field)}: {error.message}")
        # As after an answer that was lost on its way: with the same key nothing is done twice.
        again = (await client.override(wanted)).override_score
        once = done.account is not None and again.account is not None and again.account.revision == done.account.revision
        print(f"overridden once: {str(once).lower()}")


if __name__ == "__main__":
    asyncio.run(main())
