"""All loaders of one request, composed from the domains. They live as long as the request: nothing leaks to another viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accountpulse.graphql.accounts.loaders import AccountLoaders
from accountpulse.graphql.connections.loaders import ConnectionLoaders
from accountpulse.graphql.models.loaders import ModelLoaders
from accountpulse.graphql.people.loaders import PeopleLoaders
from accountpulse.graphql.records.loaders import RecordLoaders
from accountpulse.graphql.scores.loaders import ScoreLoaders

if TYPE_CHECKING:
    from accountpulse.graphql.context import Context


class Loaders(AccountLoaders, ScoreLoaders, ModelLoaders, ConnectionLoaders, PeopleLoaders, RecordLoaders):
    """Every loader, by name."""

    def __init__(self, context: Context) -> None:
        AccountLoaders.__init__(self, context)
        ScoreLoaders.__init__(self, context)
        ModelLoaders.__init__(self, context)
        ConnectionLoaders.__init__(self, context)
        PeopleLoaders.__init__(self, context)
        RecordLoaders.__init__(self, context)
