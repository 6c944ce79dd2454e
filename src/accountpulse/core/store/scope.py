"""Which accounts somebody may see: enforced where the store selects rows of accounts, so that no way of asking goes around it.

Every function of the store that reads accounts for somebody takes a `RowScope`, and has no default for it: whoever asks for all
says `EVERYTHING`. An account outside the scope is one that does not exist: the same rows, the same errors, the same statements.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import sqlalchemy as sa

from accountpulse.core.store.tables import account_profile, score_current, segment

Dimension = Literal["owners", "segments", "regions"]

# Names of their own: a query that reads the same tables must not take these for its own rows.
_a, _s, _g = account_profile.alias("scope_account"), score_current.alias("scope_score"), segment.alias("scope_segment")


@dataclass(frozen=True, slots=True)
class RowScope:
    """Accounts of some owners, segments and regions, each as the accounts are now; None does not limit, an empty set lets none.

    Values are compared as they are written, upper and lower case included. An account without an owner (segment, region) is
    in no scope that names owners (segments, regions).
    """

    owners: frozenset[str] | None = None
    segments: frozenset[str] | None = None
    regions: frozenset[str] | None = None

    @property
    def everything(self) -> bool:
        """Whether every account is in it."""
        return self.owners is None and self.segments is None and self.regions is None

    def within(self, other: RowScope) -> bool:
        """Whether, by what the two name, nothing is in this one that is not in the other."""
        return all(
            theirs is None or (ours is not None and ours <= theirs)
            for ours, theirs in ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        )

    def holds(self, account_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """The condition that an account is in it. account_id: the column, or the value, that says which account."""
        if self.everything:
            return sa.true()
        seen = sa.select(_a.c.account_id)
        if self.owners is not None:
            seen = seen.where(_a.c.owner.in_(sorted(self.owners)))
        if self.regions is not None:
            seen = seen.where(_a.c.region.in_(sorted(self.regions)))
        if self.segments is not None:
            seen = seen.join(_s, _s.c.account_id == _a.c.account_id).join(_g, _g.c.id == _s.c.segment_id)
            seen = seen.where(_g.c.name.in_(sorted(self.segments)))
        return account_id.in_(seen)

    def limit(self, query: sa.Select[Any], account_id: sa.ColumnElement[Any]) -> sa.Select[Any]:
        """The rows of a query that are of accounts in it; the query itself where that is all of them."""
        return query if self.everything else query.where(self.holds(account_id))

    def to_json(self) -> dict[str, list[str]]:
        """What it names, as `of_json` reads it; empty for everything."""
        named = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: sorted(values) for name, values in named if values is not None}

    @staticmethod
    def of_json(named: Mapping[str, Collection[str]] | None) -> RowScope:
        """From what `to_json` gave. Raises TypeError for anything else: what can't be read must not let everything be seen."""
        return RowScope(**{name: frozenset(values) for name, values in (named or {}).items()})


EVERYTHING = RowScope()
"""All accounts: what the command line, the jobs and an unlimited token see."""
