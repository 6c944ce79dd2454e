"""Which accounts somebody may see, in GraphQL."""

from __future__ import annotations

import strawberry

from accountpulse.core.store.scope import RowScope

_OWNERS = "The owners whose accounts they are, as accounts name them"
_SEGMENTS = "The names of the segments that the accounts are in now"
_REGIONS = "The regions of the accounts, as accounts name them"


@strawberry.type(description="The accounts that may be seen, whatever is asked for: those that are in all that is named here.")
class VisibleRows:
    owners: list[str] | None = strawberry.field(description=f"{_OWNERS}; null for all.")
    segments: list[str] | None = strawberry.field(description=f"{_SEGMENTS}; null for all.")
    regions: list[str] | None = strawberry.field(description=f"{_REGIONS}; null for all.")

    @staticmethod
    def of(scope: RowScope) -> VisibleRows:
        """From what the store enforces."""
        named = scope.to_json()
        return VisibleRows(owners=named.get("owners"), segments=named.get("segments"), regions=named.get("regions"))


@strawberry.input(description="The accounts that may be seen. What is left out is not limited further than the asker is.")
class VisibleRowsInput:
    owners: list[str] | None = strawberry.field(default=strawberry.UNSET, description=f"{_OWNERS}.")
    segments: list[str] | None = strawberry.field(default=strawberry.UNSET, description=f"{_SEGMENTS}.")
    regions: list[str] | None = strawberry.field(default=strawberry.UNSET, description=f"{_REGIONS}.")

    def within(self, asker: RowScope) -> RowScope:
        """What it names, and of the rest what the asker may see."""

        def chosen(named: list[str] | None, may: frozenset[str] | None) -> frozenset[str] | None:
            return may if named is None or named is strawberry.UNSET else frozenset(named)

        return RowScope(
            owners=chosen(self.owners, asker.owners),
            segments=chosen(self.segments, asker.segments),
            regions=chosen(self.regions, asker.regions),
        )
