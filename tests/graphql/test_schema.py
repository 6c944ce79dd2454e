"""The schema: every part described in words, the committed text up to date, enums that match the core, plugins merged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest
import strawberry
from tests.graphql.client import Api
from tests.graphql.world import SmallHub

from accountpulse.core.errors import PluginError
from accountpulse.core.identity.resolve import Method
from accountpulse.core.metrics.declare import Better as CoreBetter
from accountpulse.core.metrics.declare import Group
from accountpulse.core.metrics.states import ComponentState as State
from accountpulse.core.store.scores_read import Basis
from accountpulse.core.sync.results import RecordedEnd
from accountpulse.graphql import sdl
from accountpulse.graphql.accounts.inputs import _KINDS, AccountFilter, AccountOrderField
from accountpulse.graphql.accounts.types import LinkMethod
from accountpulse.graphql.connections.types import ConnectionState, RunState
from accountpulse.graphql.fields import resolver
from accountpulse.graphql.models.types import Better, MetricGroup
from accountpulse.graphql.schema import build_schema
from accountpulse.graphql.scores.types import ComponentState, HistoryBasis
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
)


def test_the_committed_schema_is_up_to_date() -> None:
    assert sdl.COMMITTED.read_text(encoding="utf-8") == sdl.export(), (
        "the schema changed; look at the difference, and refresh it with:\n"
        "python -m accountpulse schema export --output src/accountpulse/graphql/schema.graphql"
    )


def _undescribed(named: GraphQLNamedType) -> Iterator[str]:
    if not named.description:
        yield named.name
    if isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in named.fields.items():
            if not field.description:
                yield f"{named.name}.{name}"
            yield from (f"{named.name}.{name}({a}:)" for a, argument in field.args.items() if not argument.description)
    elif isinstance(named, GraphQLInputObjectType):
        yield from (f"{named.name}.{name}" for name, field in named.fields.items() if not field.description)
    elif isinstance(named, GraphQLEnumType):
        yield from (f"{named.name}.{name}" for name, value in named.values.items() if not value.description)


def test_everything_is_described_in_words() -> None:
    types = build_schema()._schema.type_map
    missing = [what for name, named in types.items() if not name.startswith("__") for what in _undescribed(named)]
    assert missing == []


def test_enums_know_what_the_core_knows() -> None:
    assert {s.value for s in ComponentState} == {s.label for s in State}
    assert {b.value for b in HistoryBasis} == set(get_args(Basis))
    assert {m.value for m in LinkMethod} == {*get_args(Method), "name"}
    assert {g.value for g in MetricGroup} == set(get_args(Group))
    assert {b.value for b in Better} == set(get_args(CoreBetter))
    assert {r.value for r in RunState} == {*get_args(RecordedEnd), "running"}
    assert {c.value for c in ConnectionState} == {*get_args(RecordedEnd), "new"}


def test_every_order_has_a_cursor_and_every_filter_a_column() -> None:
    from accountpulse.core.store.accounts import COLUMNS

    assert {f.value for f in AccountOrderField} == set(_KINDS) <= set(COLUMNS)
    fields = {f.python_name for f in AccountFilter.__strawberry_definition__.fields}  # type: ignore[attr-defined]
    assert fields - {"and_", "or_", "not_"} <= set(COLUMNS)


@strawberry.type
class Weather:
    @resolver("Whether it rains.")
    def rain(self) -> bool:
        return True


@strawberry.type
class Greedy:
    @resolver("Not the accounts.")
    def accounts(self) -> int:
        return 0


def test_a_plugins_fields_are_merged_into_query(local_api: Api) -> None:
    api = Api(SmallHub(local_api.hub.store, graphql_types=(Weather,)))
    assert api.get("{ rain viewer { name } }") == {"rain": True, "viewer": {"name": "tests"}}
    assert "rain: Boolean!" in sdl.export((Weather,))


@pytest.mark.parametrize(
    ("plugin_type", "message"), [(Greedy, "has a field 'accounts' already"), (int, "is not a Strawberry type")]
)
def test_a_plugin_cannot_take_a_field_that_exists(plugin_type: type, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        build_schema((plugin_type,))
